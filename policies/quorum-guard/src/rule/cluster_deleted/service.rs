//! A Service: the governing one, by which nodes address each other, or the one that their DNS discovery looks up.
//! One that only clients use is no concern.

use quorate_sdk::Finding;

use super::RULE;
use super::dependency::{AffectedSet, DependencyDeletion, lowered_if, named, voters};

pub(super) fn evaluate(deletion: &DependencyDeletion, sets: &[AffectedSet]) -> Option<Finding> {
    // A set that is being deleted starts no pod any more.
    let stays = |concerned: &&AffectedSet| concerned.votes() && concerned.set.metadata.deletion_timestamp.is_none();
    let running: Vec<&AffectedSet> = sets.iter().filter(stays).filter(|concerned| concerned.replicas() > 0).collect();
    let several: Vec<&AffectedSet> = running.iter().copied().filter(|concerned| concerned.replicas() > 1).collect();
    if running.is_empty() {
        return None;
    }
    if several.is_empty() {
        let message = format!("{} of {} found through it: a second node cannot join", voters(&running), are(&running));
        return Some(RULE.warn(message));
    }
    let message = format!(
        "{} of {} find and address each other through it: new pods cannot join, and restarted ones are not found",
        voters(&several),
        named(&several, true)
    );
    let guarded: Vec<&AffectedSet> = several.into_iter().filter(|concerned| !concerned.is_deliberate()).collect();
    let allowing = deletion.allowing(&guarded);
    let finding =
        RULE.deny(message).remedy(format!("keep it while they run; to delete the cluster on purpose first {allowing}"));
    Some(lowered_if(guarded.is_empty(), finding))
}

fn are(sets: &[&AffectedSet]) -> String {
    let verb = if sets.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", named(sets, false))
}
