//! To no pods at all, and back: a full stop keeps a cluster only if the data stays, and all of it comes back.

#[cfg(test)]
mod tests;

use crate::change::Ordinals;
use crate::scaling::cluster_state::{ClusterState, MembershipSource};
use crate::scaling::current_state::{CurrentState, DataLocation};
use kubernetes::manifest::StatefulSet;

/// What a scale to zero does to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToZero {
    /// The data lies on no claim: it goes with the last pod.
    DataGoesWithPods,
    /// The retention policy deletes the claims of pods that leave.
    ClaimsDeleted,
    /// The data stays; every one of the ordinals has to come back.
    DataStays,
}

impl ToZero {
    /// `next` is the spec in force while the pods leave: the new object's.
    pub fn of(current: &CurrentState, next: &StatefulSet) -> Self {
        match current.data {
            DataLocation::WithPod => ToZero::DataGoesWithPods,
            DataLocation::Claims(_) if deletes_when_scaled(next) => ToZero::ClaimsDeleted,
            DataLocation::Claims(_) | DataLocation::Elsewhere => ToZero::DataStays,
        }
    }
}

/// `persistentVolumeClaimRetentionPolicy.whenScaled` is `Delete`.
pub fn deletes_when_scaled(set: &StatefulSet) -> bool {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    policy.and_then(|policy| policy.when_scaled.as_deref()) == Some("Delete")
}

/// What a scale from zero finds. There is certainly no leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromZero {
    /// Claims are not known.
    Unknown,
    /// There is no claim: a new cluster.
    Creation,
    /// There are claims, some of them maybe with data.
    Over(ClaimedOrdinals),
}

/// The claims that a set starts over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimedOrdinals {
    /// Ordinals with data, asked for or not.
    pub kept: Ordinals,
    /// Ordinals that are asked for and have no claim.
    pub blank: Ordinals,
    /// Ordinals that are asked for and have a claim that is not bound: one that waits for its pod may be a restored one, with data.
    pub pending: Ordinals,
    /// Ordinals with data that are not asked for, but for those that the last trusted membership is known not to list.
    pub left_out: Ordinals,
}

impl FromZero {
    /// `asked` are the new ordinals.
    pub fn of(cluster: &ClusterState, asked: &Ordinals) -> Self {
        let (kept, claimed) = match (cluster.data_claims(), &cluster.current_state().data) {
            (Some(kept), _) => (kept, cluster.claimed_at_all()),
            (None, DataLocation::WithPod) => return FromZero::Creation,
            (None, DataLocation::Claims(_) | DataLocation::Elsewhere) => return FromZero::Unknown,
        };
        if claimed.is_empty() {
            return FromZero::Creation;
        }
        FromZero::Over(ClaimedOrdinals {
            blank: asked.without(&claimed),
            pending: asked.within(&claimed).without(&kept),
            left_out: members(cluster, &kept).without(asked),
            kept,
        })
    }
}

/// Ordinals to come back to after a stop: the set's own, and those whose data is of a member.
pub fn to_come_back(cluster: &ClusterState) -> Ordinals {
    let current = cluster.current_state();
    let Some(kept) = cluster.data_claims() else { return current.running.clone() };
    // A pod that never got a claim has nothing to bring back; where none did, they are all the same.
    let all = current.running.within(&cluster.claimed_at_all()).with(&members(cluster, &kept));
    if all.is_empty() { current.running.clone() } else { all }
}

/// Without those that are known to be members no more: by the leader's view, else by the last trusted membership.
fn members(cluster: &ClusterState, kept: &Ordinals) -> Ordinals {
    let current = cluster.current_state();
    if cluster.source == MembershipSource::Leader {
        let gone = |ordinal: &u32| !cluster.configured().contains(*ordinal) && !cluster.may_be_unmatched(*ordinal);
        return kept.iter().filter(|ordinal| !gone(ordinal)).collect();
    }
    let Some(last) = &current.facts().last_voters else { return kept.clone() };
    let listed = |ordinal: &u32| current.node_id(*ordinal).is_none_or(|id| last.contains(&id));
    let members: Ordinals = kept.iter().filter(listed).collect();
    // Where none of the ids is one of the set's, ids do not tell.
    if members.is_empty() { kept.clone() } else { members }
}
