//! Evictions on made-up clusters, and whole drains: every node of a cluster, one after the other.

use serde_json::{Value, json};

use super::*;
use crate::scaling::fixture::{ScalingFixture, leaderless, led, nothing, with_claims};

const RM: &str = "-raft-cluster-remove-shutdown=true";

fn evicted(fixture: &ScalingFixture, ordinal: u32) -> EvictionOutcome {
    let current = fixture.current_state();
    Eviction::of(&ClusterState::of(&current), ordinal).outcome
}

/// `rqlite-<n>`, changed by these keys.
fn pods(count: u32, changed: &[(u32, Value)]) -> Vec<Value> {
    let pod = |ordinal: u32| {
        let mut pod = json!({ "name": format!("rqlite-{ordinal}"), "uid": format!("u{ordinal}"), "ready": true, "running": true });
        for (_, keys) in changed.iter().filter(|(of, _)| *of == ordinal) {
            pod.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        }
        pod
    };
    (0..count).map(pod).collect()
}

fn with_pods(mut facts: Value, pods: Vec<Value>) -> Value {
    facts["pods"] = pods.into();
    facts
}

#[test]
fn one_of_three_may_go_and_the_second_may_not() {
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &led(3, &[])), 1), EvictionOutcome::Holds);
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &led(3, &[2])), 1), EvictionOutcome::Breaks);
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &led(3, &[2])), 2), EvictionOutcome::NoReachableVoter);
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &nothing()), 1), EvictionOutcome::Holds);
}

#[test]
fn a_node_that_removed_itself_counts_until_it_is_back() {
    for (extra, claims, expected) in [
        (&[RM][..], &[0, 1, 2, 3, 4][..], EvictionOutcome::Breaks),
        (&[RM], &[0, 1, 2], EvictionOutcome::Holds),
        (&[], &[0, 1, 2, 3, 4], EvictionOutcome::Holds),
    ] {
        // rqlite-3 and rqlite-4 are in no configuration.
        let fixture = ScalingFixture::of(5, extra, &with_claims(led(3, &[]), claims));
        assert_eq!(evicted(&fixture, 1), expected, "{extra:?}, {claims:?}");
    }
    let unfinished = |asked: Value| {
        let facts = with_pods(with_claims(led(3, &[]), &[0, 1, 2, 3, 4]), pods(5, &[(1, asked)]));
        evicted(&ScalingFixture::of(5, &[], &facts), 1)
    };
    assert_eq!(unfinished(json!({ "removeOnShutdown": true })), EvictionOutcome::Breaks);
    assert_eq!(unfinished(json!({ "removeOnShutdown": false })), EvictionOutcome::Holds);
}

#[test]
fn a_removal_that_is_not_certain_counts_as_one_that_is() {
    let facts = with_claims(led(3, &[]), &[0, 1, 2, 3, 4]);
    for extra in [&[RM, "-auth=/a"][..], &[RM, "-auth", "/a"]] {
        assert_eq!(evicted(&ScalingFixture::of(5, extra, &facts), 1), EvictionOutcome::Breaks, "{extra:?}");
    }
    let off = "-raft-cluster-remove-shutdown=false";
    for extra in [&[off][..], &["-auth=/a"], &[RM, off]] {
        assert_eq!(evicted(&ScalingFixture::of(5, extra, &facts), 1), EvictionOutcome::Holds, "{extra:?}");
    }
}

#[test]
fn a_voter_that_matches_no_pod_is_not_counted_twice() {
    let unmatched = |id: &str| json!({ "id": id, "addr": "10.0.0.9:4002", "voter": true, "reachable": true });
    let view = json!({ "version": 1, "leader": "a", "membership": [unmatched("a"), unmatched("b"), unmatched("c")] });
    assert_eq!(evicted(&ScalingFixture::of(3, &[RM], &with_claims(view, &[0, 1, 2])), 1), EvictionOutcome::Holds);
}

