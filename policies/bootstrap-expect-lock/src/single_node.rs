//! A lone node that is told for the first time how to find others, and `-bootstrap-expect` with it.
//! One with state has a leader before it counts anybody, itself (measured on rqlited 10.2.7), so the value is for nodes that come later.

use rqlite::change;
use rqlite::discovery::Discovery;
use rqlite::facts::Facts;
use rqlite::storage::Storage;

use crate::edit::{ExpectEdit, SetUpdate};
use crate::reading::ContainerReading;

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstDiscovery {
    /// The count stays.
    Alone,
    /// Others come in the same update.
    WithGrowth,
}

impl FirstDiscovery {
    /// None: it is no first discovery of a lone node on a claim, or facts say otherwise.
    pub(crate) fn of(edit: &ExpectEdit, update: &SetUpdate) -> Option<Self> {
        let (before, after) = (edit.before.as_ref()?, edit.after.as_ref()?);
        let keeps_data = before.storage.persistent() && before.storage == after.storage;
        let first = before.discovery == Discovery::None && finds(&after.discovery);
        if !(edit.from().is_off() && first && keeps_data && update.old_replicas == 1) {
            return None;
        }
        let ordinal = update.old_ordinals.lowest()?;
        if contradicted(ordinal, before, update) || !change::ordinals(update.set).contains(ordinal) {
            return None;
        }
        match update.new_replicas {
            1 => Some(FirstDiscovery::Alone),
            2.. => Some(FirstDiscovery::WithGrowth),
            _ => None,
        }
    }
}

/// By a way that rqlited takes the count beside.
fn finds(discovery: &Discovery) -> bool {
    match discovery {
        Discovery::Dns | Discovery::DnsSrv | Discovery::Join { .. } | Discovery::Unreadable => true,
        Discovery::ConsulKv | Discovery::EtcdKv | Discovery::None => false,
    }
}

/// More than one voter, no leader, no running pod, no data, or data of further nodes.
fn contradicted(ordinal: u32, before: &ContainerReading, update: &SetUpdate) -> bool {
    let (set, facts) = (update.set, update.facts);
    let voters = match (&facts.membership, &facts.last_voters) {
        (Some(view), _) => Some((view.voters().count(), view.leader.is_some())),
        (None, last) => last.as_ref().map(|last| (last.len(), true)),
    };
    let pods = change::pod_ordinals(set, facts);
    voters.is_some_and(|(count, led)| count != 1 || !led)
        || pods.is_some_and(|pods| !pods.contains(ordinal))
        || other_claims(ordinal, before, update, facts)
}

fn other_claims(ordinal: u32, before: &ContainerReading, update: &SetUpdate, facts: &Facts) -> bool {
    let (Storage::ClaimTemplate(template), Some(claims)) = (&before.storage, &facts.claims) else { return false };
    let of = |bound: bool| {
        let counted = claims.iter().filter(move |claim| claim.bound || !bound);
        counted.filter_map(|claim| change::claim_ordinal(update.set, template, &claim.name)).collect::<Vec<_>>()
    };
    !of(true).contains(&ordinal) || of(false).iter().any(|other| *other != ordinal)
}
