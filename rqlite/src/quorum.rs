//! Raft's arithmetic, named and total: how many voters decide, how many may fail.
//! The only place that halves a number of voters; knows nothing of pods.

/// Voters that must agree for anything to be committed: more than half of all that the configuration lists,
/// reachable or not (raft.github.io, section 5; `hashicorp/raft` raft.go, `quorumSize`).
pub const fn quorum(voters: u32) -> u32 {
    voters / 2 + 1
}

/// Voters that may fail while the rest still decides.
pub const fn failures_tolerated(voters: u32) -> u32 {
    voters.saturating_sub(quorum(voters))
}

/// A cluster at one moment: the voters of its configuration, and how many of them answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub voters: u32,
    pub reachable: u32,
}

impl Standing {
    /// Voters that must agree.
    pub const fn quorum(self) -> u32 {
        quorum(self.voters)
    }

    /// Whether those that answer can decide.
    pub const fn holds(self) -> bool {
        self.reachable >= self.quorum()
    }

    /// How many of those that answer may still fail.
    pub const fn spare(self) -> u32 {
        self.reachable.saturating_sub(self.quorum())
    }

    /// After `count` reachable voters stopped without leaving the configuration.
    #[must_use]
    pub const fn stopped(self, count: u32) -> Self {
        Standing { voters: self.voters, reachable: self.reachable.saturating_sub(count) }
    }

    /// After `count` reachable voters left the configuration and stopped.
    #[must_use]
    pub const fn removed(self, count: u32) -> Self {
        Standing { voters: self.voters.saturating_sub(count), reachable: self.reachable.saturating_sub(count) }
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
    fn a_standing_counts_the_unreachable_as_voters() {
        let standing = Standing { voters: 5, reachable: 3 };
        assert!(standing.holds());
        assert_eq!(standing.spare(), 0);
        assert!(!standing.stopped(1).holds());
        assert!(standing.removed(1).reachable == 2 && !standing.removed(1).holds());
        assert_eq!(standing.stopped(9), Standing { voters: 5, reachable: 0 });
    }
}
