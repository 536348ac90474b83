//! `bootstrap-expect-lock/bootstrap-expect-changed`: 3 -> 1, and growth while there is no leader.

use std::thread;
use std::time::{Duration, Instant};

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, Level, between, eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::with_rqlited;

/// How often growth without a leader is tried.
const RUNS: u32 = 3;

#[test]
fn another_number_for_a_cluster_that_has_formed() {
    with_rqlited("bootstrap_expect_changed::shown");
}

#[test]
#[ignore = "only in a network of its own, for another_number_for_a_cluster_that_has_formed"]
fn shown() {
    let done = "3 voters, `kubectl apply` with `-bootstrap-expect=1`; then 2 voters are down, and it is scaled to 4";
    Scenario::of("bootstrap-expect-lock/bootstrap-expect-changed").case(done, without, with).show(&majors());
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let mut lost = 0;
    for _ in 0..RUNS {
        let cluster = test_bed.cluster(3, &test_bed.manifest(3));
        cluster.namespace.apply(&edited(&test_bed.manifest(3), "-bootstrap-expect=3", "-bootstrap-expect=1")).ok();
        cluster.namespace.await_ready("rqlite", 3);
        down(&cluster);
        cluster.scale(4).ok();
        lost += u32::from(is_alone(&cluster, 3));
        test_bed.end(&cluster);
    }
    record.counted("the one blank pod is a cluster of its own: Ready, its own leader, without the table", lost, RUNS);
}

/// Two of three.
fn down(cluster: &Cluster<'_>) {
    cluster.namespace.rqlite_node("rqlite-1").hold();
    cluster.namespace.rqlite_node("rqlite-2").hold();
    cluster.has_lost_its_quorum(0);
}

/// Leads a cluster of nobody else, and has no table.
fn is_alone(cluster: &Cluster<'_>, ordinal: u32) -> bool {
    cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}"));
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let node = cluster.node(ordinal);
        let members = node.nodes().unwrap_or_default();
        let rows = node.query("SELECT count(*) FROM kept", Level::None);
        let blank = rows.is_err_and(|error| error.contains("no such table"));
        if members.len() == 1 && members.iter().all(|member| member.leader) && node.ready().is_ok() && blank {
            return true;
        }
        thread::sleep(Duration::from_millis(200));
    }
    false
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let changed = edited(&test_bed.manifest(3), "-bootstrap-expect=3", "-bootstrap-expect=1");
    let refusal = record.refused(&cluster.namespace.apply(&changed).refused());
    assert!(refusal.contains("`-bootstrap-expect` 3 -> 1: each blank pod that finds no leader becomes"), "{refusal}");
    let kept = between(&refusal, "; keep `", "`");
    cluster.namespace.apply(&edited(&changed, "-bootstrap-expect=1", kept)).ok();
    record.step(format!("kept `{kept}`"));
    down(&cluster);
    cluster.scale(4).refused();
    record.step("2 voters down: growth is refused as well (`scale-up-without-leader`)");
    cluster.namespace.rqlite_node("rqlite-1").release();
    cluster.namespace.rqlite_node("rqlite-2").release();
    eventually("growth to be admitted", || {
        let output = cluster.scale(4);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    cluster.namespace.await_ready("rqlite", 4);
    record.step("brought them back, and scaled to 4");
    record.outcome = all_rows(&cluster, 0..4);
    test_bed.end(&cluster);
}
