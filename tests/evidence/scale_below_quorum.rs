//! `quorum-guard/scale-below-quorum`: 3 -> 1 in one step.

use std::thread;
use std::time::{Duration, Instant};

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, between, eventually, ids_in, majors};

use crate::scenario::{Scenario, TestBed, all_rows, has_the_flag, number_behind, remedy_of};
use crate::with_rqlited;

#[test]
fn a_step_below_the_quorum() {
    with_rqlited("scale_below_quorum::shown");
}

#[test]
#[ignore = "only in a network of its own, for a_step_below_the_quorum"]
fn shown() {
    Scenario::of("quorum-guard/scale-below-quorum")
        .case("3 voters without the flag, `kubectl scale statefulset rqlite --replicas=1`", without, with)
        .case(
            "3 voters with the injected flag, `kubectl scale statefulset rqlite --replicas=1`",
            without_injected,
            with_injected,
        )
        .show(&majors());
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    cluster.scaled(1);
    cluster.has_lost_its_quorum(0);
    let repair = cluster.node(0).remove("rqlite-2").unwrap_err();
    record.lost(&format!("strong reads and writes fail for good, and `DELETE /remove` as well ({repair})"));
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let refusal = record.refused(&cluster.scale(1).refused());
    assert!(refusal.contains("replicas 3 -> 1 leaves 1 of 3 voters, quorum is 2; seen "), "{refusal}");
    walk_down(&cluster, record, refusal, 1);
    record.outcome = all_rows(&cluster, 0..1);
    test_bed.end(&cluster);
}

/// How often the race is run: the quorum is lost where the leader is among those that leave together.
const RUNS: u32 = 4;

fn without_injected(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.injected(3));
    let mut lost = 0;
    for _ in 0..RUNS {
        cluster.scaled(1);
        lost += u32::from(!takes_a_write(&cluster));
        cluster.scaled(3);
        cluster.holds_all_rows(0..3);
    }
    record.counted(
        "the leader went with the other, which stays a dead voter: writes fail until it is back",
        lost,
        RUNS,
    );
    test_bed.end(&cluster);
}

/// Within more than an election takes.
fn takes_a_write(cluster: &Cluster<'_>) -> bool {
    let ends = Instant::now() + Duration::from_secs(15);
    while Instant::now() < ends {
        if cluster.node(0).execute("CREATE TABLE IF NOT EXISTS taken (id INTEGER)").is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(200));
    }
    false
}

fn with_injected(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.injected(3));
    assert!(has_the_flag(&cluster), "nothing was injected");
    let refusal = record.refused(&cluster.scale(1).refused());
    let first = "; scale to 2, wait until the leaving nodes are gone from `/nodes`, remove what stays, then go on";
    assert!(refusal.ends_with(first), "{refusal}");
    scaled(&cluster, 2);
    record.step("scaled to 2");
    let stayed: Vec<String> = cluster.voters().into_iter().filter(|id| id == "rqlite-2").collect();
    cluster.remove(&stayed);
    record.step(format!("{} of 1 that left had to be removed", stayed.len()));
    // Admitted where a leader is seen, since the one that leaves removes itself.
    let last = cluster.scale(1);
    if last.succeeded() {
        cluster.await_pods(1);
        record.step("scaled to 1, which passes with a warning: rqlite-1 removes itself");
    } else {
        walk_down(&cluster, record, last.refused(), 1);
    }
    record.outcome = all_rows(&cluster, 0..1);
    test_bed.end(&cluster);
}

/// Goes down to `target` by nothing but what each refusal says, in its order.
pub(crate) fn walk_down(cluster: &Cluster<'_>, record: &mut Record, mut refusal: String, target: u32) {
    for _ in 0..5 {
        let remedy = remedy_of(&refusal);
        let to = number_behind(remedy, "scale to ");
        let ids = ids_in(between(remedy, "remove ", " from the cluster"));
        assert!(!ids.is_empty(), "{refusal}");
        let removal = format!("removed {}", ids.join(", "));
        if remedy.find("scale to ") < remedy.find("remove ") {
            scaled(cluster, to);
            record.step(format!("scaled to {to}"));
            cluster.remove(&ids);
            record.step(removal);
        } else {
            cluster.remove(&ids);
            record.step(removal);
            scaled(cluster, to);
            record.step(format!("scaled to {to}"));
        }
        if to == target {
            return;
        }
        let next = cluster.scale(target);
        if next.succeeded() {
            cluster.await_pods(target);
            record.step(format!("scaled to {target}"));
            return;
        }
        refusal = next.refused();
    }
    panic!("no way down to {target}: {refusal}");
}

/// Who removes the leader waits until there is another one: until then every step is refused.
fn scaled(cluster: &Cluster<'_>, to: u32) {
    eventually("the step to be admitted", || {
        let output = cluster.scale(to);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    cluster.namespace.await_ready("rqlite", i64::from(to));
    cluster.await_pods(to);
}
