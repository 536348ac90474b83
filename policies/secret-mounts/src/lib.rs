//! Built-in policy secret-mounts: gives rqlite its users, certificates and backup files from Secrets, where a set asks for it,
//! and judges how credential files reach rqlited. Never sees what a Secret holds.
//!
//! ```text
//! annotations, settings ── ask ──┐             ┌─ plan ── mutation     (mutating: flag, volume, mount, probes)
//! flags, mounts ── standing ─────┼─ situation ─┤
//! replicas, pods, voters ─ moment┘             └─ rule ── way          (validating: what came out)
//! ```

pub mod annotation_value;
pub mod ask;
pub mod identity;
pub mod injectors;
pub mod moment;
pub mod mutation;
pub mod name;
pub mod obstacle;
pub mod plan;
pub mod rule;
pub mod settings;
pub mod settings_check;
pub mod situation;
pub mod standing;
pub mod topic;
pub mod trial;
pub mod way;
pub mod words;

use kubernetes::request::Resource;
use quorate_sdk::policy::Requests;
use quorate_sdk::{Finding, Operation, Outcome, Phase, Policy, Review, Rule, SetDocument, SettingsError, Subject};

use crate::identity::POLICY;
use crate::mutation::Mutation;
use crate::settings::Settings;
use crate::situation::Situation;

/// The policy.
#[derive(Debug)]
pub struct SecretMounts;

impl Policy for SecretMounts {
    type Settings = Settings;

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

    fn mutate(review: &Review, settings: &Settings) -> Outcome {
        let Some((old, new)) = changed(review) else { return Outcome::default() };
        Outcome { findings: Vec::new(), patch: Mutation::of(review, old, new, settings).patch }
    }

    fn validate(review: &Review, settings: &Settings) -> Vec<Finding> {
        let Some((old, new)) = changed(review) else { return Vec::new() };
        let situation = Situation::of(review, old, new, settings);
        let mut findings = situation.iter().flat_map(rule::judge).collect::<Vec<_>>();
        let before = old.map(|old| &old.set.metadata);
        findings.extend(rule::unknown_annotation::judge(before, &new.set.metadata, review.facts.now.as_deref()));
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
        | Subject::Needed { .. }
        | Subject::Other => None,
    }
}

quorate_sdk::export_policy!(SecretMounts);
