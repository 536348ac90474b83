//! The simulation of `rqlite::scaling` against a model of Raft written for this test alone, on bit masks: every cluster of up to nine
//! voters, every set of them that answers, every set that leaves. The model shares no arithmetic with what it checks.
#![expect(clippy::unwrap_used, reason = "a test's own manifest")]

use kubernetes::manifest::StatefulSet;
use rqlite::change::{OrdinalChange, Ordinals};
use rqlite::cluster::RqliteSet;
use rqlite::facts::{Claim, Facts};
use rqlite::membership::{Member, Membership};
use rqlite::scaling::{ClusterState, CurrentState, DataLocation, NextStep, ScaleDown, lowest_safe};
use serde_json::json;

const MOST: u32 = 9;

/// A configuration and who of it is up, as masks.
#[derive(Clone, Copy)]
struct Raft {
    members: u32,
    up: u32,
}

impl Raft {
    fn decides(self) -> bool {
        2 * (self.members & self.up).count_ones() > self.members.count_ones()
    }

    fn stop(self, who: u32) -> Self {
        Raft { members: self.members, up: self.up & !who }
    }

    fn remove(self, who: u32) -> Self {
        Raft { members: self.members & !who, up: self.up & !who }
    }

    /// They all stop, and nobody is removed.
    fn survives_stops(self, leaving: u32) -> bool {
        self.stop(leaving).decides()
    }

    /// They all stop at once and ask to be removed. Whoever leads: a leader that stays removes all that can ask,
    /// one that leaves may remove nobody but itself.
    fn survives_removals_at_once(self, leaving: u32) -> bool {
        bits(self.members & self.up).all(|leader| {
            let removed = if leaving & leader == 0 { leaving & self.up } else { leader };
            self.remove(removed).stop(leaving).decides()
        })
    }

    /// They stop one after the other, the highest first, and whoever is up is removed before the next one stops.
    fn survives_removals_in_turn(self, leaving: u32) -> bool {
        let mut raft = self;
        for node in bits(leaving & self.up).collect::<Vec<_>>().into_iter().rev() {
            raft = raft.remove(node);
            if !raft.decides() {
                return false;
            }
        }
        raft.decides()
    }
}

fn bits(mask: u32) -> impl Iterator<Item = u32> {
    (0..32).map(|bit| 1 << bit).filter(move |bit| mask & bit != 0)
}

fn ordinals(mask: u32) -> Ordinals {
    (0..32).filter(|bit| mask >> bit & 1 == 1).collect()
}

fn set(arguments: &[&str], policy: &str) -> StatefulSet {
    serde_json::from_value(json!({
        "metadata": { "name": "rqlite", "namespace": "db" },
        "spec": {
            "podManagementPolicy": policy,
            "template": { "spec": {
                "terminationGracePeriodSeconds": 30,
                "containers": [{
                    "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": arguments,
                    "lifecycle": { "preStop": { "sleep": { "seconds": 3 } } },
                    "volumeMounts": [{ "name": "data", "mountPath": "/rqlite/file" }],
                }],
            } },
            "volumeClaimTemplates": [{ "metadata": { "name": "data" } }],
        },
    }))
    .unwrap()
}

fn view(raft: Raft, led: bool) -> Facts {
    let member = |bit: u32| {
        let ordinal = bit.trailing_zeros();
        Member {
            id: format!("rqlite-{ordinal}"),
            address: format!("rqlite-{ordinal}.rqlite-svc-internal:4002"),
            voter: true,
            reachable: raft.up & bit != 0,
            leader: false,
            version: None,
        }
    };
    let members: Vec<Member> = bits(raft.members).map(member).collect();
    let leader = members.iter().find(|member| member.reachable && led).map(|member| member.id.clone());
    Facts { membership: Some(Membership { members, leader }), ..Facts::default() }
}

