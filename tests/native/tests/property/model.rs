//! Who votes and who answers, counted again from the facts as the rules' pages say it: on sets of names, sharing no arithmetic with
//! what it checks. Only for sets that anybody reads as voters.

use std::collections::BTreeSet;

use quorate_native_tests::facts::{Claim, Facts, Node, Pod};
use quorate_native_tests::set::Set;

pub(crate) type Names = BTreeSet<String>;

/// The cluster as the facts tell it.
pub(crate) struct Cluster {
    pub(crate) voters: Names,
    /// Voters that answer and are not on their way out.
    pub(crate) reachable: Names,
    /// Voters that a view lists.
    pub(crate) listed: Names,
    /// Of these, those that answer, on their way out or not.
    pub(crate) answering: Names,
    pub(crate) kind: ViewKind,
    pub(crate) own: Names,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewKind {
    Led,
    Leaderless,
    None,
}

/// More than half.
pub(crate) fn quorum(voters: usize) -> usize {
    voters / 2 + 1
}

impl Cluster {
    /// `leaving`: by them nothing changes for being on their way out already.
    pub(crate) fn of(set: &Set, facts: &Facts, leaving: &Names) -> Self {
        let own: Names = (0..usize::try_from(set.count()).unwrap_or(0)).map(|index| set.pod(index)).collect();
        // One that nobody answers for is no view.
        let view = facts.view.as_ref().filter(|view| view.voters() > 0);
        let kind = match view {
            Some(view) if view.is_led() => ViewKind::Led,
            Some(_) => ViewKind::Leaderless,
            None => ViewKind::None,
        };
        let (mut listed, mut answering) = (Names::new(), Names::new());
        if let Some(view) = view {
            for (index, node) in view.nodes.iter().enumerate() {
                if matches!(node, Node::Voter | Node::DeadVoter) {
                    listed.insert(set.pod(index));
                }
                if *node == Node::Voter {
                    answering.insert(set.pod(index));
                }
            }
            for (index, reachable) in view.foreign.iter().enumerate() {
                listed.insert(format!("other-{index}"));
                if *reachable {
                    answering.insert(format!("other-{index}"));
                }
            }
        }
        let mut voters = listed.clone();
        if kind != ViewKind::Led {
            voters.extend(own.iter().cloned());
            let claims = facts.claims.iter().flatten().enumerate();
            voters.extend(claims.filter(|(_, claim)| **claim != Claim::Missing).map(|(index, _)| set.pod(index)));
            voters.extend(facts.last.iter().flatten().map(|index| set.pod(*index)));
        }
        let mut reachable = answering.clone();
        if kind == ViewKind::None {
            reachable = own.iter().filter(|name| !down(set, facts, name)).cloned().collect();
        }
        reachable.retain(|name| name.starts_with("other-") || own.contains(name));
        reachable.retain(|name| leaving.contains(name) || pod(set, facts, name) != Some(Pod::Terminating));
        Cluster { voters, reachable, listed, answering, kind, own }
    }

    /// By what a view itself names.
    pub(crate) fn is_lost(&self) -> bool {
        self.kind != ViewKind::None && self.answering.len() < quorum(self.listed.len())
    }

    /// Those that answer when they are gone.
    pub(crate) fn stay(&self, leaving: &Names) -> usize {
        self.reachable.difference(leaving).count()
    }
}

/// None: nothing is known of it.
pub(crate) fn pod(set: &Set, facts: &Facts, name: &str) -> Option<Pod> {
    let pods = facts.pods.as_ref()?;
    let known = pods.iter().enumerate().find(|(index, _)| set.pod(*index) == name);
    Some(known.map_or(Pod::Missing, |(_, pod)| *pod))
}

/// Known to be missing or not ready.
fn down(set: &Set, facts: &Facts, name: &str) -> bool {
    matches!(pod(set, facts, name), Some(Pod::Missing | Pod::NotReady | Pod::Stopped))
}

/// The pods' word where they are there, else the object's; None where some are there and say otherwise.
pub(crate) fn removes_itself(set: &Set, facts: &Facts, pods: &Names) -> Option<bool> {
    let object = set.launch.is_on("raft-cluster-remove-shutdown");
    let there = |name: &&String| pod(set, facts, name).is_some_and(|pod| pod != Pod::Missing);
    let (told, all) = (pods.iter().filter(there).count(), pods.len());
    match facts.removal {
        Some(removal) if told == all || removal == object => Some(removal),
        Some(_) if told > 0 => None,
        Some(_) | None => Some(object),
    }
}

/// Whether self-removal would count in a bound: SIGTERM arrives, there is time, and no permission that nobody sees.
pub(crate) fn removal_counts(set: &Set) -> bool {
    set.launch.shape.passes_signals() && set.grace != Some(0) && set.launch.flag("auth").is_none()
}
