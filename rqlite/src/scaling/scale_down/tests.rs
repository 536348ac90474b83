//! Scale-downs of made-up clusters, one per bound.

use serde_json::{Value, json};

use super::*;
use crate::scaling::fixture::{ScalingFixture, leaderless, led, nothing, with_claims};

const RM: &str = "-raft-cluster-remove-shutdown=true";

fn outcome(fixture: &ScalingFixture, to: u32) -> ScaleDownOutcome {
    let current = fixture.current_state();
    ScaleDown::of(&ClusterState::of(&current), &fixture.to(to).leaving()).outcome
}

#[test]
fn without_a_view_the_strict_bound_decides() {
    for (from, lowest) in [(2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4), (8, 5), (9, 5)] {
        for extra in [&[][..], &[RM]] {
            let fixture = ScalingFixture::of(from, extra, &nothing());
            for to in 1..from {
                let expected = if to >= lowest {
                    ScaleDownOutcome::Holds(ScaleDownBound::Strict)
                } else {
                    ScaleDownOutcome::Breaks
                };
                assert_eq!(outcome(&fixture, to), expected, "{from} -> {to}, {extra:?}");
            }
        }
    }
}

#[test]
fn with_a_leader_parallel_removal_relaxes_the_bound_by_one_voter() {
    for (from, lowest) in [(2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 4), (8, 4), (9, 5)] {
        let fixture = ScalingFixture::of(from, &[RM], &led(from, &[]));
        for to in 1..from {
            assert_eq!(outcome(&fixture, to) != ScaleDownOutcome::Breaks, to >= lowest, "{from} -> {to}");
        }
    }
    assert_eq!(
        outcome(&ScalingFixture::of(4, &[RM], &led(4, &[])), 2),
        ScaleDownOutcome::Holds(ScaleDownBound::Relaxed)
    );
}

#[test]
fn with_a_leader_one_by_one_reaches_one() {
    for from in 2..=9 {
        let fixture = ScalingFixture::of(from, &[RM], &led(from, &[])).ordered();
        assert!(matches!(outcome(&fixture, 1), ScaleDownOutcome::Holds(_)), "{from} -> 1");
        assert_eq!(
            outcome(&ScalingFixture::of(from, &[RM], &leaderless(from, &[])).ordered(), 1),
            ScaleDownOutcome::Breaks,
            "{from} -> 1"
        );
    }
}

#[test]
fn removal_counts_for_nothing_where_auth_is_on() {
    // Whether the node's user has `remove` cannot be seen.
    for auth in [&[RM, "-auth=/a/users.json"][..], &[RM, "-auth=/a/users.json", "-join-as=node"]] {
        assert_eq!(outcome(&ScalingFixture::of(4, auth, &led(4, &[])), 2), ScaleDownOutcome::Breaks, "{auth:?}");
        assert_eq!(
            outcome(&ScalingFixture::of(5, auth, &led(5, &[])).ordered(), 1),
            ScaleDownOutcome::Breaks,
            "{auth:?}"
        );
    }
    assert_eq!(
        outcome(&ScalingFixture::of(4, &[RM, "-auth="], &led(4, &[])), 2),
        ScaleDownOutcome::Holds(ScaleDownBound::Relaxed)
    );
}

/// All pods of the set, ready, and these changed.
fn with_pods(mut facts: Value, count: u32, changed: &[(u32, Value)]) -> Value {
    let pod = |ordinal: u32| {
        let mut pod = json!({ "name": format!("rqlite-{ordinal}"), "uid": format!("u{ordinal}"), "ready": true });
        for (_, keys) in changed.iter().filter(|(of, _)| *of == ordinal) {
            pod.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        }
        pod
    };
    facts["pods"] = (0..count).map(pod).collect();
    facts
}

fn judged(fixture: &ScalingFixture, to: u32) -> (ScaleDownOutcome, bool) {
    let current = fixture.current_state();
    let down = ScaleDown::of(&ClusterState::of(&current), &fixture.to(to).leaving());
    (down.outcome, down.passing)
}

#[test]
fn a_pod_on_its_way_out_does_not_stay() {
    let terminating = || json!({ "terminating": true });
    let strict = (ScaleDownOutcome::Holds(ScaleDownBound::Strict), false);
    for view in [led(5, &[]), leaderless(5, &[]), nothing()] {
        let facts = with_pods(view.clone(), 5, &[(0, terminating()), (1, terminating())]);
        assert_eq!(judged(&ScalingFixture::of(5, &[], &facts), 3), (ScaleDownOutcome::Breaks, true), "{view}");
        // The one that leaves is on its way out anyway.
        let facts = with_pods(view.clone(), 5, &[(4, terminating()), (3, terminating())]);
        assert_eq!(judged(&ScalingFixture::of(5, &[], &facts), 3), strict, "{view}");
        let mut reserved = with_pods(view.clone(), 5, &[]);
        reserved["leaving"] = json!([{ "name": "rqlite-0", "uid": "u0" }]);
        assert_eq!(judged(&ScalingFixture::of(5, &[], &reserved), 3), (ScaleDownOutcome::Breaks, true), "{view}");
        reserved["leaving"] = json!([{ "name": "rqlite-0", "uid": "of another pod" }]);
        assert_eq!(judged(&ScalingFixture::of(5, &[], &reserved), 3), strict, "{view}");
        // Too far down whoever is back.
        let facts = with_pods(view, 5, &[(0, terminating())]);
        assert_eq!(judged(&ScalingFixture::of(5, &[], &facts), 1), (ScaleDownOutcome::Breaks, false));
    }
}

