//! Raft's arithmetic, named and total: how many voters decide, how many may fail.
//! The only place that halves a number of voters; knows nothing of pods.

/// Voters that must agree for anything to be committed: more than half of all that the configuration lists,
/// reachable or not (raft.github.io, section 5; `hashicorp/raft` raft.go, `quorumSize`).
///
/// ```
/// use rqlite::quorum::{failures_tolerated, quorum};
///
/// assert_eq!([1, 2, 3, 4, 5].map(quorum), [1, 2, 2, 3, 3]);
/// assert_eq!([1, 2, 3, 4, 5].map(failures_tolerated), [0, 0, 1, 1, 2]);
/// ```
pub const fn quorum(voters: u32) -> u32 {
    voters / 2 + 1
}

/// Voters that may fail while the rest still decides.
pub const fn failures_tolerated(voters: u32) -> u32 {
    voters.saturating_sub(quorum(voters))
}

/// A cluster at one moment: the voters of its configuration, and how many of them answer.
///
/// ```
/// use rqlite::quorum::Quorum;
///
/// let five = Quorum { voters: 5, reachable: 5 };
/// assert_eq!((five.quorum_size(), five.failure_tolerance()), (3, 2));
/// // Three pods stop: without their removal two of five are left, with it two of two.
/// assert!(!five.stopped(3).has_quorum());
/// assert!(five.removed(3).has_quorum());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quorum {
    /// Voters that the configuration lists.
    pub voters: u32,
    /// Those of them that answer.
    pub reachable: u32,
}

impl Quorum {
    /// Voters that must agree.
    pub const fn quorum_size(self) -> u32 {
        quorum(self.voters)
    }

    /// Whether those that answer can decide.
    pub const fn has_quorum(self) -> bool {
        self.reachable >= self.quorum_size()
    }

    /// How many of those that answer may still fail.
    pub const fn failure_tolerance(self) -> u32 {
        self.reachable.saturating_sub(self.quorum_size())
    }

    /// After `count` reachable voters stopped without leaving the configuration.
    #[must_use]
    pub const fn stopped(self, count: u32) -> Self {
        Quorum { voters: self.voters, reachable: self.reachable.saturating_sub(count) }
    }

    /// After `count` reachable voters left the configuration and stopped.
    #[must_use]
    pub const fn removed(self, count: u32) -> Self {
        Quorum { voters: self.voters.saturating_sub(count), reachable: self.reachable.saturating_sub(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorum_is_the_least_majority() {
        for voters in 0..=1_000 {
            let least = (0..=voters + 1).find(|agreeing| 2 * agreeing > voters);
            assert_eq!(Some(quorum(voters)), least, "{voters} voters");
        }
        assert_eq!(quorum(u32::MAX), 1 << 31);
    }

    #[test]
    fn tolerates_what_rqlite_documents() {
        // https://rqlite.io/docs/clustering/general-guidelines/
        for (voters, tolerated) in [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 2), (7, 3), (9, 4)] {
            assert_eq!(failures_tolerated(voters), tolerated, "{voters} voters");
        }
    }

    #[test]
    fn a_quorum_counts_the_unreachable_as_voters() {
        let quorum = Quorum { voters: 5, reachable: 3 };
        assert!(quorum.has_quorum());
        assert_eq!(quorum.failure_tolerance(), 0);
        assert!(!quorum.stopped(1).has_quorum());
        assert!(quorum.removed(1).reachable == 2 && !quorum.removed(1).has_quorum());
        assert_eq!(quorum.stopped(9), Quorum { voters: 5, reachable: 0 });
    }
}