#[test]
fn a_voter_that_matches_no_pod_is_not_one_that_is_stopped() {
    let other = json!({ "id": "x", "addr": "10.0.0.9:4002", "voter": true, "reachable": true });
    let of = |running: bool| {
        let mut facts = with_claims(led(3, &[]), &[0, 1, 2]);
        facts["membership"][2] = other.clone();
        with_pods(facts, pods(3, &[(2, json!({ "running": running }))]))
    };
    assert_eq!(evicted(&ScalingFixture::of(3, &[RM], &of(false)), 1), EvictionOutcome::Breaks);
    assert_eq!(evicted(&ScalingFixture::of(3, &[RM], &of(true)), 1), EvictionOutcome::Holds);
}

#[test]
fn where_claims_are_not_known_each_may_have_one() {
    let facts = led(3, &[]);
    assert_eq!(evicted(&ScalingFixture::of(5, &[RM], &facts), 1), EvictionOutcome::Breaks);
    assert_eq!(evicted(&ScalingFixture::of(5, &[], &facts), 1), EvictionOutcome::Holds);
    assert_eq!(evicted(&ScalingFixture::of(2_000_000_000, &[RM], &facts), 1), EvictionOutcome::Breaks);
}

#[test]
fn a_voter_that_matches_no_pod_and_does_not_answer_is_none_of_the_own() {
    let of = |reachable: bool, claims: &[u32]| {
        let mut view = led(6, &[]);
        let listed = view["membership"].as_array_mut().unwrap();
        listed.remove(4);
        let unmatched = |id: &str| json!({ "id": id, "addr": "10.0.0.9:4002", "voter": true, "reachable": reachable });
        listed.extend([unmatched("other-0"), unmatched("other-1")]);
        evicted(&ScalingFixture::of(6, &[RM], &with_claims(view, claims)), 3)
    };
    // Of 7 listed and rqlite-4, which comes back, 4 stay and 5 must agree.
    assert_eq!(of(false, &[0, 1, 2, 3, 4, 5]), EvictionOutcome::Breaks);
    assert_eq!(
        of(false, &[0, 1, 2, 3, 5]),
        EvictionOutcome::Holds,
        "without its claim it does not come back as a voter"
    );
    assert_eq!(of(true, &[0, 1, 2, 3, 4, 5]), EvictionOutcome::Holds);
}

#[test]
fn a_leader_within_its_lease_is_waited_for_where_nodes_remove_themselves() {
    assert_eq!(evicted(&ScalingFixture::of(2, &[RM], &led(2, &[1])), 0), EvictionOutcome::WithinLease);
    assert_eq!(evicted(&ScalingFixture::of(3, &[RM], &led(3, &[1, 2])), 0), EvictionOutcome::WithinLease);
    assert_eq!(evicted(&ScalingFixture::of(3, &[RM], &led(3, &[1, 2])), 1), EvictionOutcome::NoReachableVoter);
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &led(3, &[1, 2])), 0), EvictionOutcome::LostAlready);
    assert_eq!(evicted(&ScalingFixture::of(3, &[RM], &leaderless(3, &[1, 2])), 0), EvictionOutcome::LostAlready);
}

#[test]
fn few_replicas_may_go_unless_a_view_lists_more_voters() {
    assert_eq!(evicted(&ScalingFixture::of(2, &[], &led(2, &[])), 1), EvictionOutcome::FewReplicas);
    assert_eq!(evicted(&ScalingFixture::of(1, &[], &nothing()), 0), EvictionOutcome::FewReplicas);
    assert_eq!(evicted(&ScalingFixture::of(2, &[], &led(3, &[])), 1), EvictionOutcome::Breaks);
    let remembered = |facts: Value, count: u32| {
        let mut facts = facts;
        facts["lastVoters"] = (0..count).map(|ordinal| json!(format!("rqlite-{ordinal}"))).collect();
        evicted(&ScalingFixture::of(2, &[], &facts), 1)
    };
    assert_eq!(remembered(nothing(), 2), EvictionOutcome::FewReplicas);
    assert_eq!(remembered(nothing(), 3), EvictionOutcome::Breaks);
    assert_eq!(remembered(leaderless(2, &[]), 3), EvictionOutcome::Breaks);
    assert_eq!(remembered(led(2, &[]), 3), EvictionOutcome::FewReplicas, "a leader's view goes before an older one");
    // Two of three replicas are all voters that there are.
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &led(2, &[])), 1), EvictionOutcome::Breaks);
}