#[test]
fn a_pod_on_its_way_out_proves_no_lost_quorum() {
    let terminating = || json!({ "terminating": true });
    let facts = with_pods(led(3, &[2]), 3, &[(0, terminating()), (1, terminating())]);
    assert_eq!(judged(&ScalingFixture::of(3, &[], &facts), 2), (ScaleDownOutcome::Breaks, true));
}

#[test]
fn the_same_pods_are_judged_again_as_before() {
    let mut facts = with_pods(led(4, &[]), 4, &[]);
    facts["leaving"] = json!([{ "name": "rqlite-2", "uid": "u2" }, { "name": "rqlite-3", "uid": "u3" }]);
    assert_eq!(outcome(&ScalingFixture::of(4, &[RM], &facts), 2), ScaleDownOutcome::Holds(ScaleDownBound::Relaxed));
}

#[test]
fn without_a_view_a_pod_that_is_known_not_to_answer_does_not_stay() {
    for (changed, to, expected) in [
        (json!({ "ready": false }), 2, ScaleDownOutcome::Breaks),
        (json!({ "running": false }), 2, ScaleDownOutcome::Breaks),
        (json!({ "ready": true }), 2, ScaleDownOutcome::Holds(ScaleDownBound::Strict)),
        (json!({ "ready": null }), 2, ScaleDownOutcome::Holds(ScaleDownBound::Strict)),
    ] {
        let facts = with_pods(nothing(), 3, &[(1, changed.clone())]);
        assert_eq!(judged(&ScalingFixture::of(3, &[], &facts), to), (expected, false), "{changed}");
    }
    let dead_one_leaves = with_pods(nothing(), 3, &[(2, json!({ "ready": false }))]);
    assert_eq!(
        outcome(&ScalingFixture::of(3, &[], &dead_one_leaves), 2),
        ScaleDownOutcome::Holds(ScaleDownBound::Strict)
    );
    let missing =
        json!({ "version": 1, "pods": [{ "name": "rqlite-0", "ready": true }, { "name": "rqlite-2", "ready": true }] });
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &missing), 2), ScaleDownOutcome::Breaks);
    // A view tells better than readiness, which needs a leader.
    let unready = with_pods(led(3, &[]), 3, &[(1, json!({ "ready": false }))]);
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &unready), 2), ScaleDownOutcome::Holds(ScaleDownBound::Strict));
}

#[test]
fn who_is_not_in_a_leaderless_list_may_answer_unless_its_pod_is_missing() {
    let view = leaderless(2, &[1]);
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &with_pods(view.clone(), 3, &[])), 2), ScaleDownOutcome::Breaks);
    assert_eq!(
        outcome(&ScalingFixture::of(3, &[], &with_pods(view.clone(), 3, &[(2, json!({ "ready": false }))])), 2),
        ScaleDownOutcome::Breaks
    );
    assert_eq!(
        outcome(&ScalingFixture::of(3, &[], &with_pods(view.clone(), 2, &[])), 2),
        ScaleDownOutcome::LostAlready
    );
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &view), 2), ScaleDownOutcome::Breaks);
}

#[test]
fn an_unfinished_rollout_does_not_remove_itself_unless_the_pods_say_so() {
    let mut fixture = ScalingFixture::of(4, &[RM], &led(4, &[]));
    fixture.set.status.current_revision = Some("a".to_owned());
    fixture.set.status.update_revision = Some("b".to_owned());
    assert_eq!(outcome(&fixture, 2), ScaleDownOutcome::Breaks);
    let mut facts = led(4, &[]);
    let pod = |ordinal: u32| json!({ "name": format!("rqlite-{ordinal}"), "ready": true, "removeOnShutdown": true });
    facts["pods"] = (0..4).map(pod).collect();
    assert_eq!(outcome(&ScalingFixture::of(4, &[], &facts), 2), ScaleDownOutcome::Holds(ScaleDownBound::Relaxed));
}

#[test]
fn a_lost_quorum_lets_only_the_unreachable_go() {
    let fixture = ScalingFixture::of(5, &[], &led(5, &[2, 3, 4]));
    assert_eq!(outcome(&fixture, 2), ScaleDownOutcome::LostAlready);
    assert_eq!(outcome(&fixture, 1), ScaleDownOutcome::Breaks);
    assert_eq!(outcome(&ScalingFixture::of(5, &[], &leaderless(5, &[2, 3, 4])), 4), ScaleDownOutcome::LostAlready);
}

