//! `bootstrap-expect-lock/bootstrap-expect-mismatch`: fewer nodes than the number, and more.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, Level, between, majors};

use crate::scenario::{Scenario, TestBed, all_rows, edited, number_behind};
use crate::with_rqlited;

/// How often five nodes are created: whether two groups form is a race.
const RUNS: u32 = 4;

/// Three nodes of three form within a few seconds.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn more_or_fewer_nodes_than_the_number() {
    with_rqlited("bootstrap_expect_mismatch::shown");
}

#[test]
#[ignore = "only in a network of its own, for more_or_fewer_nodes_than_the_number"]
fn shown() {
    Scenario::of("bootstrap-expect-lock/bootstrap-expect-mismatch")
        .case("a set is created with 2 replicas and `-bootstrap-expect=3`", without_enough, with_enough)
        .case("a set is created with 5 replicas and `-bootstrap-expect=3`", without_fewer, with_fewer)
        .show(&majors());
}

fn manifest(test_bed: &TestBed<'_>, replicas: u32, expect: &str) -> String {
    edited(&test_bed.manifest(replicas), &format!("-bootstrap-expect={replicas}"), expect)
}

fn without_enough(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(|client| client);
    cluster.namespace.apply(&manifest(test_bed, 2, "-bootstrap-expect=3")).ok();
    cluster.await_pods(2);
    cluster.namespace.rqlite_node("rqlite-1");
    thread::sleep(LONG);
    let words: Vec<String> = (0..2).map(|ordinal| cluster.node(ordinal).ready().unwrap_err()).collect();
    assert!(words.iter().all(|words| words.contains("leader not found")), "{words:?}");
    cluster.node(0).execute("CREATE TABLE kept (id INTEGER)").unwrap_err();
    record.lost(&format!("no leader after {} s, and every write fails; `/readyz`: leader not found", LONG.as_secs()));
    test_bed.end(&cluster);
}

fn with_enough(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(|client| client);
    let refusal = record.refused(&cluster.namespace.apply(&manifest(test_bed, 2, "-bootstrap-expect=3")).refused());
    assert!(refusal.contains("replicas 2, `-bootstrap-expect` 3: 3 nodes never meet"), "{refusal}");
    let replicas = number_behind(&refusal, "create it with replicas ");
    test_bed.bring_up(&cluster, replicas, &manifest(test_bed, replicas, "-bootstrap-expect=3"));
    record.step(format!("created it with replicas {replicas}: {}", all_rows(&cluster, 0..replicas)));
    test_bed.end(&cluster);
    let expect = between(&refusal, "or write `", "`");
    let cluster = test_bed.cluster(2, &manifest(test_bed, 2, expect));
    record.step(format!("elsewhere, wrote `{expect}`"));
    record.outcome = all_rows(&cluster, 0..2);
    test_bed.end(&cluster);
}

fn without_fewer(test_bed: &TestBed<'_>, record: &mut Record) {
    let mut lost = 0;
    for _ in 0..RUNS {
        let cluster = test_bed.place(|client| client);
        cluster.namespace.apply(&manifest(test_bed, 5, "-bootstrap-expect=3")).ok();
        cluster.await_pods(5);
        lost += u32::from(await_clusters(&cluster) > 1);
        test_bed.end(&cluster);
    }
    record.counted("two clusters stand side by side under one name: each takes writes with its own leader, and has none of the other's", lost, RUNS);
    if lost == 0 {
        "not lost in these runs: whether two groups reach the number at the same time is a race"
            .clone_into(&mut record.remark);
    }
}

/// How many clusters there are: one, once all five are together; else as many leaders as take a write that the others do not have.
fn await_clusters(cluster: &Cluster<'_>) -> usize {
    let deadline = Instant::now() + LONG;
    loop {
        let views: Vec<_> = (0..5).map(|ordinal| view(cluster, ordinal)).collect();
        let leaders: BTreeSet<u32> = views.iter().filter_map(|(leader, _)| *leader).collect();
        let together = views.iter().all(|(leader, members)| leader.is_some() && *members == 5);
        if together && leaders.len() == 1 {
            return 1;
        }
        if Instant::now() > deadline {
            return leaders.iter().filter(|&&leader| leads_alone(cluster, leader, &leaders)).count();
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Takes a write, with the consent of a quorum, and has none of the writes of the others.
fn leads_alone(cluster: &Cluster<'_>, leader: u32, leaders: &BTreeSet<u32>) -> bool {
    for ordinal in leaders {
        // Refused where it is there already.
        cluster.node(*ordinal).execute(&format!("CREATE TABLE of_{ordinal} (id INTEGER)")).unwrap_or_default();
    }
    let node = cluster.node(leader);
    let has = |ordinal: &u32| node.query(&format!("SELECT count(*) FROM of_{ordinal}"), Level::Strong);
    leaders.iter().all(|ordinal| match has(ordinal) {
        Ok(_) => *ordinal == leader,
        Err(error) => *ordinal != leader && error.contains("no such table"),
    })
}

/// Whom this node follows, and in a cluster of how many.
fn view(cluster: &Cluster<'_>, ordinal: u32) -> (Option<u32>, usize) {
    let members = cluster.node(ordinal).nodes().unwrap_or_default();
    let leader = members.iter().find(|member| member.leader);
    let leader = leader.and_then(|member| member.id.strip_prefix("rqlite-")?.parse().ok());
    (leader, members.len())
}

fn with_fewer(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(|client| client);
    let refusal = record.refused(&cluster.namespace.apply(&manifest(test_bed, 5, "-bootstrap-expect=3")).refused());
    assert!(refusal.contains("any 3 of 5 blank nodes form a cluster"), "{refusal}");
    let replicas = number_behind(&refusal, "create it with replicas ");
    test_bed.bring_up(&cluster, replicas, &manifest(test_bed, replicas, "-bootstrap-expect=3"));
    record.step(format!("created it with replicas {replicas}"));
    cluster.scaled(5);
    record.step("scaled to 5 when it had a leader");
    record.outcome = all_rows(&cluster, 0..5);
    test_bed.end(&cluster);
}
