//! The way down after a denial, step by step.

use super::*;
use crate::scaling::fixture::{ScalingFixture, leaderless, led, nothing, with_claims};

fn next_step(fixture: &ScalingFixture, to: u32) -> NextStep {
    let current = fixture.current_state();
    NextStep::down(&ClusterState::of(&current), &fixture.to(to))
}

fn ids(names: &[&str]) -> Ids {
    Ids::of(names.iter().map(|name| (*name).to_owned()), u32::try_from(names.len()).unwrap())
}

#[test]
fn the_lowest_safe_count_is_the_quorum() {
    for facts in [nothing(), led(9, &[])] {
        let fixture = ScalingFixture::of(9, &[], &facts);
        let current = fixture.current_state();
        assert_eq!(lowest_safe(&ClusterState::of(&current), &fixture.to(4)), Some(5));
        assert_eq!(lowest_safe(&ClusterState::of(&current), &fixture.to(1)), Some(5));
    }
}

#[test]
fn scales_first_and_removes_then() {
    let expected = NextStep::ScaleThenRemove { target: 3, remove: ids(&["rqlite-3", "rqlite-4"]) };
    assert_eq!(next_step(&ScalingFixture::of(5, &[], &led(5, &[])), 2), expected);
    assert_eq!(next_step(&ScalingFixture::of(5, &[], &nothing()), 1), expected);
}

#[test]
fn of_two_voters_one_is_removed_first() {
    assert_eq!(
        next_step(&ScalingFixture::of(2, &[], &led(2, &[])), 1),
        NextStep::RemoveFirst { remove: ids(&["rqlite-1"]) }
    );
    assert_eq!(next_step(&ScalingFixture::of(2, &[], &nothing()), 1), NextStep::Stay);
}

#[test]
fn dead_voters_without_a_pod_are_removed_first() {
    // 5 -> 3 was done, and nobody removed the nodes.
    let fixture = ScalingFixture::of(3, &[], &led(5, &[3, 4]));
    assert_eq!(next_step(&fixture, 2), NextStep::RemoveDead { dead: ids(&["rqlite-3", "rqlite-4"]), target: 2 });
    assert_eq!(next_step(&fixture, 1), NextStep::RemoveDead { dead: ids(&["rqlite-3", "rqlite-4"]), target: 2 });
}

#[test]
fn voters_with_a_pod_are_brought_back_first() {
    assert_eq!(
        next_step(&ScalingFixture::of(3, &[], &led(3, &[1])), 2),
        NextStep::BringBack { missing: ids(&["rqlite-1"]) }
    );
    assert_eq!(
        next_step(&ScalingFixture::of(3, &[], &leaderless(3, &[1, 2])), 1),
        NextStep::BringBack { missing: ids(&["rqlite-1", "rqlite-2"]) }
    );
}

#[test]
fn every_target_named_is_one_that_would_be_admitted() {
    for from in 2..=9 {
        for voters in from..=9 {
            for view in [
                led(voters, &[]),
                led(voters, &[voters - 1]),
                nothing(),
                with_claims(nothing(), &(0..voters).collect::<Vec<_>>()),
            ] {
                let fixture = ScalingFixture::of(from, &[], &view);
                let current = fixture.current_state();
                let cluster = ClusterState::of(&current);
                for to in 1..from {
                    let Some(target) = lowest_safe(&cluster, &fixture.to(to)) else { continue };
                    assert!(
                        ScaleDown::of(&cluster, &fixture.to(target).leaving()).allowed(),
                        "{from} -> {target}: {view}"
                    );
                    assert!(!ScaleDown::of(&cluster, &fixture.to(target - 1).leaving()).allowed() || target - 1 <= to);
                }
            }
        }
    }
}

#[test]
fn shifted_ordinals_have_no_safe_count() {
    let fixture = ScalingFixture::of(3, &[], &nothing());
    let change = OrdinalChange { old: Ordinals::first(0, 3), new: Ordinals::first(3, 3) };
    let current = fixture.current_state();
    assert_eq!(lowest_safe(&ClusterState::of(&current), &change), None);
}

#[test]
fn the_edge_is_found_among_two_billion() {
    let fixture = ScalingFixture::of(i32::MAX as u32, &[], &nothing());
    let current = fixture.current_state();
    assert_eq!(lowest_safe(&ClusterState::of(&current), &fixture.to(1)), Some(1 << 30));
}
