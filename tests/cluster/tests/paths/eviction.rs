//! Evictions, as `kubectl drain` asks for them.

use quorate_cluster_tests::{NODES, eventually, manifests};

use crate::{quorate, voters, voters_of, warned};

#[test]
fn one_of_three_voters_may_be_drained() {
    let namespace = voters("one_of_three");
    namespace.kubectl().evict(namespace.name(), "rqlite-1").ok();
    namespace.await_ready("rqlite", 3);
}

#[test]
fn the_only_voter_may_be_drained_with_a_warning() {
    let namespace = voters_of("the_only_voter", 1);
    let output = namespace.kubectl().evict(namespace.name(), "rqlite-0");
    warned(output, "quorum-guard/eviction-below-quorum");
}

#[test]
fn a_pod_of_another_set_is_evicted_unseen() {
    let namespace = quorate().plane().namespace("another_sets_pod");
    namespace.apply(&manifests::other_set("web", 2)).ok();
    namespace.await_ready("web", 2);
    crate::passed(namespace.kubectl().evict(namespace.name(), "web-0"));
}

#[test]
fn a_drain_ends() {
    let namespace = voters("a_drain_ends");
    let node = namespace.kubectl().get("pod/rqlite-2")["spec"]["nodeName"].as_str().unwrap().to_owned();
    assert!(NODES.contains(&node.as_str()));
    let selector = "--pod-selector=app=rqlite";
    let drained = namespace.plane().kubectl().line(&format!("drain {node} {selector} --force --timeout=50s"));
    namespace.plane().kubectl().line(&format!("uncordon {node}")).ok();
    drained.ok();
    eventually("all voters to be back", || if namespace.pods().len() == 3 { Ok(()) } else { Err("Pods are missing") });
}

/// Two drains at once: the second voter waits (429) until the first is back.
#[test]
fn a_second_voter_is_not_evicted_at_once() {
    let namespace = voters("a_second_voter");
    let evict = |pod: &str| namespace.kubectl().evict(namespace.name(), pod);
    // It does not come back meanwhile.
    namespace.plane().agent().pause(namespace.name());
    evict("rqlite-0").ok();
    let refused: Vec<String> = ["rqlite-1", "rqlite-2"]
        .map(evict)
        .into_iter()
        .filter(|output| !output.succeeded())
        .map(|output| output.stderr)
        .collect();
    namespace.plane().agent().resume(namespace.name());
    assert_eq!(refused.len(), 2, "{refused:?}");
    for refusal in refused {
        assert!(
            refusal.contains("quorum-guard/eviction-below-quorum") && refusal.contains("TooManyRequests"),
            "{refusal}"
        );
    }
}
