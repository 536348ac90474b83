//! `quorum-guard/eviction-below-quorum`: two evictions at once, through two API servers and two replicas of Quorate, each of which would do
//! by itself.

use std::thread;

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, Output, eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows};
use crate::with_rqlited;

#[test]
fn two_evictions_at_once() {
    with_rqlited("two_admissions::shown");
}

#[test]
#[ignore = "only in a network of its own, for two_evictions_at_once"]
fn shown() {
    Scenario::of("quorum-guard/eviction-below-quorum")
        .api_servers(2)
        .case(
            "3 voters without the flag, evictions of rqlite-0 and rqlite-1 at once, whose machines fail",
            without,
            with,
        )
        .show(&majors());
}

fn both(cluster: &Cluster<'_>) -> [Output; 2] {
    thread::scope(|scope| {
        let first = scope.spawn(|| cluster.evict_at(0, 0));
        let other = cluster.evict_at(1, 1);
        [first.join().unwrap(), other]
    })
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let nodes = [0, 1].map(|ordinal| cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}")));
    let outputs = both(&cluster);
    nodes.iter().for_each(|node| node.hold());
    for output in outputs {
        output.ok();
    }
    cluster.has_lost_its_quorum(2);
    record.lost("1 of 3 voters is left: strong reads and writes fail until one machine is back");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let outputs = both(&cluster);
    let admitted = u32::from(!outputs[0].succeeded());
    let refused: Vec<&Output> = outputs.iter().filter(|output| !output.succeeded()).collect();
    let [refused] = refused.as_slice() else { panic!("one of two is refused: {outputs:?}") };
    let refusal = record.refused(&refused.stderr);
    assert!(refusal.contains("leaves 1 of 3 voters, quorum is 2"), "{refusal}");
    let node = cluster.namespace.rqlite_node(&format!("rqlite-{admitted}"));
    node.hold();
    record.step("the machine of the first one failed; the other two went on");
    cluster.holds_all_rows(2..3);
    node.release();
    eventually("the second one to be admitted", || {
        let again = cluster.evict(1 - admitted);
        if again.succeeded() { Ok(()) } else { Err(again.stderr) }
    });
    record.step("waited until it was back; the one that was refused, tried again, passed");
    cluster.namespace.await_ready("rqlite", 3);
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
