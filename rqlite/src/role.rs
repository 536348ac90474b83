//! Voter or read-only node.
//! Not what the cluster says of it (`membership`).

use crate::flag::CommandLine;
use crate::value::Value;

/// What a node is in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Counts for the quorum. Also what cannot be read.
    Voter,
    /// `-raft-non-voter=true` by a literal, and no `-bootstrap-expect` above 0.
    ReadOnly,
}

impl Role {
    /// Of a command line; an unreadable one is a voter's.
    pub fn of(line: Option<&CommandLine>) -> Self {
        let Some(line) = line.filter(|line| line.unreadable_flag().is_none()) else {
            return Role::Voter;
        };
        let may_bootstrap = match line.integer("bootstrap-expect") {
            Some(Value::Known(expect)) => expect > 0,
            Some(Value::Deferred(_) | Value::Malformed(_)) => true,
            None => false,
        };
        match line.boolean("raft-non-voter") {
            Some(Value::Known(true)) if !may_bootstrap => Role::ReadOnly,
            Some(_) | None => Role::Voter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::fixture::{deferred, line};

    #[track_caller]
    fn role(argv: &[&str]) -> Role {
        Role::of(Some(&line(argv)))
    }

    #[test]
    fn a_literal_non_voter_without_expect_is_read_only() {
        assert_eq!(role(&["-raft-non-voter", "/d"]), Role::ReadOnly);
        assert_eq!(role(&["-raft-non-voter=1", "-bootstrap-expect=0", "/d"]), Role::ReadOnly);
    }

    #[test]
    fn anything_less_certain_is_a_voter() {
        assert_eq!(Role::of(None), Role::Voter);
        assert_eq!(role(&["/d"]), Role::Voter);
        assert_eq!(role(&["-raft-non-voter=false", "/d"]), Role::Voter);
        assert_eq!(role(&["-raft-non-voter=maybe", "/d"]), Role::Voter);
        assert_eq!(role(&["-raft-non-voter", "-raft-non-voter=false", "/d"]), Role::Voter);
        assert_eq!(role(&["-raft-non-voter", "-bootstrap-expect=3", "/d"]), Role::Voter);
    }

    #[test]
    fn deferred_values_mean_a_voter() {
        for hidden in ["-raft-non-voter=$(X)", "-bootstrap-expect=$(X)", "$(X)"] {
            assert_eq!(Role::of(Some(&deferred(&["-raft-non-voter", hidden, "/d"]))), Role::Voter, "{hidden}");
        }
    }
}
