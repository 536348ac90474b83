//! To no pods at all, and back: a full stop keeps a cluster only if the data stays, and all of it comes back.

#[cfg(test)]
mod tests;

use crate::change::Ordinals;
use crate::manifest::StatefulSet;
use crate::scaling::before::{Before, Data};
use crate::scaling::cluster::Cluster;

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
    pub fn of(before: &Before, next: &StatefulSet) -> Self {
        match before.data {
            Data::WithPod => ToZero::DataGoesWithPods,
            Data::Claims(_) if deletes_when_scaled(next) => ToZero::ClaimsDeleted,
            Data::Claims(_) | Data::Elsewhere => ToZero::DataStays,
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
    /// No claim holds data: a new cluster.
    Creation,
    /// Some that are asked for have none, beside some that have: `kept` are those that have.
    Blank { blank: Ordinals, kept: Ordinals },
    /// All that are asked for have their data, and these are left out.
    LeftOut { missing: Ordinals, kept: Ordinals },
    /// All come back.
    All,
}

impl FromZero {
    /// `asked` are the new ordinals.
    pub fn of(cluster: &Cluster, asked: &Ordinals) -> Self {
        let kept = match (cluster.data_claims(), &cluster.before().data) {
            (Some(kept), _) => kept,
            (None, Data::WithPod) => Ordinals::default(),
            (None, Data::Claims(_) | Data::Elsewhere) => return FromZero::Unknown,
        };
        if kept.is_empty() {
            return FromZero::Creation;
        }
        let blank = asked.without(&kept);
        let missing = kept.without(asked);
        match (blank.is_empty(), missing.is_empty()) {
            (false, _) => FromZero::Blank { blank, kept },
            (true, false) => FromZero::LeftOut { missing, kept },
            (true, true) => FromZero::All,
        }
    }
}