/// Compares for every cluster of up to nine voters; `model` says whether a cluster that decides still does afterwards.
#[track_caller]
fn agrees(arguments: &[&str], policy: &str, led: bool, model: fn(Raft, u32) -> bool) {
    let set = set(arguments, policy);
    let rqlite = RqliteSet::detect(&set).unwrap();
    let data = DataLocation::of(&set, &rqlite);
    for voters in 1..=MOST {
        let members = (1 << voters) - 1;
        for up in 1..=members {
            let raft = Raft { members, up };
            let facts = view(raft, led);
            let current = CurrentState::new(&set, Some(&rqlite), ordinals(members), data.clone(), &facts);
            let cluster = ClusterState::of(&current);
            for leaving in 1..=members {
                let expected = if raft.decides() { model(raft, leaving) } else { leaving & up == 0 };
                let down = ScaleDown::of(&cluster, &ordinals(leaving));
                assert_eq!(down.allowed(), expected, "{voters} voters, up {up:b}, leaving {leaving:b}: {down:?}");
            }
        }
    }
}

const REMOVES: &[&str] = &["-raft-cluster-remove-shutdown=true"];

#[test]
fn stopping_without_removal_agrees_with_the_model() {
    agrees(&["-fk"], "Parallel", true, Raft::survives_stops);
}

#[test]
fn removal_counts_for_nothing_without_a_leader() {
    agrees(REMOVES, "Parallel", false, Raft::survives_stops);
}

#[test]
fn removal_at_once_agrees_with_the_model() {
    agrees(REMOVES, "Parallel", true, Raft::survives_removals_at_once);
}

#[test]
fn removal_in_turn_agrees_with_the_model() {
    agrees(REMOVES, "OrderedReady", true, Raft::survives_removals_in_turn);
}

#[test]
fn without_a_view_everybody_who_may_vote_does() {
    let set = set(&["-fk"], "Parallel");
    let rqlite = RqliteSet::detect(&set).unwrap();
    let data = DataLocation::of(&set, &rqlite);
    for running in 1_u32..1 << 6 {
        for claimed in 0_u32..1 << 6 {
            let claim = |bit: u32| Claim { name: format!("data-rqlite-{}", bit.trailing_zeros()), ..Claim::default() };
            let facts = Facts { claims: Some(bits(claimed).map(claim).collect()), ..Facts::default() };
            let current = CurrentState::new(&set, Some(&rqlite), ordinals(running), data.clone(), &facts);
            let cluster = ClusterState::of(&current);
            let raft = Raft { members: running | claimed, up: running };
            for leaving in bits(running).map(|bit| running & (bit | (bit - 1))) {
                let allowed = ScaleDown::of(&cluster, &ordinals(leaving)).allowed();
                assert_eq!(
                    allowed,
                    raft.decides() && raft.survives_stops(leaving),
                    "{running:b}, claims {claimed:b}, leaving {leaving:b}"
                );
            }
        }
    }
}

#[test]
fn the_lowest_safe_count_is_the_first_that_a_scan_finds() {
    for (arguments, policy) in [(&["-fk"][..], "Parallel"), (REMOVES, "Parallel"), (REMOVES, "OrderedReady")] {
        let set = set(arguments, policy);
        let rqlite = RqliteSet::detect(&set).unwrap();
        for voters in 2..=MOST {
            let members = (1_u32 << voters) - 1;
            for up in 1..=members {
                let facts = view(Raft { members, up }, true);
                let current =
                    CurrentState::new(&set, Some(&rqlite), ordinals(members), DataLocation::of(&set, &rqlite), &facts);
                let cluster = ClusterState::of(&current);
                let to = |count| OrdinalChange { old: ordinals(members), new: Ordinals::first(0, count) };
                let asked = to(1);
                let scan = (2..voters).find(|count| ScaleDown::of(&cluster, &to(*count).leaving()).allowed());
                assert_eq!(lowest_safe(&cluster, &asked), scan, "{voters} voters, up {up:b}");
                if let NextStep::ScaleThenRemove { target, .. } = NextStep::down(&cluster, &asked) {
                    assert!(ScaleDown::of(&cluster, &to(target).leaving()).allowed());
                }
            }
        }
    }
}
