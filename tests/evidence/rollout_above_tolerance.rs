//! `quorum-guard/rollout-above-tolerance`: a rollout that stops two of three at once, to an image that does not come up.
//! The field is behind a feature that is off by default (kube-apiserver 1.36.3), and is dropped by an API server without it.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows, edited, number_behind};
use crate::with_rqlited;

/// No registry has it.
const NOWHERE: &str = "99.0.0";

#[test]
fn a_rollout_of_two_at_once() {
    with_rqlited("rollout_above_tolerance::shown");
}

#[test]
#[ignore = "only in a network of its own, for a_rollout_of_two_at_once"]
fn shown() {
    let done = "3 voters, the feature `MaxUnavailableStatefulSet` on, `kubectl apply` with `maxUnavailable: 2` and an image that cannot be pulled";
    Scenario::of("quorum-guard/rollout-above-tolerance")
        .case(done, without, with)
        .feature("MaxUnavailableStatefulSet")
        .show(&majors());
}

/// A template that cannot come up, under such a strategy.
fn rollout(test_bed: &TestBed<'_>, unavailable: u32) -> String {
    let manifest = edited(&test_bed.manifest(3), &test_bed.rqlited.version.to_string(), NOWHERE);
    strategy(&manifest, unavailable)
}

fn strategy(manifest: &str, unavailable: u32) -> String {
    let policy = "  podManagementPolicy: Parallel\n";
    let strategy = format!("  updateStrategy:\n    rollingUpdate:\n      maxUnavailable: {unavailable}\n");
    edited(manifest, policy, &format!("{policy}{strategy}"))
}

/// Of an API server that drops the field nothing can be shown.
fn honours(cluster: &Cluster<'_>) -> bool {
    let set = cluster.namespace.kubectl().get("statefulset/rqlite");
    set.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable").is_some()
}

fn await_stuck(cluster: &Cluster<'_>, pods: &[&str]) {
    for pod in pods {
        eventually(&format!("{pod} not to come up"), || {
            let found = cluster.namespace.kubectl().find(&format!("pod/{pod}"))?;
            let reason = found.pointer("/status/containerStatuses/0/state/waiting/reason").cloned().unwrap_or_default();
            if reason == "ErrImagePull" { Ok(()) } else { Err(found["status"].to_string()) }
        });
    }
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    cluster.namespace.apply(&rollout(test_bed, 2)).ok();
    if !honours(&cluster) {
        eprintln!("SKIPPED rollout-above-tolerance: this API server drops maxUnavailable");
        record.remark = "this API server drops `maxUnavailable`, so nothing can be lost by it".to_owned();
        return;
    }
    await_stuck(&cluster, &["rqlite-1", "rqlite-2"]);
    cluster.has_lost_its_quorum(0);
    record.lost("rqlite-1 and rqlite-2 are stopped together and do not come up: strong reads and writes fail");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    if !record.remark.is_empty() {
        return;
    }
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let refusal = record.refused(&cluster.namespace.apply(&rollout(test_bed, 2)).refused());
    assert!(refusal.contains("maxUnavailable 2 lets a rollout stop 2 of 3 voters at once"), "{refusal}");
    let at_most = number_behind(&refusal, "set it to at most ");
    cluster.namespace.apply(&rollout(test_bed, at_most)).ok();
    record.step(format!("applied the same with `maxUnavailable: {at_most}`"));
    await_stuck(&cluster, &["rqlite-2"]);
    let during = all_rows(&cluster, 0..2);
    record.step(format!("the rollout stops at rqlite-2: {during}"));
    cluster.namespace.apply(&strategy(&test_bed.manifest(3), at_most)).ok();
    // The controller does not replace a Pod that never got ready by itself (Kubernetes: StatefulSets, "Forced rollback").
    cluster.namespace.kubectl().line("delete pod/rqlite-2 --timeout=30s").ok();
    cluster.namespace.await_ready("rqlite", 3);
    record.step("applied the image that was there before, and deleted the Pod that could not start");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
