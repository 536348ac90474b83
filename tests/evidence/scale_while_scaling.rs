//! `quorum-guard/scale-while-scaling`: two steps down at once, each of which would do by itself.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::majors;

use crate::scale_below_quorum::walk_down;
use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::with_rqlited;

#[test]
fn a_step_down_within_a_step_down() {
    with_rqlited("scale_while_scaling::shown");
}

#[test]
#[ignore = "only in a network of its own, for a_step_down_within_a_step_down"]
fn shown() {
    Scenario::of("quorum-guard/scale-while-scaling")
        .case("9 voters, `kubectl scale statefulset rqlite --replicas=5`, and `--replicas=3` at once", without, with)
        .show(&majors());
}

/// As in the official chart, a node goes on answering for some seconds when its Pod is to end.
fn slow_to_end(test_bed: &TestBed<'_>) -> String {
    let hook = "        lifecycle:\n          preStop:\n            exec:\n              command: [sleep, \"5\"]\n";
    edited(&test_bed.manifest(9), "        volumeMounts:\n", &format!("{hook}        volumeMounts:\n"))
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(9, &slow_to_end(test_bed));
    cluster.scale(5).ok();
    cluster.scale(3).ok();
    cluster.await_pods(3);
    cluster.has_lost_its_quorum(0);
    record.lost("3 of 9 voters stay: strong reads and writes fail for good");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(9, &slow_to_end(test_bed));
    cluster.scale(5).ok();
    let refusal = record.refused(&cluster.scale(3).refused());
    assert!(refusal.contains("replicas 5 -> 3 while "), "{refusal}");
    assert!(refusal.ends_with("wait until the last step has ended; the way back up is open"), "{refusal}");
    cluster.namespace.kubectl().line("scale statefulset/rqlite --replicas=9 --dry-run=server").ok();
    record.step("asked for the way back up by a dry run, which passed");
    cluster.await_pods(5);
    cluster.namespace.await_ready("rqlite", 5);
    record.step("waited until the last step had ended");
    let next = cluster.scale(3).refused();
    let message = next.lines().find(|line| line.contains("scale-below-quorum: ")).unwrap().to_owned();
    record.step("asked for 3 again, and did what `scale-below-quorum` said then");
    walk_down(&cluster, record, message, 3);
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
