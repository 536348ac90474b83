//! What becomes of the quorum when one pod is evicted: a drain takes node after node, and each pod is to come back before the next one goes.
//! Decides by numbers; what is said of it is a policy's.

#[cfg(test)]
mod tests;

use crate::change::Ordinals;
use crate::quorum::Quorum;
use crate::scaling::cluster_state::{ClusterState, MembershipSource};
use crate::scaling::current_state::DataLocation;

/// What an eviction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvictionOutcome {
    /// The pod's node is no voter that answers and stays.
    NoReachableVoter,
    /// The pod lies beyond the set's own ordinals: it is leaving already.
    Beyond,
    /// The last voter that answers of two or more, those that removed themselves included, and their data goes with the pods.
    LastData,
    /// The leader has lost its quorum and has not stepped down yet: a node that removes itself now leaves a removal behind that nobody can
    /// commit (never healed in 9 of 12 runs; from 0.6 s on in none of 8; measured on rqlited 10.2.7 and 9.4.5).
    WithinLease,
    /// There is no quorum that it could cost.
    LostAlready,
    /// At most two replicas, and no view lists more voters, nor did the last one where there is none now: else no node with one of them
    /// could ever be drained.
    FewReplicas,
    /// A quorum is left without the pod.
    Holds,
    /// No quorum is left without the pod.
    Breaks,
}

/// The eviction of one pod, evaluated.
#[derive(Debug, Clone)]
pub struct Eviction<'a> {
    /// What it does.
    pub outcome: EvictionOutcome,
    /// As the eviction counts: with voters that removed themselves and come back.
    pub cluster: ClusterState<'a>,
    /// Voters, and those that answer, while the pod runs.
    pub before: Quorum,
    /// The same without the pod, and without the one that a rollout takes.
    pub after: Quorum,
    /// The pod that the controller replaces next, in an unfinished rollout, counts as gone.
    pub rollout: bool,
    /// Own ordinals that the view does not list and that come back as voters.
    pub returning: Ordinals,
}

impl<'a> Eviction<'a> {
    /// Evaluates the eviction of the pod of that ordinal.
    pub fn of(cluster: &ClusterState<'a>, ordinal: u32) -> Self {
        let pod = Ordinals::first(ordinal, 1);
        let (cluster, returning) = cluster.reviewing(&pod).expecting(&may_return(cluster, ordinal));
        let before = cluster.quorum();
        let stopped = cluster.after(&pod);
        // The controller goes on to the next pod while an evicted one is not ready yet (27 of 27, measured on 1.36.3).
        let rollout = cluster.current_state().rollout_is_under_way(&out(&cluster)) && !waits(&cluster);
        let after = stopped.stopped(u32::from(rollout));
        let outcome = outcome(&cluster, ordinal, stopped, after);
        Eviction { outcome, cluster, before, after, rollout, returning }
    }
}

/// The rollout waits for a pod that it has replaced, or is to replace next: while that pod is down, the controller replaces no other.
/// One further down, as of a drain, does not (measured on 1.36.3: it goes from the highest ordinal on).
fn waits(cluster: &ClusterState) -> bool {
    let current = cluster.current_state();
    let next = current.next_replaced().is_some_and(|next| out(cluster).contains(next));
    next || !cluster.silent().within(&current.replaced()).is_empty()
}

/// Own pods that are gone or going. Not one whose node answers by the view all the same: it counts among those that stay.
fn out(cluster: &ClusterState) -> Ordinals {
    let absent = cluster.absent();
    absent.on_the_way_out().with(&absent.missing.without(&cluster.answering()))
}

/// Own ordinals with their data that removed themselves when they stopped, and are voters again once their pods start.
fn may_return(cluster: &ClusterState, evicted: u32) -> Ordinals {
    let (current, own) = (cluster.current_state(), cluster.with_data());
    // Where this one does, so did the others.
    if current.may_remove_itself(evicted) { own } else { current.may_have_left(&own) }
}

fn outcome(cluster: &ClusterState, ordinal: u32, stopped: Quorum, after: Quorum) -> EvictionOutcome {
    let current = cluster.current_state();
    if !may_be_reachable(cluster, ordinal) {
        return EvictionOutcome::NoReachableVoter;
    }
    let of_more = stopped.voters >= 2 || current.running.count() >= 2 && current.may_remove_itself(ordinal);
    let last = stopped.reachable == 0 && cluster.quorum().reachable > 0;
    if last && of_more && current.data == DataLocation::WithPod {
        return EvictionOutcome::LastData;
    }
    if !current.running.contains(ordinal) {
        return EvictionOutcome::Beyond;
    }
    if cluster.is_lost() {
        let is_led = cluster.names_leader() && current.may_remove_itself(ordinal);
        return if is_led { EvictionOutcome::WithinLease } else { EvictionOutcome::LostAlready };
    }
    if current.running.count() <= 2 && known_voters(cluster) <= 2 {
        return EvictionOutcome::FewReplicas;
    }
    if after.has_quorum() { EvictionOutcome::Holds } else { EvictionOutcome::Breaks }
}

/// Those that a leader's view lists; where there is none, those that the last one listed, if they were more.
fn known_voters(cluster: &ClusterState) -> usize {
    let facts = cluster.current_state().facts();
    let listed = facts.membership.as_ref().map_or(0, |view| view.voters().count());
    let remembered =
        facts.last_voters.as_ref().filter(|_| cluster.source != MembershipSource::Leader).map_or(0, Vec::len);
    listed.max(remembered)
}

/// Without a view a pod that is not ready may be a voter all the same: readiness needs a leader, which the vote of this one may keep.
/// It is none only while the others make the quorum without it.
fn may_be_reachable(cluster: &ClusterState, ordinal: u32) -> bool {
    let pod = Ordinals::first(ordinal, 1);
    let absent = cluster.absent();
    if absent.terminating.contains(ordinal) {
        return false;
    }
    if cluster.has_view() {
        return cluster.reachable_leaving(&pod) > 0;
    }
    let stopped = absent.missing.contains(ordinal) || cluster.current_state().is_known_stopped(ordinal);
    let needless = || absent.unready.contains(ordinal) && cluster.after(&pod).has_quorum();
    !(stopped || needless())
}
