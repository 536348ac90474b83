//! What becomes of a cluster when pods come: which of them return with their data, and whether the blank ones find a leader to join.
//! Blank nodes that find none found a second, empty cluster beside the first as soon as `-bootstrap-expect` of them exist
//! (measured on rqlited 10.2.7).

#[cfg(test)]
mod tests;

use crate::change::Ordinals;
use crate::quorum::Quorum;
use crate::scaling::cluster_state::{ClusterState, MembershipSource};

/// Why blank nodes may not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleUpDenial {
    /// Pods answer, and none names a leader.
    Leaderless,
    /// By the leader's view, too few voters answer.
    QuorumLost,
    /// There is no view, and no pod of the set is ready.
    NoneReady,
}

/// A scale-up, evaluated: these ordinals come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleUp {
    /// Ordinals with a bound claim whose node the configuration lists, where one could be read.
    pub returning: Ordinals,
    /// All others.
    pub blank: Ordinals,
    /// Voters, and those that answer, before any comes.
    pub before: Quorum,
    /// Set only if there are blank ones.
    pub denial: Option<ScaleUpDenial>,
    /// Denied only because of pods that are on their way out already.
    pub passing: bool,
}

impl ScaleUp {
    /// Evaluates a scale-up by which these ordinals come.
    pub fn of(cluster: &ClusterState, coming: &Ordinals) -> Self {
        let with_data = cluster.data_claims().unwrap_or_default().within(coming);
        let returning = if cluster.has_view() { with_data.within(cluster.configured()) } else { with_data };
        let blank = coming.without(&returning);
        let before = cluster.quorum();
        let denial = if blank.is_empty() { None } else { denial(cluster, before) };
        let passing = denial == Some(ScaleUpDenial::QuorumLost) && cluster.without_stopping().quorum().has_quorum();
        ScaleUp { returning, blank, before, denial, passing }
    }
}

fn denial(cluster: &ClusterState, before: Quorum) -> Option<ScaleUpDenial> {
    let pods = &cluster.current_state().facts().pods;
    let none_ready = || pods.as_ref().is_some_and(|pods| pods.iter().all(|pod| pod.ready == Some(false)));
    match cluster.source {
        MembershipSource::Leaderless => Some(ScaleUpDenial::Leaderless),
        MembershipSource::Leader if !before.has_quorum() => Some(ScaleUpDenial::QuorumLost),
        MembershipSource::LastKnown | MembershipSource::ReplicaCount if none_ready() => Some(ScaleUpDenial::NoneReady),
        MembershipSource::Leader | MembershipSource::LastKnown | MembershipSource::ReplicaCount => None,
    }
}
