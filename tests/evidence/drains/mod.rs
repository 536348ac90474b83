//! `quorum-guard/eviction-below-quorum`, over whole drains: every machine of a set, one after the other, with kubectl's retries.
//! Without Quorate each eviction is admitted and what is lost is counted; with it no drain goes below the quorum, and each one ends.
//! `QUORATE_DRAINS=20` makes that many runs of each variant, and a fifth as many where there is no Quorate; else there is one, with it.
//! `QUORATE_DRAINS_OF='the last one never back'` makes only those with these words in their names.

mod drain;
mod pool;

use std::time::Duration;

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Answering, ControlPlane, Quorate, Rqliteds, environment};

use crate::scenario::{TestBed, record};
use crate::with_rqlited;
use drain::{MachineBehaviour, Run, Shape};

const RULE: &str = "quorum-guard/eviction-below-quorum";

/// The variable with the number of runs of each variant with Quorate; where there is none it is done a fifth as often.
const RUNS: &str = "QUORATE_DRAINS";

#[test]
fn on_rqlited_7() {
    with_rqlited("drains::of_7");
}

#[test]
fn on_rqlited_8() {
    with_rqlited("drains::of_8");
}

#[test]
fn on_rqlited_9() {
    with_rqlited("drains::of_9");
}

#[test]
fn on_rqlited_10() {
    with_rqlited("drains::of_10");
}

#[test]
#[ignore = "only in a network of its own, for on_rqlited_7"]
fn of_7() {
    shown(7);
}

#[test]
#[ignore = "only in a network of its own, for on_rqlited_8"]
fn of_8() {
    shown(8);
}

#[test]
#[ignore = "only in a network of its own, for on_rqlited_9"]
fn of_9() {
    shown(9);
}

#[test]
#[ignore = "only in a network of its own, for on_rqlited_10"]
fn of_10() {
    shown(10);
}

/// The variable with what the names of the variants must have in them.
const OF: &str = "QUORATE_DRAINS_OF";

/// One way to drain one kind of set.
#[derive(Debug, Clone, Copy)]
struct Variant {
    done: &'static str,
    shape: Shape,
    machines: MachineBehaviour,
}

const fn variant(done: &'static str, voters: u32, removal: bool, machines: MachineBehaviour) -> Variant {
    Variant { done, shape: Shape { voters, removal }, machines }
}

/// Sorted by shape: a cluster serves several.
const VARIANTS: &[Variant] = &[
    variant(
        "3 voters with the injected flag, a drain of all machines, each back after 10 s",
        3,
        true,
        MachineBehaviour::Back,
    ),
    variant(
        "3 voters with the injected flag, a drain of all machines, which with their disks are gone until replaced",
        3,
        true,
        MachineBehaviour::Replaced,
    ),
    variant(
        "3 voters with the injected flag, a drain of all machines, the last one never back",
        3,
        true,
        MachineBehaviour::LastStaysAway,
    ),
    variant(
        "3 voters with the injected flag, a drain of all machines while a rollout is unfinished",
        3,
        true,
        MachineBehaviour::RollingOut,
    ),
    variant(
        "3 voters with the injected flag beside a dead fourth one, a drain of all machines",
        3,
        true,
        MachineBehaviour::DeadVoters,
    ),
    variant(
        "3 voters with the injected flag, one machine away; the follower is killed, and the leader evicted within its lease",
        3,
        true,
        MachineBehaviour::LeaderWithinItsLease,
    ),
    variant(
        "3 voters without the flag, a drain of all machines, each back after 10 s",
        3,
        false,
        MachineBehaviour::Back,
    ),
    variant(
        "3 voters without the flag, a drain of all machines, the last one never back",
        3,
        false,
        MachineBehaviour::LastStaysAway,
    ),
    variant(
        "3 voters without the flag beside two that were dropped and not removed, a drain of all machines",
        3,
        false,
        MachineBehaviour::DeadVoters,
    ),
    variant(
        "5 voters with the injected flag, a drain of all machines, each back after 10 s",
        5,
        true,
        MachineBehaviour::Back,
    ),
    variant(
        "5 voters with the injected flag, a drain of all machines while a rollout is unfinished",
        5,
        true,
        MachineBehaviour::RollingOut,
    ),
    variant(
        "5 voters with the injected flag, a drain of all machines, which with their disks are gone until replaced",
        5,
        true,
        MachineBehaviour::Replaced,
    ),
    variant(
        "5 voters with the injected flag, a drain of all machines, the last one never back",
        5,
        true,
        MachineBehaviour::LastStaysAway,
    ),
];

