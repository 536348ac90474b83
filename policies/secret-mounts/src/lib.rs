//! Built-in policy secret-mounts: gives rqlite its users, certificates and backup files from Secrets, where a set asks for it,
//! and evaluates how credential files reach rqlited. Never sees what a Secret holds.
//!
//! ```text
//! annotations, settings ─ credential_request ─┐              ┌─ mount_plan ── mutation   (mutating: flag, volume, mount, probes)
//! flags, mounts ───────── flag_state ─────────┼─ rule_input ─┤
//! replicas, pods, voters ─ start_window ──────┘              └─ rule ── node_tls_steps   (validating: what came out)
//! ```

pub mod annotation_value;
pub mod credential_kind;
pub mod credential_request;
pub mod flag_state;
pub mod identity;
pub mod injectors;
pub mod launch_probe;
pub mod mount_plan;
pub mod mutation;
pub mod name;
pub mod node_tls_steps;
pub mod obstacle;
pub mod rule;
pub mod rule_input;
pub mod settings;
pub mod settings_check;
pub mod start_window;
pub mod words;

use kubernetes::admission::Phase;
use kubernetes::request::Resource;
use quorate_sdk::policy::Requests;
use quorate_sdk::{Finding, Operation, Policy, PolicyResult, Review, Rule, SetDocument, SettingsError, Subject};

use crate::identity::POLICY;
use crate::mutation::Mutation;
use crate::rule_input::RuleInput;
use crate::settings::Settings;

/// The policy.
#[derive(Debug)]
pub struct SecretMounts;

impl Policy for SecretMounts {
    type Settings = Settings;
    const SETTINGS_SCHEMA: &'static str = include_str!("../settings.schema.json");

    const NAME: &'static str = POLICY;
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives rqlite its users, certificates and backup files from Secrets.";
    const PHASES: &'static [Phase] = &[Phase::Mutate, Phase::Validate];
    const RULES: &'static [Rule] = rule::ALL;

    fn requests() -> Vec<Requests> {
        vec![Requests { resource: Resource::STATEFUL_SETS, operations: &[Operation::Create, Operation::Update] }]
    }

    fn check(settings: &Settings) -> Vec<SettingsError> {
        settings_check::errors(settings)
    }

    fn mutate(review: &Review, settings: &Settings) -> PolicyResult {
        let Some((old, new)) = changed(review) else { return PolicyResult::default() };
        PolicyResult { findings: Vec::new(), patch: Mutation::of(review, old, new, settings).patch }
    }

    fn validate(review: &Review, settings: &Settings) -> Vec<Finding> {
        let Some((old, new)) = changed(review) else { return Vec::new() };
        let input = RuleInput::of(review, old, new, settings);
        let mut findings = input.iter().flat_map(rule::evaluate).collect::<Vec<_>>();
        let before = old.map(|old| &old.set.metadata);
        findings.extend(rule::unknown_annotation::evaluate(before, &new.set.metadata, review.facts.now.as_deref()));
        findings
    }
}

/// A StatefulSet that is created, or updated in what counts.
fn changed(review: &Review) -> Option<(Option<&SetDocument>, &SetDocument)> {
    match &review.subject {
        Subject::Set { old, new: Some(new) } if !review.unchanged() => Some((old.as_ref(), new)),
        Subject::Set { .. }
        | Subject::Scale { .. }
        | Subject::Eviction { .. }
        | Subject::Autoscaler { .. }
        | Subject::DependencyDeletion { .. }
        | Subject::Other => None,
    }
}

quorate_sdk::export_policy!(SecretMounts: mutator, validator);
