//! Since when the Lease has been as it is, by this replica's own clock.
//! The times in it are other clocks': they only show that it was written again.

use k8s_openapi::api::coordination::v1::LeaseSpec;
use tokio::time::Instant;

use super::LEASE_DURATION;

/// The last look at the Lease, and when it was first seen like that.
#[derive(Debug, Default)]
pub(super) struct ObservedLease(Option<(LeaseSpec, Instant)>);

impl ObservedLease {
    /// Whether `identity` may take or renew a Lease that reads so now: it holds it, nobody does, or the holder has not renewed it for
    /// [`DURATION`] while this replica looked.
    pub(super) fn may_be_taken(&mut self, lease: &LeaseSpec, identity: &str, now: Instant) -> bool {
        let since = self.since(lease, now);
        holder(lease).is_none_or(|holder| holder == identity) || now.saturating_duration_since(since) >= LEASE_DURATION
    }

    fn since(&mut self, lease: &LeaseSpec, now: Instant) -> Instant {
        match &self.0 {
            Some((seen, since)) if seen == lease => *since,
            _ => {
                self.0 = Some((lease.clone(), now));
                now
            }
        }
    }
}

/// Who holds it: client-go writes an empty name into one that it gives up.
pub(super) fn holder(lease: &LeaseSpec) -> Option<&str> {
    lease.holder_identity.as_deref().filter(|holder| !holder.is_empty())
}