/// All variants on the newest of a major: first where nobody refuses an eviction, then with Quorate.
fn shown(major: u32) {
    let Some(rqlited) = Rqliteds::find().unwrap().newest_of(major) else {
        eprintln!("SKIPPED drains of rqlited {major}: there is none");
        return;
    };
    let count = environment(RUNS).map_or(1, |count| count.parse().unwrap());
    let words = environment(OF).unwrap_or_default();
    let variants: Vec<Variant> = VARIANTS.iter().filter(|variant| variant.done.contains(&words)).copied().collect();
    let plane = ControlPlane::shared();
    let without = pool::runs(&TestBed::unguarded(RULE, rqlited, plane), &variants, count / 5);
    let quorate = Quorate::install(plane);
    let with = pool::runs(&TestBed::new(RULE, rqlited, &quorate), &variants, count);
    let records: Vec<Record> = variants
        .iter()
        .zip(without.iter().zip(&with))
        .map(|(variant, (without, with))| told(record(plane, RULE, variant.done, rqlited), variant, without, with))
        .collect();
    records.iter().for_each(Record::write);
    variants.iter().zip(&with).for_each(|(variant, runs)| holds(variant, runs));
}

/// As Quorate makes it: where there is none the flag and its grace period are written out.
fn manifest(test_bed: &TestBed<'_>, shape: Shape) -> String {
    match shape.removal {
        true => test_bed.injected(shape.voters),
        false => test_bed.manifest(shape.voters),
    }
}

/// A line for each run, as it ends.
fn say(test_bed: &TestBed<'_>, variant: &Variant, index: usize, run: &Run) {
    eprintln!(
        "rqlited {} {}: {}, run {index}: ended {}, {} times 429, lowest {} answering of quorum {}, {:.1} s without a write, leads {}, {:.0} s",
        test_bed.rqlited.version,
        if test_bed.is_guarded() { "with Quorate" } else { "without" },
        variant.done,
        run.ended,
        run.retries,
        run.lowest.voters,
        run.lowest.quorum,
        run.gap.as_secs_f64(),
        run.leads,
        run.took.as_secs_f64(),
    );
}

fn told(mut record: Record, variant: &Variant, without: &[Run], with: &[Run]) -> Record {
    let lost = without.iter().filter(|run| !run.lowest.holds() || !run.leads).count();
    let never = without.iter().filter(|run| !run.leads).count();
    let loss = format!(
        "{}; {never} of {} had no leader again with the machines that were back",
        extremes(without),
        without.len()
    );
    if !without.is_empty() {
        record.counted(&loss, number(lost), number(without.len()));
    }
    if let Some(run) = with.iter().find(|run| run.retries > 0) {
        record.refused(&run.refusal);
    }
    let retries: usize = with.iter().map(|run| run.retries).sum();
    record.step(format!("the drain asked again every 5 s: {retries} answers of 429 in {} drains", with.len()));
    with.iter().flat_map(|run| &run.steps).for_each(|step| {
        if !record.remedy.contains(step) {
            record.step(step)
        }
    });
    let ended = with.iter().filter(|run| run.ended).count();
    let kept = with.iter().filter(|run| run.leads && run.kept).count();
    record.outcome = format!(
        "{ended} of {} drains ended; {}; {kept} had a leader with the machines that were back, and every acknowledged row",
        with.len(),
        extremes(with)
    );
    if variant.machines == MachineBehaviour::LeaderWithinItsLease {
        record.remark =
            "here the quorum is lost by the kill, not by an eviction: what counts is that it comes back".to_owned();
    }
    record
}

fn extremes(runs: &[Run]) -> String {
    let Some(lowest) = runs.iter().map(|run| run.lowest).reduce(Answering::worse) else { return String::new() };
    let gap = runs.iter().map(|run| run.gap).max().unwrap_or_default();
    format!(
        "at the worst moment {} voters answered, the quorum is {}; the longest time without a write was {} s",
        lowest.voters,
        lowest.quorum,
        (gap + Duration::from_millis(500)).as_secs()
    )
}

/// No drain went below the quorum, and each one ended.
fn holds(variant: &Variant, runs: &[Run]) {
    for run in runs {
        assert!(run.ended, "{}: {run:?}", variant.done);
        assert!(run.leads && run.kept, "{}: {run:?}", variant.done);
        // There the kill is what goes below it, and the lease is over within a second.
        if variant.machines != MachineBehaviour::LeaderWithinItsLease {
            assert!(run.retries > 0 && run.lowest.holds(), "{}: {run:?}", variant.done);
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap()
}
