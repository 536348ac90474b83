//! `quorum-guard/eviction-below-quorum` and `quorum-guard/scale-below-quorum`: two requests at once, through two API servers and two
//! replicas of Quorate, each of which would do by itself.

use std::thread;

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, Output, eventually, majors};

use crate::scenario::{Scenario, Stand, all_rows};
use crate::with_rqlited;

#[test]
fn two_requests_at_once() {
    with_rqlited("two_admissions::shown");
}

#[test]
#[ignore = "only in a network of its own, for two_requests_at_once"]
fn shown() {
    Scenario::of("quorum-guard/eviction-below-quorum")
        .api_servers(2)
        .case(
            "3 voters without the flag, evictions of rqlite-0 and rqlite-1 at once, whose machines fail",
            |stand, record| without(stand, record, Second::Eviction),
            |stand, record| with(stand, record, Second::Eviction),
        )
        .case(
            "3 voters with the injected flag, an eviction of rqlite-0 and a shrink to 2 at once, and the machine of rqlite-0 fails",
            |stand, record| without(stand, record, Second::Shrink),
            |stand, record| with(stand, record, Second::Shrink),
        )
        .show(&majors());
}

/// What is asked beside the eviction of rqlite-0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    Eviction,
    Shrink,
}

impl Second {
    fn manifest(self, stand: &Stand<'_>) -> String {
        match self {
            Self::Eviction => stand.manifest(3),
            Self::Shrink => stand.injected(3),
        }
    }

    fn ask(self, cluster: &Cluster<'_>, api_server: usize) -> Output {
        match self {
            Self::Eviction => cluster.evict_at(api_server, 1),
            Self::Shrink => cluster.scale_at(api_server, 2),
        }
    }
}

fn both(cluster: &Cluster<'_>, second: Second) -> [Output; 2] {
    thread::scope(|scope| {
        let first = scope.spawn(|| cluster.evict_at(0, 0));
        let other = second.ask(cluster, 1);
        [first.join().unwrap(), other]
    })
}

fn without(stand: &Stand<'_>, record: &mut Record, second: Second) {
    let cluster = stand.cluster(3, &second.manifest(stand));
    let gone: &[u32] = if second == Second::Eviction { &[0, 1] } else { &[0] };
    let nodes: Vec<_> =
        gone.iter().map(|ordinal| cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}"))).collect();
    let [first, other] = both(&cluster, second);
    nodes.iter().for_each(|node| node.hold());
    first.ok();
    other.ok();
    let left = if second == Second::Eviction { 2 } else { 1 };
    cluster.has_lost_its_quorum(left);
    record.lost(match second {
        Second::Eviction => "1 of 3 voters is left: strong reads and writes fail until one machine is back",
        Second::Shrink => "1 of 3 voters is left: strong reads and writes fail until the machine is back",
    });
    stand.end(&cluster);
}

fn with(stand: &Stand<'_>, record: &mut Record, second: Second) {
    let cluster = stand.cluster(3, &second.manifest(stand));
    let node = cluster.namespace.rqlite_node("rqlite-0");
    let outputs = both(&cluster, second);
    let refused: Vec<&Output> = outputs.iter().filter(|output| !output.succeeded()).collect();
    let [refused] = refused.as_slice() else { panic!("one of two is refused: {outputs:?}") };
    let refusal = record.refused(&refused.stderr);
    assert!(refusal.contains(" of 3 voters, quorum is 2"), "{refusal}");
    if outputs[0].succeeded() {
        node.hold();
        cluster.holds_all_rows(1..3);
        record.step("the machine of rqlite-0 failed; the other two went on");
        node.release();
    }
    eventually("the second one to be admitted", || {
        let again = if outputs[0].succeeded() { second.ask(&cluster, 1) } else { cluster.evict_at(0, 0) };
        if again.succeeded() { Ok(()) } else { Err(again.stderr) }
    });
    record.step("waited until all were back; the one that was refused, tried again, passed");
    let left = if second == Second::Eviction { 3 } else { 2 };
    cluster.await_pods(left);
    cluster.namespace.await_ready("rqlite", i64::from(left));
    record.outcome = all_rows(&cluster, 0..left);
    stand.end(&cluster);
}
