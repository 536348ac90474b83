//! Built-in policy bootstrap-expect-lock: `-bootstrap-expect` fits the set when it is created, and stays what it was.
//! A thin shell: what rqlited is given is `expect_value`, what changes is `edit`, what may is in `rule/`.
//!
//! ```text
//! StatefulSet ── reading ── expect_value ──┬─ edit, single_node ─ rule/bootstrap_expect_changed, rule/bootstrap_expect_removed ── remedy
//!                                          └─ recreation ─ rule/bootstrap_expect_mismatch
//! ```

mod edit;
mod expect_value;
mod reading;
mod recreation;
mod remedy;
mod rule;
mod settings;
mod single_node;
mod words;

use kubernetes::admission::Phase;
use kubernetes::related::Related;
use kubernetes::request::Resource;
use quorate_sdk::policy::Requests;
use quorate_sdk::{AtPath, Finding, Operation, Policy, Review, Rule, SetDocument, Subject};

use crate::edit::SetUpdate;
use crate::rule::{bootstrap_expect_changed, bootstrap_expect_mismatch, bootstrap_expect_removed};
pub use crate::settings::Settings;

/// Locks `-bootstrap-expect` once the set exists.
pub struct BootstrapExpectLock;

impl Policy for BootstrapExpectLock {
    type Settings = Settings;
    const SETTINGS_SCHEMA: &'static str = include_str!("../settings.schema.json");

    const NAME: &'static str = "bootstrap-expect-lock";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "-bootstrap-expect fits the replicas at creation and is never edited after it";
    const PHASES: &'static [Phase] = &[Phase::Validate];
    const RULES: &'static [Rule] = rule::ALL;

    fn requests() -> Vec<Requests> {
        vec![
            Requests { resource: Resource::STATEFUL_SETS, operations: &[Operation::Create, Operation::Update] },
            Requests { resource: Resource::SCALES, operations: &[Operation::Update] },
        ]
    }

    fn validate(review: &Review, settings: &Settings) -> Vec<Finding> {
        if review.unchanged() {
            return Vec::new();
        }
        match &review.subject {
            Subject::Set { old: None, new: Some(new) } if edit::has_no_count(new) => Vec::new(),
            Subject::Set { old: None, new: Some(new) } => bootstrap_expect_mismatch::evaluate(new, &review.facts),
            Subject::Set { old: Some(old), new: Some(new) } => updated(old, new, review, settings),
            Subject::Scale { from: 0, to, parent: Related::Found(set) } => {
                let findings = bootstrap_expect_mismatch::evaluate_from_zero(set, i64::from(*to), &review.facts);
                findings.into_iter().map(|finding| finding.field("spec.replicas")).collect()
            }
            Subject::Set { new: None, .. }
            | Subject::Scale { .. }
            | Subject::Eviction { .. }
            | Subject::Autoscaler { .. }
            | Subject::DependencyDeletion { .. }
            | Subject::Other => Vec::new(),
        }
    }
}

fn updated(old: &SetDocument, new: &SetDocument, review: &Review, settings: &Settings) -> Vec<Finding> {
    let update = SetUpdate::between(old, new, review, settings);
    let rules = [bootstrap_expect_changed::evaluate, bootstrap_expect_removed::evaluate];
    let edits = update.edits.iter();
    let mut findings: Vec<Finding> =
        edits.flat_map(|edit| rules.iter().filter_map(|evaluate| evaluate(edit, &update))).collect();
    if edit::has_no_count(new) {
        return findings;
    }
    if update.becomes {
        findings.extend(bootstrap_expect_mismatch::evaluate_becoming(&update));
    } else if update.old_replicas == 0 {
        findings.extend(bootstrap_expect_mismatch::evaluate_from_zero(new, update.new_replicas, &review.facts));
    }
    findings
}

quorate_sdk::export_policy!(BootstrapExpectLock: validator);
