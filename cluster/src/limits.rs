//! The limits of this side, as docs/security.md tells them.

pub use crate::client::{HTTP_1_WATCH, LEASE, PING, PONG, SERVER};
pub use crate::membership::{BUDGET, LARGEST_ANSWER, MOST_ASKED};
pub use crate::watched::OLD;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leader;

    /// A silent connection has been given up before what came over it is old, and the Lease before it has run out.
    #[test]
    fn the_limits_fit_each_other() {
        assert!(PING + PONG < OLD);
        assert!(HTTP_1_WATCH + SERVER <= OLD);
        assert!(leader::RENEW + LEASE * 2 <= leader::LEADS && leader::LEADS < leader::DURATION);
    }
}
