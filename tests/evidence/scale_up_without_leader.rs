//! `quorum-guard/scale-up-without-leader`: blank pods beside a cluster that has lost its leader.

use std::thread;
use std::time::{Duration, Instant};

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, Level, eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows};
use crate::with_rqlited;

/// How often it is tried: whether the new ones find each other in time is a race.
const RUNS: u32 = 3;

/// Longer than any second cluster took to form.
const LONGEST: Duration = Duration::from_secs(30);

#[test]
fn growth_without_a_leader() {
    with_rqlited("scale_up_without_leader::shown");
}

#[test]
#[ignore = "only in a network of its own, for growth_without_a_leader"]
fn shown() {
    Scenario::of("quorum-guard/scale-up-without-leader")
        .case("2 of 3 voters are down, `kubectl scale statefulset rqlite --replicas=6`", without, with)
        .show(&majors());
}

/// Holds down two of three.
fn leaderless(test_bed: &TestBed<'_>) -> Cluster<'static> {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    cluster.namespace.rqlite_node("rqlite-1").hold();
    cluster.namespace.rqlite_node("rqlite-2").hold();
    cluster.has_lost_its_quorum(0);
    cluster
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let mut lost = 0;
    for _ in 0..RUNS {
        let cluster = leaderless(test_bed);
        cluster.scale(6).ok();
        lost += u32::from(has_a_second_cluster(&cluster));
        test_bed.end(&cluster);
    }
    record.counted(
        "rqlite-3, rqlite-4 and rqlite-5 form a second cluster: Ready, with a leader, without the table, and without rqlite-0",
        lost,
        RUNS,
    );
}

/// The new ones are ready, know each other and none of the old ones, and have no table.
fn has_a_second_cluster(cluster: &Cluster<'_>) -> bool {
    let deadline = Instant::now() + LONGEST;
    let new = ["rqlite-3", "rqlite-4", "rqlite-5"];
    for pod in new {
        cluster.namespace.rqlite_node(pod);
    }
    while Instant::now() < deadline {
        let members = cluster.node(3).nodes().unwrap_or_default();
        let led = members.iter().any(|member| member.leader);
        let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
        let ready = (3..6).all(|ordinal| cluster.node(ordinal).ready().is_ok());
        let rows = cluster.node(3).query("SELECT count(*) FROM kept", Level::None);
        if led && ids == new && ready && rows.is_err_and(|error| error.contains("no such table")) {
            return true;
        }
        thread::sleep(Duration::from_millis(200));
    }
    false
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = leaderless(test_bed);
    let refusal = record.refused(&cluster.scale(6).refused());
    assert!(refusal.contains("replicas 3 -> 6 brings rqlite-3, rqlite-4 and rqlite-5 blank"), "{refusal}");
    let remedy = "bring the cluster's own nodes back over their own claims until one is leader, then grow";
    assert!(refusal.ends_with(remedy), "{refusal}");
    cluster.namespace.rqlite_node("rqlite-1").release();
    cluster.namespace.rqlite_node("rqlite-2").release();
    eventually("a leader", || match cluster.node(0).nodes() {
        Ok(nodes) if nodes.iter().any(|node| node.leader) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    record.step("brought rqlite-1 and rqlite-2 back, until there was a leader");
    eventually("growth to be admitted", || {
        let output = cluster.scale(6);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    cluster.namespace.await_ready("rqlite", 6);
    record.step("scaled to 6");
    record.outcome = all_rows(&cluster, 0..6);
    test_bed.end(&cluster);
}
