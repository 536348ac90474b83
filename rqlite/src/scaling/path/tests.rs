//! Ways down as a person would walk them.

use super::*;
use crate::scaling::cluster_state::Ids;
use crate::scaling::fixture::{ScalingFixture, led, nothing};

#[track_caller]
fn walked(fixture: &ScalingFixture, to: u32) -> Vec<String> {
    let removed = |ids: &Ids| ids.named.iter().rev().map(|id| format!("remove {id}")).collect::<Vec<_>>();
    let look = || vec!["look".to_owned()];
    let scaled = |count: &u32| vec![format!("scale {count}")];
    let steps = path_down(&fixture.set, fixture.rqlite(), fixture.facts(), to).into_iter();
    let said = steps.flat_map(|step| match &step {
        PathStep::EndSelfRemoval => vec!["end self-removal".to_owned()],
        PathStep::Arrive(count) => scaled(count),
        PathStep::Next(NextStep::ScaleThenRemove { target, remove }) => {
            [scaled(target), removed(remove), look()].concat()
        }
        PathStep::Next(NextStep::RemoveDead { dead, target }) => [removed(dead), look(), scaled(target)].concat(),
        PathStep::Next(NextStep::RemoveFirst { remove }) => [removed(remove), look()].concat(),
        PathStep::Next(
            NextStep::Wait { .. } | NextStep::JoinFirst { .. } | NextStep::BringBack { .. } | NextStep::Stay,
        ) => look(),
    });
    said.collect()
}

#[test]
fn what_is_allowed_at_once_is_one_step() {
    assert_eq!(walked(&ScalingFixture::of(5, &[], &led(5, &[])), 3), ["scale 3"]);
}

#[test]
fn three_go_to_one_over_two_removals() {
    let steps = walked(&ScalingFixture::of(3, &[], &led(3, &[])), 1);
    assert_eq!(steps, ["scale 2", "remove rqlite-2", "look", "remove rqlite-1", "look", "scale 1"]);
}

const REMOVES: &str = "-raft-cluster-remove-shutdown=true";

#[test]
fn self_removal_ends_before_a_way_that_leads_over_two() {
    let last = ["scale 2", "remove rqlite-2", "look", "remove rqlite-1", "look", "scale 1"];
    assert_eq!(
        walked(&ScalingFixture::of(3, &[REMOVES], &led(3, &[])), 1),
        [&["end self-removal"][..], &last].concat()
    );
    let first = ["end self-removal", "scale 3", "remove rqlite-4", "remove rqlite-3", "look"];
    assert_eq!(walked(&ScalingFixture::of(5, &[REMOVES], &led(5, &[])), 1), [&first[..], &last].concat());
    assert_eq!(walked(&ScalingFixture::of(5, &[REMOVES], &led(5, &[])).ordered(), 1), [&first[..], &last].concat());
    assert_eq!(walked(&ScalingFixture::of(3, &[REMOVES], &led(3, &[])), 2), ["end self-removal", "scale 2"]);
}

#[test]
fn self_removal_stays_on_a_way_that_ends_above_two_and_of_two_alone() {
    assert_eq!(walked(&ScalingFixture::of(5, &[REMOVES], &led(5, &[])), 3), ["scale 3"]);
    assert_eq!(walked(&ScalingFixture::of(2, &[REMOVES], &led(2, &[])), 1), ["scale 1"]);
}

#[test]
fn who_has_to_come_back_comes_before_any_change_of_the_launch() {
    assert_eq!(walked(&ScalingFixture::of(3, &[REMOVES], &led(3, &[1])), 1), ["look"]);
}

#[test]
fn nine_go_to_three_by_five() {
    let steps = walked(&ScalingFixture::of(9, &[], &led(9, &[])), 3);
    let removed = ["remove rqlite-8", "remove rqlite-7", "remove rqlite-6", "remove rqlite-5"];
    let expected: Vec<&str> = ["scale 5"].into_iter().chain(removed).chain(["look", "scale 3"]).collect();
    assert_eq!(steps, expected);
}

#[test]
fn dead_voters_go_first() {
    let steps = walked(&ScalingFixture::of(3, &[], &led(5, &[3, 4])), 2);
    assert_eq!(steps, ["remove rqlite-4", "remove rqlite-3", "look", "scale 2"]);
}

#[test]
fn without_a_view_only_the_first_step_is_foreseen() {
    assert_eq!(
        walked(&ScalingFixture::of(5, &[], &nothing()), 1),
        ["scale 3", "remove rqlite-4", "remove rqlite-3", "look"]
    );
}

#[test]
fn voters_that_have_to_come_back_end_it() {
    assert_eq!(walked(&ScalingFixture::of(3, &[], &led(3, &[1])), 2), ["look"]);
}
