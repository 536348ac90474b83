//! The entries for what the built-in policies match: rqlite's StatefulSets and their scale.
//! Nothing here depends on the cluster, so this is what charts and manifests render.

use k8s_openapi::api::admissionregistration::v1::MatchCondition;
use kubernetes::admission::{Operation, Phase};
use kubernetes::request::Resource;

use super::cel;
use super::entry::{FailurePolicy, Selectors, WebhookEntry, condition, rule};
use super::requested::RequestedRules;

pub(super) fn validating(asked: &RequestedRules<'_>) -> Vec<WebhookEntry> {
    let mut entries = Vec::new();
    if let Some((operations, unreachable)) = asked.of(Phase::Validate, Resource::STATEFUL_SETS) {
        entries.push(WebhookEntry {
            selectors: Selectors::default(),
            name: "statefulsets.quorate.dev".to_owned(),
            failure_policy: unreachable,
            rule: rule(Resource::STATEFUL_SETS, &operations),
            conditions: vec![
                is_rqlite(),
                condition("dangerous", cel::dangerous()),
                condition("not-a-cleaner", cel::not_a_system_deleter()),
            ],
        });
        if operations.contains(&Operation::Update) {
            entries.push(WebhookEntry {
                selectors: Selectors::default(),
                name: "statefulsets-rest.quorate.dev".to_owned(),
                failure_policy: FailurePolicy::Ignore,
                rule: rule(Resource::STATEFUL_SETS, &[Operation::Update]),
                conditions: vec![is_rqlite(), condition("harmless-change", cel::harmless_change())],
            });
        }
        entries.extend(not_recognised(&operations));
    }
    if let Some((operations, unreachable)) = asked.of(Phase::Validate, Resource::SCALES) {
        let selects = || condition("selects-rqlite", cel::selects_rqlite());
        entries.extend(scale("scale", &operations, unreachable, &selects));
    }
    entries
}

/// Nothing but a warning comes of these, or the refusal of an annotation that names no container.
fn not_recognised(operations: &[Operation]) -> Option<WebhookEntry> {
    let writes: Vec<Operation> =
        operations.iter().copied().filter(|operation| *operation != Operation::Delete).collect();
    (!writes.is_empty()).then(|| WebhookEntry {
        selectors: Selectors::default(),
        name: "statefulsets-not-recognised.quorate.dev".to_owned(),
        failure_policy: FailurePolicy::Ignore,
        rule: rule(Resource::STATEFUL_SETS, &writes),
        conditions: vec![condition("not-recognised", cel::may_want_guard())],
    })
}

pub(super) fn mutating(asked: &RequestedRules<'_>) -> Vec<WebhookEntry> {
    let sets = asked.of(Phase::Mutate, Resource::STATEFUL_SETS).into_iter();
    sets.map(|(operations, _)| WebhookEntry {
        selectors: Selectors::default(),
        name: "statefulsets-mutate.quorate.dev".to_owned(),
        // What had to be put in and was not is refused when it is validated.
        failure_policy: FailurePolicy::Ignore,
        rule: rule(Resource::STATEFUL_SETS, &operations),
        conditions: vec![is_rqlite(), condition("spec-changed", cel::spec_changed())],
    })
    .collect()
}

/// Shrinking, and growing: the second may be the cure.
pub(super) fn scale(
    prefix: &str,
    operations: &[Operation],
    unreachable: FailurePolicy,
    scope: &dyn Fn() -> MatchCondition,
) -> [WebhookEntry; 2] {
    let entry = |name: String, unreachable, change| WebhookEntry {
        selectors: Selectors::default(),
        name,
        failure_policy: unreachable,
        rule: rule(Resource::SCALES, operations),
        conditions: vec![scope(), change],
    };
    [
        entry(format!("{prefix}.quorate.dev"), unreachable, condition("shrinks", cel::scale_shrinks())),
        entry(format!("{prefix}-rest.quorate.dev"), FailurePolicy::Ignore, condition("grows", cel::scale_grows())),
    ]
}

fn is_rqlite() -> MatchCondition {
    condition("is-rqlite", cel::is_rqlite())
}
