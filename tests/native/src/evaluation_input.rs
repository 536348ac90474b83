//! One request with all that its verdict rests on: the AdmissionReview, the object behind it, facts, settings.
//! Builds the reviews that an API server would send; judges nothing.

use std::collections::BTreeMap;

use kubernetes::list;
use kubernetes::related::{Reason, Related};
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

    fn of(request: Value, related: Related<Value>, facts: &Value) -> Self {
        let review = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request });
        EvaluationInput::new(review, related, facts.clone())
    }

    pub fn create(set: &Value, facts: &Value) -> Self {
        Self::of(set_request("CREATE", None, Some(set)), NOTHING_BEHIND, facts)
    }

    pub fn update(old: &Value, new: &Value, facts: &Value) -> Self {
        Self::of(set_request("UPDATE", Some(old), Some(new)), NOTHING_BEHIND, facts)
    }

    pub fn delete(set: &Value, facts: &Value) -> Self {
        Self::of(set_request("DELETE", Some(set), None), NOTHING_BEHIND, facts)
    }

    /// `statefulsets/scale` of that set, from the count that it has.
    pub fn scale(set: &Value, to: i64, facts: &Value) -> Self {
        let from = set["spec"]["replicas"].as_i64().unwrap_or(1);
        let document = |count: i64| {
            // autoscaling/v1 omits zero.
            let spec = if count == 0 { json!({}) } else { json!({ "replicas": count }) };
            let status = json!({ "replicas": from, "selector": "app=x" });
            json!({ "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": named(set), "spec": spec, "status": status })
        };
        let mut request = set_request("UPDATE", Some(set), Some(set));
        request["kind"] = json!({ "group": "autoscaling", "version": "v1", "kind": "Scale" });
        request["subResource"] = json!("scale");
        request["object"] = document(to);
        request["oldObject"] = document(from);
        Self::of(request, Related::Found(set.clone()), facts)
    }

    /// `pods/eviction` of a pod of that set.
    pub fn evict(set: &Value, pod: &str, facts: &Value) -> Self {
        let metadata = json!({ "name": pod, "namespace": set["metadata"]["namespace"] });
        let request = json!({
            "uid": UID, "operation": "CREATE", "subResource": "eviction", "name": pod,
            "namespace": set["metadata"]["namespace"],
            "kind": { "group": "policy", "version": "v1", "kind": "Eviction" },
            "resource": { "group": "", "version": "v1", "resource": "pods" },
            "userInfo": { "username": "alice", "groups": ["system:authenticated"] },
            "object": { "kind": "Eviction", "apiVersion": "policy/v1", "metadata": metadata },
            "oldObject": null, "dryRun": false, "options": {},
        });
        Self::of(request, Related::Found(set.clone()), facts)
    }

    /// The deletion of a claim that the set needs.
    pub fn delete_claim(set: &Value, claim: &str, facts: &Value) -> Self {
        let namespace = &set["metadata"]["namespace"];
        let old = json!({ "kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": { "name": claim, "namespace": namespace } });
        let request = json!({
            "uid": UID, "operation": "DELETE", "name": claim, "namespace": namespace,
            "kind": { "group": "", "version": "v1", "kind": "PersistentVolumeClaim" },
            "resource": { "group": "", "version": "v1", "resource": "persistentvolumeclaims" },
            "userInfo": { "username": "alice", "groups": ["system:authenticated"] },
            "object": null, "oldObject": old, "dryRun": false, "options": {},
        });
        let dependents = serde_json::from_str(&list::stateful_sets([set.to_string().as_str()])).expect("a list");
        Self::of(request, Related::Found(dependents), facts)
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

const UID: &str = "7e1f4a52-0000-4000-8000-000000000003";

fn named(set: &Value) -> Value {
    json!({ "name": set["metadata"]["name"], "namespace": set["metadata"]["namespace"] })
}

fn set_request(operation: &str, old: Option<&Value>, new: Option<&Value>) -> Value {
    let either = new.or(old).expect("an object");
    json!({
        "uid": UID, "operation": operation,
        "name": either["metadata"]["name"], "namespace": either["metadata"]["namespace"],
        "kind": { "group": "apps", "version": "v1", "kind": "StatefulSet" },
        "resource": { "group": "apps", "version": "v1", "resource": "statefulsets" },
        "userInfo": { "username": "alice", "groups": ["system:authenticated"] },
        "object": new, "oldObject": old, "dryRun": false, "options": {},
    })
}
