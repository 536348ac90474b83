//! `quorum-guard/autoscaler-on-voters`: an autoscaler whose maximum is below the number of voters acts without any metric.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{majors, manifests};

use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::with_rqlited;

#[test]
fn an_autoscaler_of_voters() {
    with_rqlited("autoscaler_on_voters::shown");
}

#[test]
#[ignore = "only in a network of its own, for an_autoscaler_of_voters"]
fn shown() {
    Scenario::of("quorum-guard/autoscaler-on-voters")
        .case("5 voters, a HorizontalPodAutoscaler with min 1, max 2", without, with)
        .show(&majors());
}

fn autoscaler(set: &str, min: u32, max: u32) -> String {
    format!(
        "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {set}
spec:
  scaleTargetRef: {{ apiVersion: apps/v1, kind: StatefulSet, name: {set} }}
  minReplicas: {min}
  maxReplicas: {max}
  metrics:
  - type: Resource
    resource: {{ name: cpu, target: {{ type: Utilization, averageUtilization: 80 }} }}
"
    )
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(5, &test_bed.manifest(5));
    cluster.namespace.apply(&autoscaler("rqlite", 1, 2)).ok();
    cluster.await_pods(2);
    cluster.has_lost_its_quorum(0);
    record.lost("the autoscaler scales 5 -> 2 by itself: strong reads and writes fail for good");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(5, &test_bed.manifest(5));
    let refusal = record.refused(&cluster.namespace.apply(&autoscaler("rqlite", 1, 2)).refused());
    assert!(refusal.contains("min 1, max 2 lets load change the number of voters"), "{refusal}");
    let remedy =
        "set minReplicas to maxReplicas, or scale a read-only pool (`-raft-non-voter=true`) in a set of its own";
    assert!(refusal.ends_with(remedy), "{refusal}");
    cluster.namespace.apply(&autoscaler("rqlite", 5, 5)).ok();
    record.step("applied it with minReplicas and maxReplicas 5");
    let pool = manifests::database("readers", 4, &test_bed.rqlited.version.to_string());
    let pool = edited(&pool, "\"readers-internal\"", "\"rqlite-internal\"");
    cluster.namespace.apply(&edited(&pool, "-bootstrap-expect=4", "-raft-non-voter=true")).ok();
    cluster.namespace.await_ready("readers", 4);
    cluster.namespace.apply(&autoscaler("readers", 1, 2)).ok();
    cluster.namespace.await_ready("readers", 2);
    record.step("applied min 1, max 2 to a read-only pool of 4 in a set of its own: it is scaled to 2");
    assert_eq!(cluster.namespace.replicas("rqlite"), 5);
    record.outcome = all_rows(&cluster, 0..5);
    test_bed.end(&cluster);
}
