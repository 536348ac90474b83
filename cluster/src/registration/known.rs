//! The entries for sets that the running server knows: a Scale, an Eviction and an autoscaler do not show whose they are, so the sets
//! are named. Only the server can: these are never rendered, and so survive that the rest is applied again (measured).

use kubernetes::admission::{Operation, Phase};
use kubernetes::request::Resource;

use super::built_in;
use super::cel;
use super::entry::{FailurePolicy, Selectors, WebhookEntry, condition, rule};
use super::naming::{NameList, Naming};
use super::requested::RequestedRules;
use super::{KnownSets, PREFIX};

pub(super) fn validating(asked: &RequestedRules<'_>, known: &KnownSets, naming: Naming) -> Vec<WebhookEntry> {
    let sets = naming.lists(known.keys().map(|set| (set.namespace.as_str(), set.name.as_str())));
    sets.iter().enumerate().flat_map(|(index, list)| of_list(asked, index, list)).collect()
}

fn of_list(asked: &RequestedRules<'_>, index: usize, list: &NameList) -> Vec<WebhookEntry> {
    let mut entries = Vec::new();
    if let Some((operations, unreachable)) = asked.of(Phase::Validate, Resource::SCALES) {
        // Those that the rendered entries send already are not sent again.
        let scope = || condition("known", format!("{} && !({})", cel::is_known(list), cel::selects_rqlite()));
        entries.extend(built_in::scale(&numbered("scale", index), &operations, unreachable, &scope));
    }
    if let Some((operations, _)) = asked.of(Phase::Validate, Resource::EVICTIONS) {
        entries.push(WebhookEntry {
            selectors: Selectors::default(),
            name: name("evictions", index),
            // A drain never stops because we are down.
            failure_policy: FailurePolicy::Ignore,
            rule: rule(Resource::EVICTIONS, &operations),
            conditions: vec![condition("known", cel::is_pod_of_known(list))],
        });
    }
    if let Some((operations, _)) = asked.of(Phase::Validate, Resource::AUTOSCALERS) {
        let mut conditions = vec![condition("known", cel::targets_known(list))];
        if operations.contains(&Operation::Update) {
            conditions.push(condition("changed", format!("request.operation != 'UPDATE' || {}", cel::looked_at())));
        }
        entries.push(WebhookEntry {
            selectors: Selectors::default(),
            name: name("autoscalers", index),
            failure_policy: FailurePolicy::Ignore,
            rule: rule(Resource::AUTOSCALERS, &operations),
            conditions,
        });
    }
    entries
}

pub(super) fn name(what: &str, index: usize) -> String {
    format!("{}.quorate.dev", numbered(what, index))
}

/// The first one without a number: most clusters have no second.
fn numbered(what: &str, index: usize) -> String {
    match index {
        0 => format!("{PREFIX}{what}"),
        _ => format!("{PREFIX}{what}-{}", index + 1),
    }
}
