//! The limits of this side, as docs/security.md tells them.

pub use crate::client::{HTTP_1_WATCH, LEASE_TIMEOUT, PING_INTERVAL, PING_TIMEOUT, SERVER_TIMEOUT};
pub use crate::membership::{LARGEST_ANSWER, LOOKUP_TIMEOUT, MAX_NODES_ASKED};
pub use crate::watch::STALE_AFTER;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leader;

    /// A silent connection has been given up before what came over it is old, and the Lease before it has run out.
    #[test]
    fn the_limits_fit_each_other() {
        assert!(PING_INTERVAL + PING_TIMEOUT < STALE_AFTER);
        assert!(HTTP_1_WATCH + SERVER_TIMEOUT <= STALE_AFTER);
        assert!(
            leader::RENEW_INTERVAL + LEASE_TIMEOUT * 2 <= leader::LEADS_FOR
                && leader::LEADS_FOR < leader::LEASE_DURATION
        );
    }
}
