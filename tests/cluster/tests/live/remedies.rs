//! Remedies of refusals, carried out as they stand: each ends with every row, and in no other refusal.
//! Those of evictions and of scaling down are in `tests/evidence`.

use quorate_cluster_tests::{Cluster, ControlPlane, Quorate, Rqlited, manifests};

use crate::{on_each_major, with_rqlited};

#[test]
fn nodes_that_removed_themselves_come_back_from_zero() {
    with_rqlited("remedies::from_zero");
}

#[test]
fn discovery_and_its_count_come_together_or_not_at_all() {
    with_rqlited("remedies::both_or_neither");
}

#[test]
#[ignore = "only in a network of its own, for nodes_that_removed_themselves_come_back_from_zero"]
fn from_zero() {
    let quorate = Quorate::install(ControlPlane::shared());
    // The other replica may have seen the fourth node last, and not that it is removed.
    quorate.route_to(0);
    on_each_major(|rqlited| {
        // The flag is injected: any of the three may be the last voter.
        let cluster = Cluster::of(&quorate, "from_zero", 3, rqlited, |manifest| manifest);
        cluster.scaled(0);
        let refusal = cluster.scale(1).refused();
        eprintln!("rqlited {}: {}", rqlited.version, refusal.trim());
        assert!(
            refusal.contains("scale-up-without-leader: ") && refusal.contains("scale to 3 (rqlite-0 to rqlite-2)"),
            "{refusal}"
        );
        cluster.scaled(3);
        cluster.holds_all_rows(0..3);
        // One that is grown and removed again leaves its claim behind.
        cluster.scaled(4);
        cluster.holds_all_rows(3..4);
        cluster.scaled(3);
        cluster.remove(&["rqlite-3".to_owned()]);
        cluster.scaled(0);
        let output = cluster.scale(3);
        if !output.succeeded() {
            eprintln!("rqlited {}: {}", rqlited.version, output.stderr.trim());
            assert!(output.stderr.contains("rqlite-file-rqlite-3"), "{}", output.stderr);
            cluster.namespace.kubectl().line("delete persistentvolumeclaim/rqlite-file-rqlite-3 --timeout=30s").ok();
            cluster.scale(3).ok();
        }
        cluster.namespace.await_ready("rqlite", 3);
        cluster.holds_all_rows(0..3);
    });
}

/// One node without any of it, which is to become three.
#[test]
#[ignore = "only in a network of its own, for discovery_and_its_count_come_together_or_not_at_all"]
fn both_or_neither() {
    let quorate = Quorate::install(ControlPlane::shared());
    on_each_major(|rqlited| {
        let version = rqlited.version.to_string();
        let full = manifests::database("rqlite", 3, &version);
        let cluster = Cluster::of(&quorate, "both_or_neither", 1, rqlited, |_| bare(&full, rqlited));
        // All at once: `-bootstrap-expect` comes with more nodes, and alone with discovery it may not be left out.
        let refusal = cluster.namespace.apply(&full).refused();
        eprintln!("rqlited {version}: {}", refusal.trim());
        assert!(refusal.contains("bootstrap-expect-changed: ") && !refusal.contains("; leave it out"), "{refusal}");
        // Neither: nothing changes.
        cluster.namespace.apply(&bare(&full, rqlited)).ok();
        cluster.holds_all_rows(0..1);
        // Both, at the count that there is; then more nodes.
        let both = full.replace("  replicas: 3\n", "  replicas: 1\n");
        let warned = cluster.namespace.apply(&both).ok();
        eprintln!("rqlited {version}: {}", warned.stderr.trim());
        cluster.namespace.await_ready("rqlite", 1);
        cluster.holds_all_rows(0..1);
        cluster.scaled(3);
        cluster.holds_all_rows(0..3);
    });
}

/// A single voter on a claim, as people begin.
fn bare(full: &str, rqlited: &Rqlited) -> String {
    let discovery = "        - -disco-mode=dns\n        - -disco-config={\"name\":\"rqlite-internal\"}\n        - -bootstrap-expect=3\n";
    assert!(full.contains(discovery), "{full} of {}", rqlited.version);
    full.replace(discovery, "        - -raft-log-level=INFO\n").replace("  replicas: 3\n", "  replicas: 1\n")
}
