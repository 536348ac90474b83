//! What becomes of the quorum when pods leave: three bounds, and the steps that show which pod's stop loses it.
//! All bounds assume the worst that was measured, and take nothing from a new template.

#[cfg(test)]
mod tests;

use crate::change::Ordinals;
use crate::quorum::{Quorum, quorum};
use crate::scaling::cluster_state::{ClusterState, Ids, MembershipSource};

/// Why the quorum holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleDownBound {
    /// Enough reachable voters stay even if none of those that leave is removed.
    Strict,
    /// All leave at once and remove themselves: only the leader's own removal is certain, since it exits at once and the others find
    /// no leader to ask (3 to 1: 11 of 25 lost; 5 to 3 and 4 to 2: none of 20; measured on rqlited 10.2.7).
    Relaxed,
    /// They stop one by one, and each removes itself before the next one stops.
    Sequential,
}

/// What a scale-down does to the quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleDownOutcome {
    /// None of those that leave is a voter any more.
    NoVoterLeaves,
    /// The quorum is kept, by this bound.
    Holds(ScaleDownBound),
    /// There was no quorum before, and nobody who could help to bring it back leaves.
    LostAlready,
    /// The quorum is lost by it; or was lost before, and reachable voters leave.
    Breaks,
}

/// The cluster after one more pod stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopStep {
    /// Node id of the one that stopped.
    pub id: String,
    /// With those before it stopped too.
    pub after: Quorum,
}

/// A scale-down, evaluated: these ordinals leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleDown {
    /// What it does to the quorum.
    pub outcome: ScaleDownOutcome,
    /// Voters, and those that answer, as long as all that leave still run.
    pub before: Quorum,
    /// With none of the leaving voters removed; what is left to decide.
    pub after: Quorum,
    /// The voters that leave.
    pub leaving: Ids,
    /// All of them remove themselves when they stop.
    pub remove_themselves: bool,
    /// It breaks only because of pods that are on their way out already: once they are back, or gone, it is judged anew.
    pub passing: bool,
}

impl ScaleDown {
    /// Evaluates a scale-down by which these ordinals leave.
    ///
    /// ```
    /// use rqlite::change::OrdinalChange;
    /// use rqlite::cluster::RqliteSet;
    /// use rqlite::facts::Facts;
    /// use rqlite::scaling::{ClusterState, CurrentState, DataLocation, ScaleDown, ScaleDownOutcome};
    ///
    /// let set = serde_json::from_str(r#"{"metadata": {"name": "db"}, "spec": {"replicas": 5, "template": {"spec": {
    ///     "containers": [{"image": "rqlite/rqlite:10.2.7", "args": ["-disco-mode=dns", "-bootstrap-expect=5"]}]}}}}"#)?;
    /// let rqlite = RqliteSet::detect(&set).unwrap();
    /// let facts = Facts::default();
    /// let down = |to| {
    ///     let change = OrdinalChange::of_scale(&set, 5, to);
    ///     let current = CurrentState::new(&set, Some(&rqlite), change.old.clone(), DataLocation::of(&set, &rqlite), &facts);
    ///     ScaleDown::of(&ClusterState::of(&current), &change.leaving())
    /// };
    /// assert!(down(3).allowed());
    /// let broken = down(2);
    /// assert_eq!((broken.outcome, broken.after.quorum_size(), broken.after.reachable), (ScaleDownOutcome::Breaks, 3, 2));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn of(cluster: &ClusterState, leaving: &Ordinals) -> Self {
        let cluster = &*cluster.reviewing(leaving);
        let remove_themselves = remove_themselves(cluster, leaving);
        let outcome = becomes(cluster, leaving, remove_themselves);
        let passing = || {
            if cluster.on_the_way_back(leaving).is_empty() {
                return false;
            }
            let without_stopping = cluster.without_stopping();
            becomes(&without_stopping, leaving, remove_themselves) != ScaleDownOutcome::Breaks
        };
        ScaleDown {
            outcome,
            before: cluster.quorum_without(leaving),
            after: cluster.after(leaving),
            leaving: cluster.ids_leaving(leaving),
            remove_themselves,
            passing: outcome == ScaleDownOutcome::Breaks && passing(),
        }
    }

    /// The quorum is no worse for it: it holds, or there was none, and nobody leaves who could help.
    pub fn allowed(&self) -> bool {
        self.outcome != ScaleDownOutcome::Breaks
    }
}

fn becomes(cluster: &ClusterState, leaving: &Ordinals, remove_themselves: bool) -> ScaleDownOutcome {
    let (before, after) = (cluster.quorum_without(leaving), cluster.after(leaving));
    if cluster.is_lost() {
        let nobody = cluster.reachable_leaving(leaving) == 0;
        return if nobody { ScaleDownOutcome::LostAlready } else { ScaleDownOutcome::Breaks };
    }
    let no_voter = cluster.ids_leaving(leaving).is_empty()
        && cluster.unmatched_voters_leaving(leaving) == 0
        && cluster.unlisted_leaving(leaving).is_empty();
    if no_voter {
        ScaleDownOutcome::NoVoterLeaves
    } else if after.has_quorum() {
        ScaleDownOutcome::Holds(ScaleDownBound::Strict)
    } else if before.has_quorum() && remove_themselves {
        by_removal(cluster, leaving, before, after)
    } else {
        ScaleDownOutcome::Breaks
    }
}

/// Only a leader can commit a removal, so only a led view lets one count.
fn remove_themselves(cluster: &ClusterState, leaving: &Ordinals) -> bool {
    cluster.source == MembershipSource::Leader
        && cluster.unmatched_voters_leaving(leaving) == 0
        && cluster.listed_leaving(leaving).iter().all(|voter| voter.removes_itself)
}

fn by_removal(cluster: &ClusterState, leaving: &Ordinals, before: Quorum, after: Quorum) -> ScaleDownOutcome {
    if after.reachable >= quorum(before.voters.saturating_sub(1)) {
        return ScaleDownOutcome::Holds(ScaleDownBound::Relaxed);
    }
    let one_by_one = cluster.current_state().stops_one_by_one();
    if one_by_one && stop_sequence(cluster, leaving).iter().all(|step| step.after.has_quorum()) {
        return ScaleDownOutcome::Holds(ScaleDownBound::Sequential);
    }
    ScaleDownOutcome::Breaks
}

/// The scale-down step by step, highest ordinal first, as far as the view lists the voters. Where they remove themselves one by one,
/// the configuration shrinks with each. An unreachable voter changes nothing: it cannot remove itself. Nor does one that was terminating
/// before. Where they do not remove themselves, each stop leaves a dead voter.
pub fn stop_sequence(cluster: &ClusterState, leaving: &Ordinals) -> Vec<StopStep> {
    let cluster = &*cluster.reviewing(leaving);
    let shrinks = remove_themselves(cluster, leaving) && cluster.current_state().stops_one_by_one();
    let mut quorum = cluster.quorum();
    let mut steps = Vec::new();
    for voter in cluster.listed_leaving(leaving) {
        if cluster.answers(voter) {
            quorum = if shrinks { quorum.removed(1) } else { quorum.stopped(1) };
        }
        steps.push(StopStep { id: voter.id.clone(), after: quorum });
    }
    steps
}
