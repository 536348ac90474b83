//! The whole life of a cluster under guard: 3 nodes, 9, down to 3 by nothing but the messages' own advice, back to 5; every row is kept.

use quorate_cluster_tests::{Cluster, ControlPlane, Quorate, Rqlited, between, eventually, ids_in, majors, manifests};

use crate::with_rqlited;

#[test]
fn a_cluster_grows_and_shrinks_by_the_advice_of_its_refusals() {
    with_rqlited("seed::grown_and_shrunk");
}

#[test]
fn the_same_with_nodes_that_remove_themselves() {
    with_rqlited("seed::grown_and_shrunk_by_self_removal");
}

#[test]
fn a_read_only_pool_beside_it_comes_and_goes_freely() {
    with_rqlited("seed::read_only_pool");
}

#[test]
#[ignore = "only in a network of its own, for a_cluster_grows_and_shrinks_by_the_advice_of_its_refusals"]
fn grown_and_shrunk() {
    let quorate = Quorate::install(ControlPlane::shared());
    for rqlited in majors() {
        let cluster = Cluster::of(&quorate, "grown_and_shrunk", 3, rqlited, |manifest| {
            manifests::without_self_removal(&manifest)
        });
        cluster.scaled(9);
        cluster.holds_all_rows(0..9);
        walk_down(&cluster, rqlited);
        cluster.holds_all_rows(0..3);
        cluster.scaled(5);
        cluster.holds_all_rows(0..5);
    }
}

/// From 9 to 3: does what each refusal says, and nothing else.
fn walk_down(cluster: &Cluster<'_>, rqlited: &Rqlited) {
    let refusal = cluster.scale(3).refused();
    assert!(refusal.contains("leaves 3 of 9 voters, quorum is 5; seen "), "{refusal}");
    let target = between(&refusal, "; scale to ", ", remove ");
    let dropped = ids_in(between(&refusal, ", remove ", " from the cluster"));
    assert_eq!((target, dropped.len()), ("5", 4), "{refusal}");
    cluster.scaled(5);
    // Four dead voters: 5 of 9 still decide, and not one may leave.
    let refusal = cluster.scale(3).refused();
    assert!(refusal.contains("leaves 3 of 9 voters"), "{refusal}");
    assert_eq!(ids_in(between(&refusal, "remove the dead ", " from the cluster")), dropped, "{refusal}");
    cluster.remove(&dropped);
    let passed = cluster.scaled(3).stderr;
    let dropped = ids_in(between(&passed, ": remove ", " from the cluster"));
    assert_eq!(dropped, ["rqlite-3", "rqlite-4"], "{passed}");
    cluster.remove(&dropped);
    eprintln!("rqlited {}: 9 -> 5 -> 3 by the messages' advice", rqlited.version);
}

#[test]
#[ignore = "only in a network of its own, for the_same_with_nodes_that_remove_themselves"]
fn grown_and_shrunk_by_self_removal() {
    let quorate = Quorate::install(ControlPlane::shared());
    for rqlited in majors() {
        // Nothing asks for it: Quorate injects it where its conditions hold.
        let cluster = Cluster::of(&quorate, "by_self_removal", 3, rqlited, |manifest| manifest);
        let set = cluster.namespace.kubectl().get("statefulset/rqlite").to_string();
        assert!(set.contains("-raft-cluster-remove-shutdown=true"), "{set}");
        cluster.scaled(9);
        let refusal = cluster.scale(3).refused();
        let target: u32 = between(&refusal, "; scale to ", ",").parse().unwrap();
        cluster.scaled(target);
        leave_by_themselves(&cluster, target);
        cluster.scaled(3);
        leave_by_themselves(&cluster, 3);
        cluster.holds_all_rows(0..3);
        cluster.scaled(5);
        cluster.holds_all_rows(0..5);
        eprintln!("rqlited {}: 9 -> {target} -> 3 -> 5, removing themselves", rqlited.version);
    }
}

/// Whoever could not remove itself, because the leader went with it, is removed as the message says.
fn leave_by_themselves(cluster: &Cluster<'_>, left: u32) {
    let expected: Vec<String> = (0..left).map(|ordinal| format!("rqlite-{ordinal}")).collect();
    eventually("a leader that tells the members", || match cluster.node(0).nodes() {
        Ok(nodes) if nodes.iter().any(|node| node.leader) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let stayed: Vec<String> = cluster.voters().into_iter().filter(|id| !expected.contains(id)).collect();
    cluster.remove(&stayed);
    eprintln!("{} of those that left had to be removed", stayed.len());
}

#[test]
#[ignore = "only in a network of its own, for a_read_only_pool_beside_it_comes_and_goes_freely"]
fn read_only_pool() {
    let quorate = Quorate::install(ControlPlane::shared());
    for rqlited in majors() {
        let cluster =
            Cluster::of(&quorate, "read_only_pool", 3, rqlited, |manifest| manifests::without_self_removal(&manifest));
        let pool = manifests::database("readers", 4, &rqlited.version.to_string());
        let pool = pool
            .replace("\"readers-internal\"", "\"rqlite-internal\"")
            .replace("-bootstrap-expect=4", "-raft-non-voter=true");
        cluster.namespace.apply(&pool).ok();
        cluster.namespace.await_ready("readers", 4);
        assert_eq!(cluster.voters().len(), 3);
        let kubectl = cluster.namespace.kubectl();
        for replicas in [0, 4, 1] {
            kubectl.line(&format!("scale statefulset/readers --replicas={replicas}")).ok();
            cluster.namespace.await_ready("readers", replicas);
        }
        // Members that do not answer, and do not count.
        let warned = cluster.scaled(2).stderr;
        assert!(warned.contains("leaves 2 of 3 voters, quorum is 2"), "{warned}");
        cluster.holds_all_rows(0..2);
    }
}
