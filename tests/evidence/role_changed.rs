//! `quorum-guard/role-changed`: `-raft-non-voter` is rolled out to voters that remove themselves when they stop.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::manifests::with_argument;
use quorate_cluster_tests::{Cluster, eventually, majors, manifests};

use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::with_rqlited;

#[test]
fn voters_that_become_readers() {
    with_rqlited("role_changed::shown");
}

#[test]
#[ignore = "only in a network of its own, for voters_that_become_readers"]
fn shown() {
    let done = "3 voters with `-raft-cluster-remove-shutdown=true`, `kubectl apply` with `-raft-non-voter=true` in the place of `-bootstrap-expect=3`; then rqlite-0 is down";
    Scenario::of("quorum-guard/role-changed").case(done, without, with).show(&majors());
}

fn voters(test_bed: &TestBed<'_>) -> String {
    with_argument(&test_bed.plain(3), "-raft-cluster-remove-shutdown=true")
}

fn readers(manifest: &str) -> String {
    edited(manifest, "-bootstrap-expect=3", "-raft-non-voter=true")
}

fn count_voters(cluster: &Cluster<'_>) -> usize {
    let nodes = eventually("the members", || match cluster.node(0).nodes()? {
        nodes if nodes.iter().any(|node| node.leader) => Ok(nodes),
        nodes => Err(format!("{nodes:?}")),
    });
    nodes.iter().filter(|node| node.voter == Some(true)).count()
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &voters(test_bed));
    cluster.namespace.apply(&readers(&voters(test_bed))).ok();
    cluster.namespace.await_ready("rqlite", 3);
    let left = count_voters(&cluster);
    assert_eq!(left, 1);
    cluster.namespace.rqlite_node("rqlite-0").hold();
    cluster.has_lost_its_quorum(1);
    record.lost("1 voter is left of 3: with one node down strong reads and writes fail, although two run");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &voters(test_bed));
    let refusal = record.refused(&cluster.namespace.apply(&readers(&voters(test_bed))).refused());
    assert!(refusal.contains("`-raft-non-voter` is turned on for 3 running voters"), "{refusal}");
    assert!(refusal.ends_with("put read-only nodes into a StatefulSet of their own"), "{refusal}");
    let pool = manifests::database("readers", 3, &test_bed.rqlited.version.to_string());
    let pool = edited(&pool, "\"readers-internal\"", "\"rqlite-internal\"");
    cluster.namespace.apply(&readers(&pool)).ok();
    cluster.namespace.await_ready("readers", 3);
    record.step("put 3 read-only nodes into a StatefulSet of their own");
    assert_eq!(count_voters(&cluster), 3);
    let node = cluster.namespace.rqlite_node("rqlite-0");
    node.hold();
    cluster.holds_all_rows(1..3);
    record.step("rqlite-0 down: the other two voters go on, and take a write");
    node.release();
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
