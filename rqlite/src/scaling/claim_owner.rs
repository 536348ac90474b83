//! Whose data a claim holds: a voter's, nobody's any more, or as far as the count tells.
//! Not what becomes of the data.

use crate::change::Ordinals;
use crate::scaling::cluster_state::{ClusterState, MembershipSource};

/// The node whose data lies on the claims of one ordinal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOwner {
    /// A view lists this voter, or without a leader's view the last trusted membership does: its id.
    Voter(String),
    /// The leader's view lists no voter of that ordinal.
    NoVoter,
    /// Its pod runs, and nothing shows that it has no vote.
    Running,
    /// No leader's view, and its pod is none of those that run: it was dropped earlier.
    Dropped,
    /// No leader's view, and no pod of the set runs: what is there comes back.
    Stopped,
}

impl ClaimOwner {
    /// Of the claims of this ordinal.
    pub fn of(cluster: &ClusterState, ordinal: u32) -> Self {
        let pod = Ordinals::first(ordinal, 1);
        if let Some(voter) = cluster.listed_leaving(&pod).first() {
            return ClaimOwner::Voter(voter.id.clone());
        }
        let remembered = || {
            let mut voters = cluster.current_state().facts().last_voters.iter().flatten();
            voters.find(|id| cluster.current_state().ordinal_of_id(id) == Some(ordinal))
        };
        if cluster.source != MembershipSource::Leader
            && let Some(id) = remembered()
        {
            return ClaimOwner::Voter(id.clone());
        }
        let running = &cluster.current_state().running;
        let runs = running.contains(ordinal);
        match cluster.source {
            // A voter that matches no pod may be this one, under an id and an address that do not tell.
            MembershipSource::Leader if runs && cluster.may_be_unmatched(ordinal) => ClaimOwner::Running,
            MembershipSource::Leader => ClaimOwner::NoVoter,
            MembershipSource::Leaderless | MembershipSource::LastKnown | MembershipSource::ReplicaCount if runs => {
                ClaimOwner::Running
            }
            MembershipSource::Leaderless | MembershipSource::LastKnown | MembershipSource::ReplicaCount
                if running.is_empty() =>
            {
                ClaimOwner::Stopped
            }
            MembershipSource::Leaderless | MembershipSource::LastKnown | MembershipSource::ReplicaCount => {
                ClaimOwner::Dropped
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::scaling::fixture::{ScalingFixture, leaderless, led, nothing};

    #[track_caller]
    fn holds(replicas: u32, facts: &Value, ordinal: u32, expected: ClaimOwner) {
        let fixture = ScalingFixture::of(replicas, &[], facts);
        let current = fixture.current_state();
        assert_eq!(ClaimOwner::of(&ClusterState::of(&current), ordinal), expected);
    }

    fn voter(id: &str) -> ClaimOwner {
        ClaimOwner::Voter(id.to_owned())
    }

    #[test]
    fn a_view_names_the_voter_whether_its_pod_runs_or_not() {
        holds(3, &led(3, &[]), 1, voter("rqlite-1"));
        holds(3, &led(3, &[1]), 1, voter("rqlite-1"));
        holds(3, &led(5, &[3, 4]), 4, voter("rqlite-4"));
        holds(3, &leaderless(5, &[1, 2, 3, 4]), 4, voter("rqlite-4"));
    }

    #[test]
    fn a_node_without_a_vote_in_the_leaders_view_holds_none() {
        holds(3, &led(3, &[]), 4, ClaimOwner::NoVoter);
        let mut facts = led(4, &[]);
        facts["membership"][3]["voter"] = json!(false);
        holds(4, &facts, 3, ClaimOwner::NoVoter);
    }

    #[test]
    fn a_voter_is_found_by_the_host_of_its_address() {
        let mut facts = led(3, &[]);
        facts["membership"][2]["id"] = json!("7f3a");
        holds(3, &facts, 2, voter("7f3a"));
    }

    #[test]
    fn a_running_pod_may_be_the_voter_that_matches_none() {
        let mut facts = led(3, &[]);
        facts["membership"][2]["id"] = json!("7f3a");
        facts["membership"][2]["addr"] = json!("10.0.0.7:4002");
        holds(3, &facts, 2, ClaimOwner::Running);
        holds(3, &facts, 3, ClaimOwner::NoVoter);
    }

    #[test]
    fn without_a_leaders_view_the_last_trusted_membership_names_the_voter() {
        let last = json!(["rqlite-0", "rqlite-1", "rqlite-4"]);
        let remembering = |mut facts: Value| {
            facts["lastVoters"] = last.clone();
            facts
        };
        holds(3, &remembering(nothing()), 4, voter("rqlite-4"));
        holds(0, &remembering(nothing()), 1, voter("rqlite-1"));
        holds(3, &remembering(leaderless(3, &[])), 4, voter("rqlite-4"));
        holds(3, &remembering(nothing()), 3, ClaimOwner::Dropped);
        holds(3, &remembering(led(3, &[])), 4, ClaimOwner::NoVoter);
    }

    #[test]
    fn without_a_leaders_view_the_count_tells() {
        holds(3, &nothing(), 2, ClaimOwner::Running);
        holds(3, &nothing(), 3, ClaimOwner::Dropped);
        holds(0, &nothing(), 0, ClaimOwner::Stopped);
        holds(3, &leaderless(2, &[]), 2, ClaimOwner::Running);
        holds(3, &leaderless(2, &[]), 3, ClaimOwner::Dropped);
    }
}
