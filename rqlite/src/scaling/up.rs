//! What becomes of a cluster when pods come: which of them return with their data, and whether the blank ones find a leader to join.
//! Blank nodes that find none found a second, empty cluster beside the first as soon as `-bootstrap-expect` of them exist
//! (measured on rqlited 10.2.7).

#[cfg(test)]
mod tests;

use crate::change::Ordinals;
use crate::quorum::Standing;
use crate::scaling::cluster::{Basis, Cluster};

/// Why blank nodes may not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Pods answer, and none names a leader.
    Leaderless,
    /// By the leader's view, too few voters answer.
    QuorumLost,
    /// There is no view, and no pod of the set is ready.
    NoneReady,
}

/// An arrival of ordinals, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Up {
    /// Ordinals with a bound claim whose node the configuration lists, where one could be read.
    pub returning: Ordinals,
    /// All others.
    pub blank: Ordinals,
    pub before: Standing,
    /// Set only if there are blank ones.
    pub denial: Option<Denial>,
    /// Denied only because of pods that are on their way out already.
    pub passing: bool,
}

impl Up {
    /// Judges the arrival of these ordinals.
    pub fn of(cluster: &Cluster, coming: &Ordinals) -> Self {
        let with_data = cluster.data_claims().unwrap_or_default().within(coming);
        let returning = if cluster.has_view() { with_data.within(cluster.configured()) } else { with_data };
        let blank = coming.without(&returning);
        let before = cluster.standing();
        let denial = if blank.is_empty() { None } else { denial(cluster, before) };
        let passing = denial == Some(Denial::QuorumLost) && cluster.settled().standing().holds();
        Up { returning, blank, before, denial, passing }
    }
}

fn denial(cluster: &Cluster, before: Standing) -> Option<Denial> {
    let pods = &cluster.before().facts().pods;
    let none_ready = || pods.as_ref().is_some_and(|pods| pods.iter().all(|pod| pod.ready == Some(false)));
    match cluster.basis {
        Basis::Leaderless => Some(Denial::Leaderless),
        Basis::Led if !before.holds() => Some(Denial::QuorumLost),
        Basis::Remembered | Basis::Count if none_ready() => Some(Denial::NoneReady),
        Basis::Led | Basis::Remembered | Basis::Count => None,
    }
}