#[test]
fn a_pod_beyond_the_own_ordinals_is_leaving_already() {
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &led(4, &[])), 3), EvictionOutcome::Beyond);
}

#[test]
fn pods_on_their_way_out_count_as_gone_and_by_their_uid() {
    let of = |facts: Value, ordinal| evicted(&ScalingFixture::of(3, &[], &facts), ordinal);
    let terminating = with_pods(led(3, &[]), pods(3, &[(0, json!({ "terminating": true }))]));
    assert_eq!(of(terminating.clone(), 1), EvictionOutcome::Breaks);
    assert_eq!(of(terminating, 0), EvictionOutcome::NoReachableVoter);
    let mut reserved = with_pods(led(3, &[]), pods(3, &[]));
    reserved["leaving"] = json!([{ "name": "rqlite-0", "uid": "u0" }]);
    assert_eq!(of(reserved.clone(), 1), EvictionOutcome::Breaks);
    assert_eq!(of(reserved.clone(), 0), EvictionOutcome::Holds, "the same pod is asked about again");
    reserved["leaving"] = json!([{ "name": "rqlite-0", "uid": "of the pod before" }]);
    assert_eq!(of(reserved, 1), EvictionOutcome::Holds);
}

#[test]
fn without_a_view_not_ready_alone_is_no_proof() {
    let of = |changed: &[(u32, Value)], ordinal| {
        evicted(&ScalingFixture::of(3, &[], &with_pods(nothing(), pods(3, changed))), ordinal)
    };
    let unready = || json!({ "ready": false });
    assert_eq!(of(&[(1, unready()), (2, unready())], 1), EvictionOutcome::Breaks);
    assert_eq!(of(&[(1, unready())], 1), EvictionOutcome::NoReachableVoter);
    let stopped = json!({ "ready": false, "running": false });
    assert_eq!(of(&[(1, stopped), (2, unready())], 1), EvictionOutcome::NoReachableVoter);
    let missing = with_pods(nothing(), pods(3, &[(2, unready())]).into_iter().skip(2).collect());
    assert_eq!(evicted(&ScalingFixture::of(3, &[], &missing), 1), EvictionOutcome::NoReachableVoter);
}

