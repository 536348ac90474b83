//! `quorum-guard/eviction-below-quorum`: two of three are evicted, one right after the other, and their machines do not come back.
//! Whole drains are in `drains`.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows};
use crate::with_rqlited;

#[test]
fn a_drain_of_two_machines() {
    with_rqlited("eviction_below_quorum::shown");
}

#[test]
#[ignore = "only in a network of its own, for a_drain_of_two_machines"]
fn shown() {
    Scenario::of("quorum-guard/eviction-below-quorum")
        .case("3 voters without the flag, evictions of rqlite-1 and rqlite-2, whose machines fail", without, with)
        .show(&majors());
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    for ordinal in [1, 2] {
        cluster.evict(ordinal).ok();
        cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}")).hold();
    }
    cluster.has_lost_its_quorum(0);
    record.lost("1 of 3 voters is left: strong reads and writes fail until one machine is back");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    cluster.evict(1).ok();
    let node = cluster.namespace.rqlite_node("rqlite-1");
    node.hold();
    let output = cluster.evict(2);
    let printed = output.refused();
    assert!(printed.contains("TooManyRequests"), "429, so that a drain tries again: {printed}");
    let refusal = record.refused(&printed);
    assert!(refusal.contains("evicting rqlite-2 leaves 1 of 3 voters, quorum is 2"), "{refusal}");
    assert!(refusal.contains("; wait until rqlite-1 is back; the drain tries again"), "{refusal}");
    cluster.holds_all_rows(0..1);
    record.step("rqlite-0 and rqlite-2 go on meanwhile");
    node.release();
    eventually("the eviction to be admitted", || {
        let output = cluster.evict(2);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    record.step("brought the machine of rqlite-1 back; the eviction, tried again, passed by itself");
    cluster.namespace.await_ready("rqlite", 3);
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
