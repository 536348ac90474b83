//! What becomes of the quorum when pods leave: three bounds, and the steps that show which pod's stop loses it.
//! All bounds assume the worst that was measured, and take nothing from a new template.

#[cfg(test)]
mod tests;

use crate::change::Ordinals;
use crate::quorum::{Standing, quorum};
use crate::scaling::cluster::{Basis, Cluster, Ids};

/// Why the quorum holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Enough reachable voters stay even if none of those that leave is removed.
    Strict,
    /// All leave at once and remove themselves: only the leader's own removal is certain, since it exits at once and the others find
    /// no leader to ask (3 to 1: 11 of 25 lost; 5 to 3 and 4 to 2: none of 20; measured on rqlited 10.2.7).
    Relaxed,
    /// They stop one by one, and each removes itself before the next one stops.
    Sequential,
}

/// What a departure does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// None of those that leave is a voter any more.
    NoVoterLeaves,
    Holds(Bound),
    /// There was no quorum before, and nobody who could help to bring it back leaves.
    LostAlready,
    /// The quorum is lost by it; or was lost before, and reachable voters leave.
    Breaks,
}

/// The cluster after one more pod stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Node id of the one that stopped.
    pub id: String,
    pub after: Standing,
}

/// A departure of ordinals, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    pub outcome: Outcome,
    pub before: Standing,
    /// With none of the leaving voters removed; what is left to decide.
    pub after: Standing,
    /// The voters that leave.
    pub leaving: Ids,
    /// All of them remove themselves when they stop.
    pub remove_themselves: bool,
    /// It breaks only because of pods that are on their way out already: once they are back, or gone, it is judged anew.
    pub passing: bool,
}

impl Down {
    /// Judges the departure of these ordinals.
    pub fn of(cluster: &Cluster, leaving: &Ordinals) -> Self {
        let cluster = &*cluster.reviewing(leaving);
        let remove_themselves = remove_themselves(cluster, leaving);
        let outcome = becomes(cluster, leaving, remove_themselves);
        let passing = || {
            if cluster.on_the_way_back(leaving).is_empty() {
                return false;
            }
            let settled = cluster.settled();
            becomes(&settled, leaving, remove_themselves) != Outcome::Breaks
        };
        Down {
            outcome,
            before: cluster.standing_with(leaving),
            after: cluster.after(leaving),
            leaving: cluster.ids_leaving(leaving),
            remove_themselves,
            passing: outcome == Outcome::Breaks && passing(),
        }
    }

    pub fn allowed(&self) -> bool {
        self.outcome != Outcome::Breaks
    }
}

fn becomes(cluster: &Cluster, leaving: &Ordinals, remove_themselves: bool) -> Outcome {
    let (before, after) = (cluster.standing_with(leaving), cluster.after(leaving));
    if cluster.is_lost() {
        let nobody = cluster.reachable_leaving(leaving) == 0;
        return if nobody { Outcome::LostAlready } else { Outcome::Breaks };
    }
    let no_voter = cluster.ids_leaving(leaving).is_empty()
        && cluster.strangers_leaving(leaving) == 0
        && cluster.unlisted_leaving(leaving).is_empty();
    if no_voter {
        Outcome::NoVoterLeaves
    } else if after.holds() {
        Outcome::Holds(Bound::Strict)
    } else if before.holds() && remove_themselves {
        by_removal(cluster, leaving, before, after)
    } else {
        Outcome::Breaks
    }
}

/// Only a leader can commit a removal, so only a led view lets one count.
fn remove_themselves(cluster: &Cluster, leaving: &Ordinals) -> bool {
    cluster.basis == Basis::Led
        && cluster.strangers_leaving(leaving) == 0
        && cluster.listed_leaving(leaving).iter().all(|voter| voter.removes_itself)
}

fn by_removal(cluster: &Cluster, leaving: &Ordinals, before: Standing, after: Standing) -> Outcome {
    if after.reachable >= quorum(before.voters.saturating_sub(1)) {
        return Outcome::Holds(Bound::Relaxed);
    }
    let one_by_one = cluster.before().stops_one_by_one();
    if one_by_one && departures(cluster, leaving).iter().all(|step| step.after.holds()) {
        return Outcome::Holds(Bound::Sequential);
    }
    Outcome::Breaks
}

/// The departure step by step, highest ordinal first, as far as the view lists the voters. Where they remove themselves one by one
/// the configuration shrinks with each; an unreachable one changes nothing, for it
/// cannot remove itself, nor does one that was on its way out before. Else each stop leaves a dead voter.
pub fn departures(cluster: &Cluster, leaving: &Ordinals) -> Vec<Step> {
    let cluster = &*cluster.reviewing(leaving);
    let shrinks = remove_themselves(cluster, leaving) && cluster.before().stops_one_by_one();
    let mut standing = cluster.standing();
    let mut steps = Vec::new();
    for voter in cluster.listed_leaving(leaving) {
        if cluster.answers(voter) {
            standing = if shrinks { standing.removed(1) } else { standing.stopped(1) };
        }
        steps.push(Step { id: voter.id.clone(), after: standing });
    }
    steps
}
