//! Of PersistentVolumeClaims: that they are there, and whether they hold data or will be filled.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};

use crate::watch_cache::Cacheable;

/// What is cached of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CachedClaim {
    /// Bound, or its spec names what it will hold.
    pub(crate) bound: bool,
}

impl Cacheable for PersistentVolumeClaim {
    type Cached = CachedClaim;

    const KIND: &'static str = "PersistentVolumeClaims";

    /// One that is being deleted will not be there when its pod comes back, and one whose volume was lost holds nothing.
    fn cached(self) -> Option<CachedClaim> {
        let bound = match self.status.as_ref().and_then(|status| status.phase.as_deref()) {
            Some("Bound") => true,
            Some("Lost") => false,
            Some(_) | None => self.spec.as_ref().is_some_and(is_to_be_filled),
        };
        Some(CachedClaim { bound: bound && self.metadata.deletion_timestamp.is_none() })
    }
}

/// A restored claim stays Pending until a pod uses it (`WaitForFirstConsumer`), and names the volume, the snapshot or the claim that its
/// data comes from.
fn is_to_be_filled(spec: &PersistentVolumeClaimSpec) -> bool {
    let names_volume = spec.volume_name.as_deref().is_some_and(|name| !name.is_empty());
    names_volume || spec.data_source.is_some() || spec.data_source_ref.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn bound(claim: Value, expected: bool) {
        let read: PersistentVolumeClaim = serde_json::from_value(claim.clone()).unwrap();
        assert_eq!(read.cached(), Some(CachedClaim { bound: expected }), "{claim}");
    }

    #[test]
    fn a_bound_claim_holds_data_until_it_is_deleted() {
        bound(json!({ "status": { "phase": "Bound" } }), true);
        let deleted = json!({ "deletionTimestamp": "2026-11-22T10:00:00Z" });
        bound(json!({ "metadata": deleted, "status": { "phase": "Bound" } }), false);
        bound(json!({ "metadata": deleted, "spec": { "volumeName": "pv-1" } }), false);
    }

    #[test]
    fn a_pending_claim_holds_what_its_spec_names() {
        bound(json!({ "spec": { "volumeName": "pv-1" }, "status": { "phase": "Pending" } }), true);
        let snapshot = json!({ "apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s" });
        bound(json!({ "spec": { "dataSource": snapshot }, "status": { "phase": "Pending" } }), true);
        bound(json!({ "spec": { "dataSourceRef": snapshot } }), true);
        bound(json!({ "spec": { "volumeName": "" }, "status": { "phase": "Pending" } }), false);
        bound(json!({ "status": { "phase": "Pending" } }), false);
    }

    #[test]
    fn a_claim_whose_volume_was_lost_holds_nothing() {
        bound(json!({ "spec": { "volumeName": "pv-1" }, "status": { "phase": "Lost" } }), false);
    }
}
