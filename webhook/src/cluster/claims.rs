//! Of PersistentVolumeClaims: that they are there, and whether they are bound.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use crate::cluster::kept::Keep;

/// What is kept of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptClaim {
    pub(crate) bound: bool,
}

impl Keep for PersistentVolumeClaim {
    type Kept = KeptClaim;

    const KIND: &'static str = "PersistentVolumeClaims";

    /// One that is being deleted will not be there when its pod comes back.
    fn kept(self) -> Option<KeptClaim> {
        let bound = self.status.is_some_and(|status| status.phase.as_deref() == Some("Bound"));
        Some(KeptClaim { bound: bound && self.metadata.deletion_timestamp.is_none() })
    }
}
