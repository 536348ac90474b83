//! Updates that change who the nodes are or what they have: no moment to begin with removing nodes that stop.
//! Whether such an update may happen at all is not asked here.

use std::fmt;

use kubernetes::manifest::StatefulSet;
use rqlite::cluster::RqliteSet;
use rqlite::storage::Storage;
use rqlite::value::{Value, clip};
use rqlite::version::Version;

/// What does not stay.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum IdentityChange {
    /// Of the set's first pod. It would remove the new id, which is in no cluster, and the old one stays a voter (measured).
    NodeId { from: String, to: String },
    /// An older major release, which does not start on the newer one's data (10 to 9, measured).
    Release { from: Version, to: Version },
    /// The data directory leaves that volume: each node comes back blank.
    Data { volume: String },
    /// The set has claim templates, and the data directory is in the container's own layer.
    BesideClaims,
}

/// `new` is what its author wrote, and `set` its reading.
pub(crate) fn of(old: Option<&RqliteSet>, new: &StatefulSet, set: &RqliteSet) -> Option<IdentityChange> {
    let after = set.sole_node()?;
    if let Some((old, before)) = old.and_then(|old| Some((old, old.sole_node()?))) {
        let pod = format!("{}-{}", new.metadata.name.as_deref().unwrap_or_default(), set.first_ordinal);
        if let (Value::Known(from), Value::Known(to)) = (old.node_id(&pod), set.node_id(&pod))
            && from != to
        {
            return Some(IdentityChange::NodeId { from, to });
        }
        if let Some((from, to)) = before.version.release().zip(after.version.release())
            && from.major > to.major
        {
            return Some(IdentityChange::Release { from, to });
        }
        let left = matches!(after.storage, Storage::Ephemeral(_) | Storage::Unmounted);
        if let (Storage::ClaimTemplate(volume) | Storage::Volume(volume), true) = (&before.storage, left) {
            return Some(IdentityChange::Data { volume: volume.clone() });
        }
    }
    let beside = after.storage == Storage::Unmounted && !new.spec.volume_claim_templates.is_empty();
    beside.then_some(IdentityChange::BesideClaims)
}

impl fmt::Display for IdentityChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentityChange::NodeId { from, to } => {
                write!(
                    f,
                    "node id `{}` -> `{}`: a node would remove the new one, and the old one stays",
                    clip(from),
                    clip(to)
                )
            }
            IdentityChange::Release { from, to } => write!(f, "rqlite {from} -> {to} goes back by a major release"),
            IdentityChange::Data { volume } => write!(f, "the data directory leaves volume `{}`", clip(volume)),
            IdentityChange::BesideClaims => f.write_str("the data directory lies on none of the set's claims"),
        }
    }
}
