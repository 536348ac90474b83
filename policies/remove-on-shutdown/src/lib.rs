//! Built-in policy remove-on-shutdown: gives rqlite nodes `-raft-cluster-remove-shutdown=true` where a node that removed itself
//! comes back by itself, and says why not elsewhere. Never evaluates what an author wrote: only what it put in is guarded.
//!
//! ```text
//! StatefulSet, settings ── flag_request (obstacle) ── decision ─┬─ mutating:   patch; rule/not_injected, injected, pending
//!                                                      └─ validating: rule/injection_lost
//! ```
//!
//! Every warning is given when mutating, and none again when validating: both phases reach the same user.

mod decision;
mod flag_request;
mod identity;
mod identity_change;
mod obstacle;
mod remedy;
mod rule;
mod settings;

use kubernetes::admission::Phase;
use kubernetes::request::Resource;
use quorate_sdk::policy::Requests;
use quorate_sdk::{Finding, Operation, Policy, PolicyResult, Review, Rule};

use crate::decision::Decision;
use crate::rule::{injected, injection_lost, not_injected, pending};
pub use crate::settings::{PersistentVoters, Settings};

/// The policy.
pub struct RemoveOnShutdown;

impl Policy for RemoveOnShutdown {
    type Settings = Settings;
    const SETTINGS_SCHEMA: &'static str = include_str!("../settings.schema.json");

    const NAME: &'static str = identity::POLICY;
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Injects -raft-cluster-remove-shutdown=true where a node that removed itself comes back by itself";
    const PHASES: &'static [Phase] = &[Phase::Mutate, Phase::Validate];
    const RULES: &'static [Rule] = rule::ALL;

    fn requests() -> Vec<Requests> {
        vec![Requests { resource: Resource::STATEFUL_SETS, operations: &[Operation::Create, Operation::Update] }]
    }

    fn mutate(review: &Review, settings: &Settings) -> PolicyResult {
        let Some(decision) = Decision::of(review, *settings) else { return PolicyResult::default() };
        let mut findings = injected::evaluate(&decision);
        findings.extend(not_injected::evaluate(&decision));
        findings.extend(pending::evaluate(&decision));
        PolicyResult { findings, patch: decision.into_patch() }
    }

    fn validate(review: &Review, settings: &Settings) -> Vec<Finding> {
        Decision::of(review, *settings).iter().flat_map(injection_lost::evaluate).collect()
    }
}

quorate_sdk::export_policy!(RemoveOnShutdown: mutator, validator);
