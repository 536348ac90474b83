//! What a stopped, hung or removed node changes about a verdict, between one request and the next.

use std::time::Instant;

use quorate_cluster_tests::{Cluster, ControlPlane, Quorate, eventually, manifests};

use crate::{on_each_major, with_rqlited};

#[test]
fn a_stopped_voter_turns_an_admitted_step_into_a_refused_one() {
    with_rqlited("stopped::one_voter_stopped");
}

#[test]
fn dropped_nodes_let_the_next_step_pass_only_once_they_are_removed() {
    with_rqlited("stopped::three_to_one");
}

#[test]
fn hung_nodes_hold_up_no_verdict() {
    with_rqlited("stopped::all_hung");
}

#[test]
fn no_blank_node_joins_a_cluster_without_a_leader() {
    with_rqlited("stopped::grown_while_leaderless");
}

#[test]
fn a_drain_waits_for_a_voter_that_does_not_answer() {
    with_rqlited("stopped::evicted");
}

#[test]
#[ignore = "only in a network of its own, for a_stopped_voter_turns_an_admitted_step_into_a_refused_one"]
fn one_voter_stopped() {
    let quorate = Quorate::install(ControlPlane::shared());
    on_each_major(|rqlited| {
        let cluster = Cluster::of(&quorate, "one_voter_stopped", 3, rqlited, |manifest| {
            manifests::without_self_removal(&manifest)
        });
        let dry_run = || cluster.namespace.kubectl().line("scale statefulset/rqlite --replicas=2 --dry-run=server");
        let admitted = dry_run().ok().stderr;
        assert!(admitted.contains("leaves 2 of 3 voters, quorum is 2") && admitted.contains("; seen 0."), "{admitted}");
        let node = cluster.namespace.rqlite_node("rqlite-1");
        node.hold();
        let refusal = eventually("the step to be refused", || {
            let output = dry_run();
            if output.succeeded() { Err(output.stderr) } else { Ok(output.refused()) }
        });
        assert!(refusal.contains("quorum-guard/scale-below-quorum: "), "{refusal}");
        assert!(refusal.contains("leaves 1 of 3 voters, quorum is 2"), "{refusal}");
        assert!(refusal.contains("bring rqlite-1 back first"), "{refusal}");
        node.release();
        eventually("the step to be admitted again", || {
            let output = dry_run();
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
        eprintln!("rqlited {}: {}", rqlited.version, refusal.trim());
    });
}

#[test]
#[ignore = "only in a network of its own, for dropped_nodes_let_the_next_step_pass_only_once_they_are_removed"]
fn three_to_one() {
    let quorate = Quorate::install(ControlPlane::shared());
    on_each_major(|rqlited| {
        let cluster =
            Cluster::of(&quorate, "three_to_one", 5, rqlited, |manifest| manifests::without_self_removal(&manifest));
        cluster.scaled(3);
        let refusal = cluster.scale(2).refused();
        assert!(refusal.contains("leaves 2 of 5 voters, quorum is 3; seen "), "{refusal}");
        cluster.remove(&["rqlite-4".to_owned(), "rqlite-3".to_owned()]);
        cluster.scaled(2);
        let refusal = cluster.scale(1).refused();
        assert!(
            refusal.contains("remove the dead rqlite-2 from the cluster") || refusal.contains("bring rqlite-2 back"),
            "{refusal}"
        );
        cluster.remove(&["rqlite-2".to_owned()]);
        let refusal = cluster.scale(1).refused();
        assert!(refusal.contains("remove rqlite-1 from the cluster while it still runs"), "{refusal}");
        cluster.remove(&["rqlite-1".to_owned()]);
        cluster.scaled(1);
        cluster.holds_all_rows(0..1);
        eprintln!("rqlited {}: 5 -> 3 -> 2 -> 1, each step once the last one's nodes were removed", rqlited.version);
    });
}

#[test]
#[ignore = "only in a network of its own, for hung_nodes_hold_up_no_verdict"]
fn all_hung() {
    let quorate = Quorate::install(ControlPlane::shared());
    // What was seen last is remembered by the replica that saw it.
    quorate.route_to(0);
    on_each_major(|rqlited| {
        let cluster =
            Cluster::of(&quorate, "all_hung", 3, rqlited, |manifest| manifests::without_self_removal(&manifest));
        let nodes = [0, 1, 2].map(|ordinal| cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}")));
        let refusal = cluster.scale(1).refused();
        assert!(refusal.contains("leaves 1 of 3 voters, quorum is 2; seen "), "{refusal}");
        nodes.iter().for_each(|node| node.freeze());
        let began = Instant::now();
        let refusal = cluster.scale(1).refused();
        let took = began.elapsed();
        assert!(refusal.contains("no live view (rqlite-0: no answer within 800 ms, and 2 more)"), "{refusal}");
        assert!(refusal.contains(": judged by replicas, claims and the membership seen "), "{refusal}");
        let slowest = quorate.replicas().iter().filter_map(slowest_review).max();
        eprintln!(
            "rqlited {}: refused {took:?} after kubectl was started; reviews end in the bucket {slowest:?}",
            rqlited.version
        );
        nodes.iter().for_each(|node| node.thaw());
        eventually("a view again", || {
            let refusal = cluster.scale(1).refused();
            if refusal.contains("; seen ") { Ok(()) } else { Err(refusal) }
        });
    });
}

/// The lowest bucket of `quorate_review_duration_seconds` that holds all reviews of `/validate`, in milliseconds.
fn slowest_review(replica: &quorate_cluster_tests::Replica) -> Option<u64> {
    let count = replica.metric("quorate_review_duration_seconds_count{path=\"/validate\"}")?;
    [1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 100.0, 500.0, 2_000.0].into_iter().find_map(|milliseconds: f64| {
        let line =
            format!("quorate_review_duration_seconds_bucket{{le=\"{:?}\",path=\"/validate\"}}", milliseconds / 1_000.0);
        (replica.metric(&line)? >= count).then_some(milliseconds as u64)
    })
}

#[test]
#[ignore = "only in a network of its own, for no_blank_node_joins_a_cluster_without_a_leader"]
fn grown_while_leaderless() {
    let quorate = Quorate::install(ControlPlane::shared());
    on_each_major(|rqlited| {
        let cluster = Cluster::of(&quorate, "grown_while_leaderless", 3, rqlited, |manifest| {
            manifests::without_self_removal(&manifest)
        });
        let nodes = [1, 2].map(|ordinal| cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}")));
        nodes.iter().for_each(|node| node.hold());
        cluster.has_lost_its_quorum(0);
        let refusal = cluster.scale(5).refused();
        assert!(refusal.contains("quorum-guard/scale-up-without-leader: "), "{refusal}");
        nodes.iter().for_each(|node| node.release());
        eventually("growth to be admitted", || {
            let output = cluster.scale(5);
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
        cluster.namespace.await_ready("rqlite", 5);
        cluster.holds_all_rows(0..5);
    });
}

#[test]
#[ignore = "only in a network of its own, for a_drain_waits_for_a_voter_that_does_not_answer"]
fn evicted() {
    let quorate = Quorate::install(ControlPlane::shared());
    on_each_major(|rqlited| {
        let cluster =
            Cluster::of(&quorate, "evicted", 3, rqlited, |manifest| manifests::without_self_removal(&manifest));
        let node = cluster.namespace.rqlite_node("rqlite-1");
        node.hold();
        // It may have led: then there is an election first, and the eviction is refused all the same.
        eventually("the eviction to be refused by the view of a leader", || {
            let refusal = cluster.evict(2).refused();
            assert!(refusal.contains("evicting rqlite-2 leaves 1 of 3 voters, quorum is 2; "), "{refusal}");
            if refusal.contains("quorum is 2; seen ") { Ok(()) } else { Err(refusal) }
        });
        node.release();
        eventually("the eviction to be admitted", || {
            let output = cluster.evict(2);
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
        cluster.namespace.await_ready("rqlite", 3);
        cluster.holds_all_rows(0..3);
    });
}
