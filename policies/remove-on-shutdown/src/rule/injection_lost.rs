//! Refuses an update that comes out of mutation without what was injected before.
//! Does not evaluate what was never injected.

use quorate_sdk::injection::Item;
use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};

use crate::decision::Decision;
use crate::identity::TOKEN;

/// ## What it refuses
/// An update whose result lacks an injected item (the flag, or the grace period raised with it) that the old object's
/// annotation `quorate.dev/injected` lists and that is still asked for.
/// ## Why
/// The manifest from git knows nothing of what was injected, so every apply of it arrives without. When it is mutated, the
/// items are put back and the pod template stays what it is. If the mutating webhook was not reached, or a later one took
/// them out again, the template would change: every pod restarts, and its nodes no longer remove themselves.
/// ## Example
/// A webhook that runs after Quorate's and rewrites `args`:
/// ```yaml
/// kind: MutatingWebhookConfiguration
/// metadata:
///   name: zz-rewrites-args
/// ```
/// ## Instead
/// Let `/mutate` see the object last (`reinvocationPolicy: IfNeeded`), or decline the flag in the manifest:
/// ```yaml
/// args: ["-raft-cluster-remove-shutdown=false"]
/// ```
/// ## When the value is unknown
/// An annotation that lists nothing readable lists nothing. Where the new discovery, release or launch
/// no longer allows the flag, its absence is not refused.
pub(crate) const RULE: Rule = Rule::new(
    "injection-lost",
    "what was injected before is missing in what comes out of mutation",
    Severity::Medium,
    Judges::Change,
);

pub(crate) fn evaluate(decision: &Decision) -> Vec<Finding> {
    decision.reconciled.lost().map(|item| lost(item, decision)).collect()
}

fn lost(item: &Item, decision: &Decision) -> Finding {
    let (name, field) = match item {
        Item::Grace { seconds } => (
            format!("terminationGracePeriodSeconds: {seconds}"),
            "spec.template.spec.terminationGracePeriodSeconds".to_owned(),
        ),
        Item::Flag { .. } | Item::Volume { .. } | Item::Mount { .. } | Item::Probe { .. } => {
            (TOKEN.to_owned(), decision.path())
        }
    };
    RULE.deny(format!(
        "`{name}` was injected before and is missing after all mutation: the pods would restart without it"
    ))
    .field(field)
    .remedy(
        "check that Quorate's `/mutate` is reached and that no later webhook takes it out, then send the same again",
    )
}
