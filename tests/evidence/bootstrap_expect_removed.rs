//! `bootstrap-expect-lock/bootstrap-expect-removed`: the flag is taken out of a running set.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{between, eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::with_rqlited;

#[test]
fn the_number_is_taken_away() {
    with_rqlited("bootstrap_expect_removed::shown");
}

#[test]
#[ignore = "only in a network of its own, for the_number_is_taken_away"]
fn shown() {
    let done = "3 voters, `kubectl apply` without `-bootstrap-expect=3`; then rqlite-1 is down";
    Scenario::of("bootstrap-expect-lock/bootstrap-expect-removed").case(done, without, with).show(&majors());
}

const FLAG: &str = "        - -bootstrap-expect=3\n";

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    cluster.namespace.apply(&edited(&test_bed.manifest(3), FLAG, "")).ok();
    let node = cluster.namespace.rqlite_node("rqlite-2");
    eventually("rqlite-2 to exit again and again", || {
        let failed = node.exits().iter().filter(|exit| exit.code == Some(1)).count();
        if failed >= 2 { Ok(()) } else { Err(format!("{:?}", node.exits())) }
    });
    cluster.namespace.rqlite_node("rqlite-1").hold();
    cluster.has_lost_its_quorum(0);
    record.lost("rqlite-2 restarts, exits with code 1 each time, and the rollout stops there; with one more node down strong reads and writes fail");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let changed = edited(&test_bed.manifest(3), FLAG, "");
    let refusal = record.refused(&cluster.namespace.apply(&changed).refused());
    assert!(refusal.contains("a voter with DNS discovery exits with code 1 at its next start"), "{refusal}");
    let kept = between(&refusal, "; keep `", "` where rqlited reads it");
    let restarted = test_bed.manifest(3).replace(FLAG, &format!("        - {kept}\n        - -raft-log-level=INFO\n"));
    cluster.namespace.apply(&restarted).ok();
    cluster.namespace.await_ready("rqlite", 3);
    record.step(format!("kept `{kept}`, and rolled out another change of the template"));
    let node = cluster.namespace.rqlite_node("rqlite-1");
    node.hold();
    let during = all_rows(&cluster, 0..1);
    record.step(format!("rqlite-1 down: {during}"));
    node.release();
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