#[test]
fn in_an_unfinished_rollout_the_next_pod_counts_as_gone() {
    let with_status = |replicas: u32, strategy: &str, status: Value, facts: &Value| {
        let mut fixture = ScalingFixture::of(replicas, &[], facts);
        fixture.set.spec.update_strategy = serde_json::from_value(json!({ "type": strategy })).unwrap();
        fixture.set.metadata.generation = Some(5);
        fixture.set.status = serde_json::from_value(status).unwrap();
        fixture
    };
    let rolling =
        json!({ "observedGeneration": 5, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b" });
    let of = |replicas, status: &Value| {
        evicted(&with_status(replicas, "RollingUpdate", status.clone(), &led(replicas, &[])), 1)
    };
    assert_eq!(of(3, &rolling), EvictionOutcome::Breaks);
    assert_eq!(of(5, &rolling), EvictionOutcome::Holds);
    let zero = json!({ "observedGeneration": 5, "currentRevision": "a", "updateRevision": "b" });
    assert_eq!(of(3, &zero), EvictionOutcome::Breaks);
    assert_eq!(
        of(3, &json!({ "observedGeneration": 5, "currentRevision": "a", "updateRevision": "a" })),
        EvictionOutcome::Holds
    );
    assert_eq!(of(3, &json!({ "observedGeneration": 4, "updatedReplicas": 3 })), EvictionOutcome::Breaks);
    assert_eq!(
        of(3, &json!({ "observedGeneration": 5, "updatedReplicas": 3, "currentRevision": "a", "updateRevision": "b" })),
        EvictionOutcome::Holds
    );
    assert_eq!(evicted(&with_status(3, "OnDelete", rolling.clone(), &led(3, &[])), 1), EvictionOutcome::Holds);
    // One of five is out: it is the one that the rollout waits for.
    assert_eq!(evicted(&with_status(5, "RollingUpdate", rolling.clone(), &led(5, &[4])), 1), EvictionOutcome::Holds);
    // It does not wait for one further down: that is another drain's, and the next pod of the rollout goes as well.
    assert_eq!(evicted(&with_status(5, "RollingUpdate", rolling.clone(), &led(5, &[0])), 1), EvictionOutcome::Breaks);
    let stale = json!({ "observedGeneration": 4, "updatedReplicas": 5 });
    assert_eq!(evicted(&with_status(5, "RollingUpdate", stale, &led(5, &[4])), 1), EvictionOutcome::Breaks);
    // A pod that a drain took is not counted as updated either, and it comes back of the one revision there is.
    let one = |updated: u32| json!({ "observedGeneration": 5, "updatedReplicas": updated, "currentRevision": "a", "updateRevision": "a" });
    let terminating = with_pods(led(5, &[0]), pods(5, &[(0, json!({ "terminating": true }))]));
    let missing = with_pods(led(5, &[0]), pods(5, &[]).into_iter().skip(1).collect());
    let mut reserved = led(5, &[]);
    reserved["leaving"] = json!([{ "name": "rqlite-0", "uid": "u" }]);
    for out in [terminating, missing, reserved] {
        assert_eq!(evicted(&with_status(5, "RollingUpdate", one(4), &out), 1), EvictionOutcome::Holds);
        // A rollout that was taken back is none of a drain: more than the one pod is not updated.
        assert_eq!(evicted(&with_status(5, "RollingUpdate", one(1), &out), 1), EvictionOutcome::Breaks);
    }
    assert_eq!(evicted(&with_status(3, "RollingUpdate", one(2), &led(3, &[])), 1), EvictionOutcome::Breaks);
    // Taken back, it replaces the pods that it had replaced: while any but the highest is out, another one goes as well.
    assert_eq!(evicted(&with_status(5, "RollingUpdate", one(3), &led(5, &[4])), 1), EvictionOutcome::Holds);
    assert_eq!(evicted(&with_status(5, "RollingUpdate", one(3), &led(5, &[2])), 1), EvictionOutcome::Breaks);
    let on = json!({ "observedGeneration": 5, "updatedReplicas": 3, "currentRevision": "a", "updateRevision": "b" });
    assert_eq!(evicted(&with_status(5, "RollingUpdate", on, &led(5, &[2])), 1), EvictionOutcome::Holds);
    let huge = json!({ "observedGeneration": 5, "updatedReplicas": 1_000_000_000, "currentRevision": "a", "updateRevision": "b" });
    assert_eq!(evicted(&with_status(2_000_000_000, "RollingUpdate", huge, &led(3, &[])), 0), EvictionOutcome::Holds);
    let mut paused = with_status(3, "RollingUpdate", rolling, &led(3, &[]));
    paused.set.spec.update_strategy = serde_json::from_value(json!({ "rollingUpdate": { "partition": 2 } })).unwrap();
    assert_eq!(evicted(&paused, 1), EvictionOutcome::Holds);
}

#[test]
fn data_that_goes_with_the_pods_keeps_its_last_voter() {
    let ephemeral = |replicas: u32, facts: &Value| {
        let manifest = json!({
            "metadata": { "name": "rqlite", "namespace": "db" },
            "spec": { "replicas": replicas, "template": { "spec": {
                "containers": [{ "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": ["-disco-mode=dns"] }],
            } } },
        });
        ScalingFixture::from_manifest(manifest, facts)
    };
    assert_eq!(evicted(&ephemeral(2, &led(2, &[1])), 0), EvictionOutcome::LastData);
    assert_eq!(evicted(&ephemeral(3, &leaderless(3, &[1, 2])), 0), EvictionOutcome::LastData);
    assert_eq!(evicted(&ephemeral(2, &led(2, &[])), 0), EvictionOutcome::FewReplicas);
    assert_eq!(evicted(&ephemeral(1, &led(1, &[])), 0), EvictionOutcome::FewReplicas);
    let alone = with_pods(nothing(), pods(2, &[(1, json!({ "ready": false }))]));
    assert_eq!(evicted(&ephemeral(2, &alone), 0), EvictionOutcome::LastData);
}

/// A cluster whose nodes are drained, one after the other.
struct Drained {
    removes: bool,
    /// Voters of the configuration, by ordinal.
    voters: Vec<u32>,
    /// Nodes that run.
    up: Vec<u32>,
    size: u32,
    refused: u32,
}

impl Drained {
    fn of(size: u32, removes: bool) -> Self {
        Drained { removes, voters: (0..size).collect(), up: (0..size).collect(), size, refused: 0 }
    }

    fn decides(&self) -> bool {
        let answering = self.voters.iter().filter(|voter| self.up.contains(voter)).count();
        2 * answering > self.voters.len()
    }

    fn facts(&self) -> Value {
        let member = |ordinal: &u32| json!({ "id": format!("rqlite-{ordinal}"), "addr": format!("rqlite-{ordinal}.svc:4002"), "voter": true, "reachable": self.up.contains(ordinal) });
        let up = |ordinal: u32| {
            (ordinal, json!({ "ready": self.up.contains(&ordinal), "running": self.up.contains(&ordinal) }))
        };
        let leader =
            self.voters.iter().find(|voter| self.up.contains(voter)).map(|ordinal| format!("rqlite-{ordinal}"));
        let facts =
            json!({ "version": 1, "leader": leader, "membership": self.voters.iter().map(member).collect::<Vec<_>>() });
        let changed: Vec<(u32, Value)> = (0..self.size).map(up).collect();
        with_pods(with_claims(facts, &(0..self.size).collect::<Vec<_>>()), pods(self.size, &changed))
    }

    /// Whether the pod may go; then it has gone.
    fn evict(&mut self, ordinal: u32) -> bool {
        let extra: &[&str] = if self.removes { &[RM] } else { &[] };
        let fixture = ScalingFixture::of(self.size, extra, &self.facts());
        let outcome = evicted(&fixture, ordinal);
        if matches!(outcome, EvictionOutcome::Breaks | EvictionOutcome::WithinLease | EvictionOutcome::LastData) {
            self.refused += 1;
            return false;
        }
        self.up.retain(|up| *up != ordinal);
        if self.removes {
            self.voters.retain(|voter| *voter != ordinal);
        }
        assert!(self.decides(), "{outcome:?} of rqlite-{ordinal} left {:?} of {:?}", self.up, self.voters);
        true
    }

    /// A pod starts again, over its own claim or over a blank one: it joins.
    fn back(&mut self, ordinal: u32) {
        self.up.push(ordinal);
        if !self.voters.contains(&ordinal) {
            self.voters.push(ordinal);
        }
    }
}

#[test]
fn a_drain_of_every_node_ends_and_never_costs_the_quorum() {
    for (size, removes) in [(3, true), (3, false), (5, true), (5, false)] {
        // Pods that were evicted come back after so many more requests of the drain.
        for after in 0..=8 {
            let mut cluster = Drained::of(size, removes);
            let mut away: Vec<(u32, u32)> = Vec::new();
            for ordinal in 0..size {
                let mut tries = 0;
                loop {
                    away.iter_mut().for_each(|(_, left)| *left = left.saturating_sub(1));
                    for (ordinal, _) in away.extract_if(.., |(_, left)| *left == 0) {
                        cluster.back(ordinal);
                    }
                    if cluster.evict(ordinal) {
                        away.push((ordinal, after + 1));
                        break;
                    }
                    tries += 1;
                    assert!(tries < 100, "{size} voters, {removes}: the drain of rqlite-{ordinal} never ends");
                }
            }
            // Until the last of them is back, some requests were refused, unless each was back before the next.
            assert_eq!(
                cluster.refused == 0,
                after == 0 || (size == 5 && after == 1),
                "{size} voters, {removes}, {after}"
            );
        }
    }
}

#[test]
fn a_drain_of_nodes_that_are_gone_ends_once_the_named_voter_is_replaced() {
    for (size, removes) in [(3, true), (3, false), (5, true), (5, false)] {
        let mut cluster = Drained::of(size, removes);
        let mut gone: Vec<u32> = Vec::new();
        for ordinal in 0..size {
            while !cluster.evict(ordinal) {
                let named = gone.pop().expect("a refusal has somebody to name");
                // `DELETE /remove`, then its claim and pod are deleted: it comes back blank on another node.
                cluster.voters.retain(|voter| *voter != named);
                cluster.back(named);
            }
            gone.push(ordinal);
        }
        assert!(cluster.refused > 0 && cluster.decides());
    }
}
