//! What a policy is, and the three exported functions in terms of it. The same functions serve the component and the native cases.

use kubernetes::request::Resource;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::bindings::quorate::policy::types::{
    Description, Documents, Envelope, MatchRule, Operation, Phase, Projections, SettingsError, Verdict,
};
use crate::finding::{Finding, Rule};
use crate::review::{PROJECTIONS, Review, parent_projections};
use crate::settings;

/// What a policy makes of one review.
#[derive(Debug, Default)]
pub struct PolicyResult {
    pub findings: Vec<Finding>,
    /// RFC 6902 operations, JSON text of the array; None for no change. Only heeded when mutating.
    pub patch: Option<String>,
}

/// A policy. `mutate` and `validate` are functions of the review and the settings alone.
pub trait Policy {
    /// The keys that stand under `settings`, all with defaults. The same keys may stand under `settings.namespaces.<namespace>`.
    type Settings: DeserializeOwned + JsonSchema + Default;

    /// kebab-case, the thing protected.
    const NAME: &'static str;
    const VERSION: &'static str;
    const SUMMARY: &'static str;
    const PHASES: &'static [Phase];
    const RULES: &'static [Rule];

    /// The requests that it wants to see; projections are the SDK's.
    fn requests() -> Vec<Requests>;

    /// What the settings' schema cannot say. Paths are JSON pointers.
    fn check(_settings: &Self::Settings) -> Vec<SettingsError> {
        Vec::new()
    }

    /// Patches and warns.
    fn mutate(_review: &Review, _settings: &Self::Settings) -> PolicyResult {
        PolicyResult::default()
    }

    /// Evaluates what came out of all mutation.
    fn validate(review: &Review, settings: &Self::Settings) -> Vec<Finding>;
}

/// Requests of one resource.
#[derive(Debug, Clone)]
pub struct Requests {
    pub resource: Resource,
    pub operations: &'static [Operation],
}

/// `describe` of the contract.
pub fn describe<P: Policy>() -> Description {
    Description {
        name: P::NAME.to_owned(),
        version: P::VERSION.to_owned(),
        summary: P::SUMMARY.to_owned(),
        phases: P::PHASES.to_vec(),
        settings_schema: settings::schema::<P::Settings>(),
        capabilities: vec!["rqlite".to_owned()],
        rules: P::RULES.iter().map(Rule::info).collect(),
        matches: P::requests().iter().map(match_rule).collect(),
    }
}

fn match_rule(requests: &Requests) -> MatchRule {
    let owned = |pointers: &[&str]| pointers.iter().map(|pointer| (*pointer).to_owned()).collect();
    let Resource { group, plural, sub_resource, .. } = requests.resource;
    let parent = parent_projections(requests.resource.kind());
    MatchRule {
        groups: vec![group.to_owned()],
        resources: vec![plural.to_owned()],
        sub_resources: sub_resource.iter().map(|name| (*name).to_owned()).collect(),
        operations: requests.operations.to_vec(),
        projections: Projections {
            object: owned(&PROJECTIONS),
            old_object: owned(&PROJECTIONS),
            parent: owned(parent),
        },
        conditions: Vec::new(),
    }
}

/// `check-settings` of the contract: the base settings, and those of every namespace.
pub fn check_settings<P: Policy>(text: &str) -> Vec<SettingsError> {
    settings::check::<P::Settings>(text, P::check)
}

/// `review` of the contract, with the facts (JSON text, version 1) that the host gives.
pub fn review<P: Policy>(envelope: Envelope, documents: Documents, settings: &str, facts: &str) -> Verdict {
    let phase = envelope.phase;
    let outcome = evaluate::<P>(phase, envelope, documents, settings, facts);
    Verdict {
        findings: outcome.findings.into_iter().map(Finding::into_wire).collect(),
        patch: outcome.patch,
        audit: Vec::new(),
    }
}

fn evaluate<P: Policy>(
    phase: Phase,
    envelope: Envelope,
    documents: Documents,
    settings: &str,
    facts: &str,
) -> PolicyResult {
    let settings = match settings::effective::<P::Settings>(settings, envelope.namespace.as_deref()) {
        Ok(settings) => settings,
        Err(error) => return not_judged(format!("settings{}: {}", error.path, error.message), ""),
    };
    let review = match Review::decode(envelope, documents, facts) {
        Ok(review) => review,
        Err(error) => return not_judged(error.to_string(), &error.field),
    };
    match phase {
        Phase::Mutate => P::mutate(&review, &settings),
        Phase::Validate => PolicyResult { findings: P::validate(&review, &settings), patch: None },
    }
}

fn not_judged(message: String, field: &str) -> PolicyResult {
    PolicyResult { findings: vec![Finding::not_judged(message).field(field)], patch: None }
}