#[test]
fn removed_nodes_leave_freely() {
    // Two of five were removed by API, their pods still run.
    assert_eq!(outcome(&ScalingFixture::of(5, &[], &led(3, &[])), 3), ScaleDownOutcome::NoVoterLeaves);
    assert_eq!(outcome(&ScalingFixture::of(2, &[], &led(1, &[])), 1), ScaleDownOutcome::NoVoterLeaves);
}

#[test]
fn a_leaving_pod_that_matches_no_entry_counts_as_an_unmatched_voter_that_answers() {
    let unmatched = |id: &str| json!({ "id": id, "addr": "10.0.0.9:4002", "voter": true, "reachable": true });
    let facts = json!({ "version": 1, "leader": "a", "membership": [unmatched("a"), unmatched("b"), unmatched("c")] });
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &facts), 2), ScaleDownOutcome::Holds(ScaleDownBound::Strict));
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &facts), 1), ScaleDownOutcome::Breaks);
    // One voter elsewhere, none of the pods a member: at most that one is lost.
    let elsewhere = json!({ "version": 1, "leader": "a", "membership": [unmatched("a")] });
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &elsewhere), 1), ScaleDownOutcome::Breaks);
}

#[test]
fn a_voter_named_like_a_pod_beyond_the_old_ordinals_is_on_its_way_out() {
    // 5 -> 3 is under way: rqlite-3 and rqlite-4 still answer.
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &led(5, &[])), 2), ScaleDownOutcome::Breaks);
}

#[test]
fn claims_and_the_last_membership_keep_dropped_voters_in_mind() {
    assert_eq!(
        outcome(&ScalingFixture::of(3, &[], &with_claims(nothing(), &[0, 1, 2])), 2),
        ScaleDownOutcome::Holds(ScaleDownBound::Strict)
    );
    assert_eq!(
        outcome(&ScalingFixture::of(3, &[], &with_claims(nothing(), &[0, 1, 2, 3, 4])), 2),
        ScaleDownOutcome::Breaks
    );
    let last = json!({ "version": 1, "lastVoters": ["rqlite-0", "rqlite-1", "rqlite-2", "rqlite-3", "other"] });
    assert_eq!(outcome(&ScalingFixture::of(3, &[], &last), 2), ScaleDownOutcome::Breaks);
    // A leader's view is better than memory.
    assert_eq!(
        outcome(&ScalingFixture::of(3, &[], &with_claims(led(3, &[]), &[0, 1, 2, 3, 4])), 2),
        ScaleDownOutcome::Holds(ScaleDownBound::Strict)
    );
}

#[test]
fn node_ids_that_are_no_pod_names_are_matched_by_the_address() {
    let member = |id: &str, ordinal: u32| json!({ "id": id, "addr": format!("rqlite-{ordinal}.svc:4002"), "voter": true, "reachable": true });
    let view: Vec<Value> = [("a", 0), ("b", 1), ("c", 2)].map(|(id, ordinal)| member(id, ordinal)).to_vec();
    let fixture = ScalingFixture::of(3, &[], &json!({ "version": 1, "leader": "a", "membership": view }));
    let current = fixture.current_state();
    let cluster = ClusterState::of(&current);
    assert_eq!(cluster.ids_leaving(&fixture.to(1).leaving()).named, ["b", "c"]);
    assert_eq!(outcome(&fixture, 1), ScaleDownOutcome::Breaks);
}

#[test]
fn an_id_left_behind_at_the_same_address_is_not_removed_by_its_pod() {
    let member = |id: &str, ordinal: u32| json!({ "id": id, "addr": format!("rqlite-{ordinal}.svc:4002"), "voter": true, "reachable": true });
    let view = [member("rqlite-0", 0), member("rqlite-1", 1), member("rqlite-2", 2), member("old", 2)];
    let fixture = ScalingFixture::of(3, &[RM], &json!({ "version": 1, "leader": "rqlite-0", "membership": view }));
    // Relaxed, 2 of 4 - 1 would do; but only one of the two entries goes.
    assert_eq!(outcome(&fixture, 2), ScaleDownOutcome::Breaks);
}

#[test]
fn the_steps_show_where_the_quorum_is_lost() {
    let fixture = ScalingFixture::of(5, &[], &led(5, &[]));
    let current = fixture.current_state();
    let steps = stop_sequence(&ClusterState::of(&current), &fixture.to(2).leaving());
    let lost = steps.iter().find(|step| !step.after.has_quorum()).unwrap();
    assert_eq!((lost.id.as_str(), lost.after), ("rqlite-2", Quorum { voters: 5, reachable: 2 }));
    assert_eq!(steps.len(), 3);
}

#[test]
fn two_billion_replicas_are_counted_not_listed() {
    let fixture = ScalingFixture::of(i32::MAX as u32, &[], &nothing());
    assert_eq!(outcome(&fixture, 1), ScaleDownOutcome::Breaks);
    assert_eq!(outcome(&fixture, (i32::MAX as u32) - 1), ScaleDownOutcome::Holds(ScaleDownBound::Strict));
    assert_eq!(outcome(&ScalingFixture::of(i32::MAX as u32, &[], &led(3, &[])), 1), ScaleDownOutcome::Breaks);
}
