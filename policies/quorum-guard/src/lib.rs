//! Built-in policy quorum-guard: an rqlite cluster keeps its quorum and its data through scaling, rollouts, drains and deletions.
//! A thin shell: who votes and what a change does to them is `rqlite::scaling`, what of it may pass is in `rule/`.
//!
//! ```text
//! review ─ evaluate ┬─ transition ── rule/scale_*, rule/rollout_above_tolerance
//!                  ├─ rule/role_changed, rule/not_recognised, rule/cluster_deleted
//!                  └─ rule/eviction_below_quorum, rule/autoscaler_on_voters
//! ```

mod claimed_voters;
mod evaluate;
mod membership_source;
mod rule;
mod settings;
mod transition;
mod words;

use kubernetes::admission::Phase;
use kubernetes::request::Resource;
use quorate_sdk::policy::Requests;
use quorate_sdk::{Finding, Operation, Policy, Review, Rule};

pub use crate::settings::{Deletion, Settings};

/// Guards the quorum of rqlite sets.
pub struct QuorumGuard;

impl Policy for QuorumGuard {
    type Settings = Settings;
    const SETTINGS_SCHEMA: &'static str = include_str!("../settings.schema.json");

    const NAME: &'static str = "quorum-guard";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "an rqlite cluster keeps its quorum and its data through scaling, rollouts, drains and deletion";
    const PHASES: &'static [Phase] = &[Phase::Validate];
    const RULES: &'static [Rule] = rule::ALL;

    fn requests() -> Vec<Requests> {
        use Operation::{Create, Delete, Update};
        let on = |resource, operations| Requests { resource, operations };
        vec![
            on(Resource::STATEFUL_SETS, &[Create, Update, Delete]),
            on(Resource::SCALES, &[Update]),
            on(Resource::EVICTIONS, &[Create]),
            on(Resource::AUTOSCALERS, &[Create, Update]),
            on(Resource::NAMESPACES, &[Delete]),
            on(Resource::SERVICES, &[Delete]),
            on(Resource::CLAIMS, &[Delete]),
        ]
    }

    fn validate(review: &Review, settings: &Settings) -> Vec<Finding> {
        evaluate::evaluate(review, settings)
    }
}

quorate_sdk::export_policy!(QuorumGuard: validator);
