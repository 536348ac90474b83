//! A Namespace: all sets in it go, and their claims with it, so the data does too.
//! Who may delete one all the same is decided by `dependency`.

use quorate_sdk::Finding;

use super::RULE;
use super::dependency::{AffectedSet, DependencyDeletion, lowered_if, named, voters};

pub(super) fn evaluate(deletion: &DependencyDeletion, sets: &[AffectedSet]) -> Option<Finding> {
    let (voting, pools): (Vec<&AffectedSet>, Vec<&AffectedSet>) = sets.iter().partition(|concerned| concerned.votes());
    let (running, stopped): (Vec<&AffectedSet>, Vec<&AffectedSet>) =
        voting.into_iter().partition(|concerned| concerned.replicas() > 0);
    match (running.as_slice(), stopped.as_slice(), pools.as_slice()) {
        ([], [], []) => None,
        ([], [], _) => {
            let message = format!("deletes the read-only nodes of {}: reads move to the voters", named(&pools, false));
            Some(RULE.warn(message))
        }
        ([], [only], _) => Some(RULE.warn(format!(
            "deletes the claims of {}, which is scaled to zero: its data goes with the namespace",
            named(&[only], false)
        ))),
        ([], _, _) => Some(RULE.warn(format!(
            "deletes the claims of {}, which are scaled to zero: their data goes with the namespace",
            named(&stopped, false)
        ))),
        (_, _, _) => Some(end(deletion, &running)),
    }
}

fn end(deletion: &DependencyDeletion, running: &[&AffectedSet]) -> Finding {
    let (voters, names) = (voters(running), named(running, true));
    let message = match running {
        [_] => format!("deletes a running cluster of {voters}, {names}: its claims and its data go with the namespace"),
        several => format!(
            "deletes {} running clusters of {voters}, {names}: their claims and their data go with the namespace",
            several.len()
        ),
    };
    let guarded: Vec<&AffectedSet> = running.iter().copied().filter(|concerned| !concerned.is_deliberate()).collect();
    let allowing = deletion.allowing(&guarded);
    let finding = RULE.deny(message).remedy(format!("to delete it on purpose first {allowing}"));
    lowered_if(guarded.is_empty(), finding)
}
