//! The entries for sets that the running server knows: a Scale, an Eviction and an autoscaler do not show whose they are, so the sets
//! are named. Only the server can: these are never rendered, and so survive that the rest is applied again (measured).

use quorate_engine::{Operation, Phase};

use super::asked::{AUTOSCALERS, Asked, EVICTIONS, SCALES};
use super::built_in;
use super::cel;
use super::entry::{Entry, Unreachable, condition, rule};
use super::{KnownSets, PREFIX};

/// Code points of one list. cel-go refuses an expression of more than 100,000, and the rest of it needs room too; 1,000 names of
/// average length are a sixth of this.
const LIST_CODE_POINTS: usize = 80_000;

pub(super) fn validating(asked: &Asked<'_>, known: &KnownSets) -> Vec<Entry> {
    let sets = lists(known.keys().map(ToString::to_string));
    sets.iter().enumerate().flat_map(|(index, list)| of_list(asked, index, list)).collect()
}

fn of_list(asked: &Asked<'_>, index: usize, list: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Some((operations, unreachable)) = asked.of(Phase::Validate, SCALES) {
        // Those that the rendered entries send already are not sent twice.
        let scope = || condition("known", format!("{} && !({})", cel::is_known(list), cel::selects_rqlite()));
        entries.extend(built_in::scale(&numbered("scale", index), &operations, unreachable, &scope));
    }
    if let Some((operations, _)) = asked.of(Phase::Validate, EVICTIONS) {
        entries.push(Entry {
            name: name("evictions", index),
            // A drain never stops because we are down.
            unreachable: Unreachable::Passes,
            rule: rule("", "v1", "pods/eviction", &operations),
            conditions: vec![condition("known", cel::is_pod_of_known(list))],
        });
    }
    if let Some((operations, _)) = asked.of(Phase::Validate, AUTOSCALERS) {
        let mut conditions = vec![condition("known", cel::targets_known(list))];
        if operations.contains(&Operation::Update) {
            conditions.push(condition("changed", format!("request.operation != 'UPDATE' || {}", cel::looked_at())));
        }
        entries.push(Entry {
            name: name("autoscalers", index),
            unreachable: Unreachable::Passes,
            // `Equivalent` converts the older versions to this one.
            rule: rule("autoscaling", "v2", "horizontalpodautoscalers", &operations),
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

/// Sorted names as CEL lists, none too long.
pub(super) fn lists(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut lists: Vec<Vec<String>> = Vec::new();
    let mut room = 0;
    for name in names {
        // Quotes, comma and blank.
        let length = name.chars().count() + 4;
        match lists.last_mut().filter(|_| length <= room) {
            Some(list) => list.push(name),
            None => {
                lists.push(vec![name]);
                room = LIST_CODE_POINTS;
            }
        }
        room -= length;
    }
    lists.into_iter().map(cel::list).collect()
}
