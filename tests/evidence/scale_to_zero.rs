//! `quorum-guard/scale-to-zero`: a full stop of voters on an `emptyDir`.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows, ephemeral, has_lost_its_rows};
use crate::with_rqlited;

#[test]
fn a_full_stop_that_takes_the_data() {
    with_rqlited("scale_to_zero::shown");
}

#[test]
#[ignore = "only in a network of its own, for a_full_stop_that_takes_the_data"]
fn shown() {
    Scenario::of("quorum-guard/scale-to-zero")
        .case(
            "3 voters on `emptyDir`, `kubectl scale statefulset rqlite --replicas=0`, then `--replicas=3`",
            without,
            with,
        )
        .show(&majors());
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &ephemeral(&test_bed.manifest(3)));
    cluster.scaled(0);
    cluster.scaled(3);
    has_lost_its_rows(&cluster, 0);
    record.lost("all 3 nodes are Ready again, and the table is gone (`no such table`)");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &ephemeral(&test_bed.manifest(3)));
    let refusal = record.refused(&cluster.scale(0).refused());
    assert!(refusal.contains("replicas 3 -> 0 deletes the data of all nodes: it lies on no claim"), "{refusal}");
    let remedy = "take a backup, and delete the set on purpose (`quorate.dev/allow-deletion: \"true\"`)";
    assert!(refusal.ends_with(remedy), "{refusal}");
    let backup = cluster.node(0).backup().unwrap();
    record.step("took a backup");
    let kubectl = cluster.namespace.kubectl();
    kubectl.line("annotate statefulset/rqlite quorate.dev/allow-deletion=true").ok();
    kubectl.line("delete statefulset/rqlite --timeout=60s").ok();
    cluster.await_pods(0);
    record.step("deleted the set on purpose (`quorate.dev/allow-deletion: \"true\"`)");
    cluster.namespace.apply(&test_bed.manifest(3)).ok();
    test_bed.await_up(&cluster, 3);
    eventually("the backup to be loaded", || cluster.node(0).load(&backup));
    cluster.holds_all_rows(0..3);
    record.step("created it with the data directory on a claim template, and loaded the backup");
    cluster.scaled(0);
    cluster.scaled(3);
    record.step("scaled to 0, which passes now, and back to 3");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
