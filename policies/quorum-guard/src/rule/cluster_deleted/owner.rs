//! Owners that are added to voters: one that does not exist, under this kind and name, takes the set with it.

use std::collections::{BTreeMap, BTreeSet};

use kubernetes::collect;
use kubernetes::manifest::{OwnerReference, StatefulSet};
use kubernetes::related::{Reason, Related};
use quorate_sdk::{AtPath, Finding};
use rqlite::change;
use rqlite::facts::{Facts, Owner};

use super::RULE;

/// Evaluates the ownerReferences that an update adds; without `old` those of a creation.
pub(crate) fn evaluate(old: Option<&StatefulSet>, new: &StatefulSet, facts: &Facts) -> Vec<Finding> {
    let running = old.map_or(0, |old| change::ordinals(old).count()).max(change::ordinals(new).count());
    if running == 0 {
        return Vec::new();
    }
    let before = old.map(|old| old.metadata.owner_references.as_slice()).unwrap_or_default();
    let before: BTreeSet<&OwnerReference> = collect::set(before);
    let known = facts.owners.as_deref().map(by_uid);
    let added = new.metadata.owner_references.iter().enumerate().filter(|(_, owner)| !before.contains(owner));
    let findings = added.filter_map(|(index, owner)| {
        let finding = match known.as_ref() {
            Some(known) => of_one(owner, existence(owner, known), old.is_none()),
            None => of_one(owner, Related::Unknown(Reason::NotGiven), old.is_none()),
        };
        Some(finding?.field(format!("metadata.ownerReferences[{index}].uid")))
    });
    findings.collect()
}

fn of_one(owner: &OwnerReference, existence: Related<()>, creates: bool) -> Option<Finding> {
    let OwnerReference { kind, name, .. } = owner;
    let finding = match existence {
        Related::Found(()) if creates => return None,
        Related::Found(()) => RULE.warn(format!("adds {kind} {name} as owner: when it goes, the garbage collector deletes the set")),
        Related::Absent => RULE.deny(format!(
            "adds {kind} {name} as owner, which does not exist or is being deleted: the garbage collector deletes the set within seconds"
        )),
        Related::Unknown(reason) => {
            let nothing_said = reason == Reason::NotGiven;
            let why = if nothing_said { "no facts about owners".to_owned() } else { reason.to_string() };
            let message = format!(
                "adds {kind} {name} as owner, and it is not known whether that exists ({why}): if not, the garbage collector deletes the set within seconds"
            );
            if creates { RULE.warn(message) } else { RULE.deny(message) }
        }
    };
    Some(finding.remedy("leave ownerReferences to the controller that owns the set, with the uid of the live object"))
}

fn by_uid(owners: &[Owner]) -> BTreeMap<&str, Vec<&Owner>> {
    let mut by_uid: BTreeMap<&str, Vec<&Owner>> = BTreeMap::new();
    for owner in owners {
        by_uid.entry(&owner.uid).or_default().push(owner);
    }
    by_uid
}

/// A live uid under another kind or name is none: the garbage collector looks it up by these.
fn existence(owner: &OwnerReference, known: &BTreeMap<&str, Vec<&Owner>>) -> Related<()> {
    let same = |known: &&&Owner| {
        let is = |told: &Option<String>, given: &String| told.as_ref().is_none_or(|told| told == given);
        is(&known.kind, &owner.kind) && is(&known.name, &owner.name)
    };
    match known.get(owner.uid.as_str()).and_then(|of_uid| of_uid.iter().find(same)) {
        None => Related::Absent,
        Some(Owner { unseen: Some(why), .. }) => Related::Unknown(Reason::Failed(why.clone())),
        Some(Owner { unseen: None, .. }) => Related::Found(()),
    }
}
