//! One request with all that its verdict rests on: the AdmissionReview, the object behind it, facts, settings.
//! Builds the reviews that an API server would send; judges nothing.

use std::collections::BTreeMap;

use kubernetes::list;
use kubernetes::related::{Reason, Related};
use quorate_fixtures::review;
use serde_json::{Value, json};

/// A request and its surroundings.
#[derive(Debug, Clone)]
pub struct EvaluationInput {
    /// A whole AdmissionReview.
    pub review: Value,
    /// The StatefulSet behind a sub-resource.
    pub related: Related<Value>,
    /// Facts, version 1.
    pub facts: Value,
    /// Settings by policy; absent are the defaults.
    pub settings: BTreeMap<&'static str, Value>,
    /// False: the mutating webhook was not reached.
    pub mutates: bool,
}

impl EvaluationInput {
    /// By default settings, mutated.
    pub fn new(review: Value, related: Related<Value>, facts: Value) -> Self {
        EvaluationInput { review, related, facts, settings: BTreeMap::new(), mutates: true }
    }

    pub fn create(set: &Value, facts: &Value) -> Self {
        Self::new(review::of_change(None, Some(set)), NOTHING_BEHIND, facts.clone())
    }

    pub fn update(old: &Value, new: &Value, facts: &Value) -> Self {
        Self::new(review::of_change(Some(old), Some(new)), NOTHING_BEHIND, facts.clone())
    }

    pub fn delete(set: &Value, facts: &Value) -> Self {
        Self::new(review::of_change(Some(set), None), NOTHING_BEHIND, facts.clone())
    }

    /// `statefulsets/scale` of that set, from the count that it has.
    pub fn scale(set: &Value, to: i64, facts: &Value) -> Self {
        let from = set["spec"]["replicas"].as_i64().unwrap_or(1);
        let review = review::scale(namespace(set), set["metadata"]["name"].as_str().unwrap_or_default(), from, to);
        Self::new(review, Related::Found(set.clone()), facts.clone())
    }

    /// `pods/eviction` of a pod of that set.
    pub fn evict(set: &Value, pod: &str, facts: &Value) -> Self {
        Self::new(review::eviction(namespace(set), pod), Related::Found(set.clone()), facts.clone())
    }

    /// The deletion of a claim that the set needs.
    pub fn delete_claim(set: &Value, claim: &str, facts: &Value) -> Self {
        let metadata = json!({ "name": claim, "namespace": namespace(set) });
        let claim = json!({ "kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": metadata });
        let dependents = serde_json::from_str(&list::stateful_sets([set.to_string().as_str()])).expect("a list");
        Self::new(review::of_change(Some(&claim), None), Related::Found(dependents), facts.clone())
    }

    #[must_use]
    pub fn with_facts(&self, facts: &Value) -> Self {
        EvaluationInput { facts: facts.clone(), ..self.clone() }
    }

    #[must_use]
    pub fn with_settings(mut self, policy: &'static str, settings: Value) -> Self {
        self.settings.insert(policy, settings);
        self
    }
}

const NOTHING_BEHIND: Related<Value> = Related::Unknown(Reason::NothingBehind);

/// As the review of a change to it says.
fn namespace(set: &Value) -> &str {
    set["metadata"]["namespace"].as_str().unwrap_or(review::NAMESPACE)
}
