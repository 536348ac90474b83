//! The scale-down that is still safe after a denial: the lowest count that is safe in one step, and what to do next.

#[cfg(test)]
mod tests;

use crate::change::{OrdinalChange, Ordinals};
use crate::quorum::Quorum;
use crate::scaling::cluster_state::{ClusterState, Ids, MembershipSource};
use crate::scaling::scale_down::ScaleDown;

/// The next safe step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Wait until these pods, which are on their way out, are back.
    Wait {
        /// Names of pods.
        pods: Ids,
    },
    /// Scale to `target`, then remove the nodes that this leaves dead, then go on.
    ScaleThenRemove {
        /// Replicas.
        target: u32,
        /// Node ids.
        remove: Ids,
    },
    /// Remove voters that do not answer and whose pods are gone; `target` is safe then.
    RemoveDead {
        /// Node ids.
        dead: Ids,
        /// Replicas.
        target: u32,
    },
    /// Remove the nodes that are to leave while they still run; then they may stop.
    RemoveFirst {
        /// Node ids.
        remove: Ids,
    },
    /// The only voters that answer are to leave, and rqlited removes none of these: a node that stays has to be one first.
    JoinFirst {
        /// Node ids.
        only: Ids,
    },
    /// Bring these voters back: they count, and do not answer.
    BringBack {
        /// Node ids.
        missing: Ids,
    },
    /// No step down is safe by what is known.
    Stay,
}

/// The lowest count above the asked one (and above zero) that is safe in one step; None: only a count at which no pod leaves.
pub fn lowest_safe(cluster: &ClusterState, change: &OrdinalChange) -> Option<u32> {
    let first = change.new.lowest()?;
    let highest = change.old.highest()?;
    let keeps_all = highest.checked_sub(first)?.checked_add(1)?;
    let allowed = |count: u32| ScaleDown::of(cluster, &change.old.without(&Ordinals::first(first, count))).allowed();
    let (mut below, mut safe) = (change.new.count(), keeps_all);
    if below >= safe || !allowed(safe) {
        return None;
    }
    // More pods that stay never make it worse, so halving finds the edge, even among two billion.
    while safe - below > 1 {
        let middle = below + (safe - below) / 2;
        if allowed(middle) { safe = middle } else { below = middle }
    }
    let nobody_goes = change.old.without(&Ordinals::first(first, safe)).is_empty();
    (!nobody_goes).then_some(safe)
}

/// Whether the steps to the new count end at two voters or pass through two.
pub fn leads_over_two(change: &OrdinalChange) -> bool {
    let (old, new) = (change.old.count(), change.new.count());
    new == 2 || new == 1 && old > 2
}

impl NextStep {
    /// The next step after a denied scale-down.
    pub fn down(cluster: &ClusterState, change: &OrdinalChange) -> Self {
        let leaving = change.leaving();
        let on_the_way_out = cluster.on_the_way_back(&leaving);
        let wait = || NextStep::Wait { pods: cluster.pods(&on_the_way_out) };
        if ScaleDown::of(cluster, &leaving).passing {
            return wait();
        }
        let missing = cluster.unreachable();
        let short = !cluster.quorum().has_quorum();
        if short && !cluster.is_lost() && !on_the_way_out.is_empty() {
            return wait();
        }
        // Voters that only claims speak for are nobody to bring back.
        if short && cluster.has_view() && !missing.is_empty() {
            return NextStep::BringBack { missing };
        }
        if let Some(target) = lowest_safe(cluster, change) {
            let first = change.new.lowest().unwrap_or_default();
            let left = change.old.without(&Ordinals::first(first, target));
            return NextStep::ScaleThenRemove { target, remove: cluster.ids_leaving(&left) };
        }
        if !on_the_way_out.is_empty() {
            return wait();
        }
        // As long as they run they may be removed one after the other; now they are too few to agree.
        let stopping = cluster.on_the_way_back(&Ordinals::default());
        if short && !cluster.is_lost() && !stopping.is_empty() {
            return NextStep::Wait { pods: cluster.pods(&stopping) };
        }
        match cluster.source {
            MembershipSource::Leader => NextStep::by_removal(cluster, change, missing),
            MembershipSource::Leaderless if cluster.may_return() => NextStep::BringBack { missing },
            MembershipSource::Leaderless => NextStep::Stay,
            MembershipSource::LastKnown | MembershipSource::ReplicaCount => NextStep::unseen(cluster, &leaving),
        }
    }

    /// It removes voters; other steps wait or bring voters back.
    pub(super) fn shrinks(&self) -> bool {
        match self {
            NextStep::ScaleThenRemove { .. } | NextStep::RemoveDead { .. } | NextStep::RemoveFirst { .. } => true,
            NextStep::Wait { .. } | NextStep::JoinFirst { .. } | NextStep::BringBack { .. } | NextStep::Stay => false,
        }
    }

    /// Without a view: pods that stay and are known not to answer come back first.
    fn unseen(cluster: &ClusterState, leaving: &Ordinals) -> Self {
        let silent = cluster.absent().silent().within(&cluster.current_state().running).without(leaving);
        if silent.is_empty() { NextStep::Stay } else { NextStep::BringBack { missing: cluster.ids_of(&silent) } }
    }

    /// With a leader, who can remove nodes.
    fn by_removal(cluster: &ClusterState, change: &OrdinalChange, missing: Ids) -> Self {
        let leaving = change.leaving();
        if missing.is_empty() {
            let remove = cluster.ids_leaving(&leaving);
            if removable(cluster, &leaving) {
                return NextStep::RemoveFirst { remove };
            }
            return NextStep::JoinFirst { only: if remove.is_empty() { cluster.unmatched_voters() } else { remove } };
        }
        let repaired = cluster.without_unreachable();
        let asked = ScaleDown::of(&repaired, &leaving).allowed().then(|| change.new.count());
        match asked.or_else(|| lowest_safe(&repaired, change)) {
            Some(target) if !cluster.may_return() => NextStep::RemoveDead { dead: missing, target },
            Some(_) | None => NextStep::BringBack { missing },
        }
    }
}

/// Each of the leaving voters can be removed while all still run: a removal commits under the configuration without its node, and the last
/// voter is refused (500 `need at least one voter`; measured on rqlited 10.2.7).
fn removable(cluster: &ClusterState, leaving: &Ordinals) -> bool {
    let answering = u32::try_from(cluster.staying(&Ordinals::default()).count()).unwrap_or(u32::MAX);
    let listed = cluster.listed_leaving(leaving);
    let mut quorum = Quorum { voters: cluster.quorum().voters, reachable: answering };
    for _ in
        0..cluster.unmatched_voters_leaving(leaving).saturating_add(u32::try_from(listed.len()).unwrap_or(u32::MAX))
    {
        quorum = quorum.removed(1);
        if quorum.voters == 0 || !quorum.has_quorum() {
            return false;
        }
    }
    true
}
