//! Ways down as a person would walk them.

use super::*;
use crate::scaling::fixture::{World, led, nothing};

#[track_caller]
fn walked(world: &World, to: u32) -> Vec<String> {
    let short = |command: String| {
        if command.starts_with("# first set -raft-cluster-remove-shutdown=false in db/rqlite, ") {
            return "end self-removal".to_owned();
        }
        let (_, count) = command.rsplit_once("--replicas=").unwrap_or_default();
        if !count.is_empty() {
            return format!("scale {count}");
        }
        let (_, id) = command.rsplit_once("{\"id\":\"").unwrap_or_default();
        if id.is_empty() { "look".to_owned() } else { format!("remove {}", id.trim_end_matches("\"}'")) }
    };
    let commands = path_down(&world.set, world.rqlite(), world.facts(), to, "db", "http://localhost:4001").into_iter();
    let commands = commands.flat_map(|step| match step {
        PathStep::Way { commands, .. } => commands,
        PathStep::EndSelfRemoval { remark: line } | PathStep::Arrive { command: line } => vec![line],
    });
    commands.map(short).collect()
}

#[test]
fn what_is_allowed_at_once_is_one_step() {
    assert_eq!(walked(&World::of(5, &[], &led(5, &[])), 3), ["scale 3"]);
}

#[test]
fn three_go_to_one_over_two_removals() {
    let steps = walked(&World::of(3, &[], &led(3, &[])), 1);
    assert_eq!(steps, ["scale 2", "remove rqlite-2", "look", "remove rqlite-1", "look", "scale 1"]);
}

const REMOVES: &str = "-raft-cluster-remove-shutdown=true";

#[test]
fn self_removal_ends_before_a_way_that_leads_over_two() {
    let last = ["scale 2", "remove rqlite-2", "look", "remove rqlite-1", "look", "scale 1"];
    assert_eq!(walked(&World::of(3, &[REMOVES], &led(3, &[])), 1), [&["end self-removal"][..], &last].concat());
    let first = ["end self-removal", "scale 3", "remove rqlite-4", "remove rqlite-3", "look"];
    assert_eq!(walked(&World::of(5, &[REMOVES], &led(5, &[])), 1), [&first[..], &last].concat());
    assert_eq!(walked(&World::of(5, &[REMOVES], &led(5, &[])).ordered(), 1), [&first[..], &last].concat());
    assert_eq!(walked(&World::of(3, &[REMOVES], &led(3, &[])), 2), ["end self-removal", "scale 2"]);
}

#[test]
fn self_removal_stays_on_a_way_that_ends_above_two_and_of_two_alone() {
    assert_eq!(walked(&World::of(5, &[REMOVES], &led(5, &[])), 3), ["scale 3"]);
    assert_eq!(walked(&World::of(2, &[REMOVES], &led(2, &[])), 1), ["scale 1"]);
}

#[test]
fn who_has_to_come_back_comes_before_any_change_of_the_launch() {
    assert_eq!(walked(&World::of(3, &[REMOVES], &led(3, &[1])), 1), ["look"]);
}

#[test]
fn nine_go_to_three_by_five() {
    let steps = walked(&World::of(9, &[], &led(9, &[])), 3);
    let removed = ["remove rqlite-8", "remove rqlite-7", "remove rqlite-6", "remove rqlite-5"];
    let expected: Vec<&str> = ["scale 5"].into_iter().chain(removed).chain(["look", "scale 3"]).collect();
    assert_eq!(steps, expected);
}

#[test]
fn dead_voters_go_first() {
    let steps = walked(&World::of(3, &[], &led(5, &[3, 4])), 2);
    assert_eq!(steps, ["remove rqlite-4", "remove rqlite-3", "look", "scale 2"]);
}

#[test]
fn without_a_view_only_the_first_step_is_foreseen() {
    assert_eq!(walked(&World::of(5, &[], &nothing()), 1), ["scale 3", "remove rqlite-4", "remove rqlite-3", "look"]);
}

#[test]
fn voters_that_have_to_come_back_end_it() {
    assert_eq!(walked(&World::of(3, &[], &led(3, &[1])), 2), ["look"]);
}
