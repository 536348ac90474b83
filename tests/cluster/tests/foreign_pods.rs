//! A pod that bears the name of a voter and is none: somebody else's, or nobody's, at an ordinal of the set or at one that the set gives up.
//! It never counts among those that answer, and keeps nobody waiting.
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

use quorate_cluster_tests::{ControlPlane, Namespace, Output, Quorate, eventually, manifests};
use serde_json::{Value, json};

/// Whose a foreign pod is.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Nobody,
    AnotherKind,
}

impl Owner {
    fn references(self, namespace: &Namespace<'_>) -> Value {
        match self {
            Self::Nobody => json!([]),
            Self::AnotherKind => {
                let account = namespace.kubectl().get("serviceaccount/default");
                let uid = &account["metadata"]["uid"];
                json!([{ "apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": uid, "controller": true }])
            }
        }
    }
}

/// Runs rqlite and is ready; its labels are not those that the set selects, so that no controller takes it for its own.
#[track_caller]
fn foreign_pod(namespace: &Namespace<'_>, name: &str, owner: Owner) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "labels": { "app": "foreign" }, "ownerReferences": owner.references(namespace) },
        "spec": { "containers": [{
            "name": "rqlite", "image": "rqlite/rqlite:10.2.0", "args": ["-bootstrap-expect=1"],
            "ports": [{ "name": "rqlite", "containerPort": 4001 }],
        }] },
    });
    namespace.kubectl().run_with(&pod.to_string(), ["create", "-f", "-"]).ok();
    eventually(&format!("{name} to be ready"), || {
        let pod = namespace.kubectl().get(&format!("pod/{name}"));
        let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
        if ready { Ok(()) } else { Err(pod["status"].to_string()) }
    });
}

fn without_self_removal(replicas: u32) -> String {
    manifests::without_self_removal(&manifests::rqlite("rqlite", replicas))
}

fn evict(namespace: &Namespace<'_>, pod: &str) -> Output {
    namespace.kubectl().evict(namespace.name(), pod)
}

fn scale(namespace: &Namespace<'_>, replicas: u32) -> Output {
    namespace.kubectl().line(&format!("scale statefulset/rqlite --replicas={replicas}"))
}

/// Three voters are asked for; the name of the third one is taken.
#[test]
fn a_foreign_pod_at_an_ordinal_of_the_set_is_no_voter() {
    let plane = ControlPlane::start("foreign");
    let quorate = Quorate::install(&plane);
    for owner in [Owner::Nobody, Owner::AnotherKind] {
        let namespace = plane.namespace(&format!("taken_by_{owner:?}"));
        foreign_pod(&namespace, "rqlite-2", owner);
        namespace.apply(&without_self_removal(3)).ok();
        quorate.await_known(&namespace, "rqlite");
        await_seen(&namespace, 2);

        let refusal = evict(&namespace, "rqlite-0").refused();
        assert!(refusal.contains("TooManyRequests"), "{owner:?}: {refusal}");
        assert!(refusal.contains("evicting rqlite-0 leaves 1 of 3 voters, quorum is 2"), "{owner:?}: {refusal}");
        // It is about to go with its ordinal, which costs no voter.
        scale(&namespace, 2).ok();
        await_seen(&namespace, 2);
        let refusal = scale(&namespace, 1).refused();
        assert!(refusal.contains("leaves 1 of "), "{owner:?}: {refusal}");
        // Whoever it is, it is none of this set's, and may go.
        let gone = evict(&namespace, "rqlite-2").ok();
        assert!(!gone.stderr.contains("eviction-below-quorum"), "{owner:?}: {}", gone.stderr);
    }
}

/// The controller has seen the last change, and so many Pods of its own are ready.
#[track_caller]
fn await_seen(namespace: &Namespace<'_>, ready: i64) {
    eventually(&format!("{ready} ready Pods of the set's own"), || {
        let set = namespace.kubectl().get("statefulset/rqlite");
        let seen = set["status"]["observedGeneration"] == set["metadata"]["generation"];
        if seen && set["status"]["readyReplicas"] == ready { Ok(()) } else { Err(set["status"].to_string()) }
    });
}

/// Four voters become three, and somebody takes the name that is given up before anybody has looked.
#[test]
fn a_foreign_pod_at_an_ordinal_that_is_given_up_is_neither_a_voter_nor_in_the_way() {
    let plane = ControlPlane::shared();
    let quorate = Quorate::install(plane);
    let namespace = plane.namespace("given_up");
    namespace.apply(&without_self_removal(4)).ok();
    namespace.await_ready("rqlite", 4);
    quorate.await_known(&namespace, "rqlite");
    scale(&namespace, 3).ok();
    namespace.await_ready("rqlite", 3);
    foreign_pod(&namespace, "rqlite-3", Owner::Nobody);

    // The fourth voter was not removed and its claim is there: three of four answer, and not one may leave.
    let refusal = evict(&namespace, "rqlite-0").refused();
    assert!(refusal.contains("evicting rqlite-0 leaves 2 of 4 voters, quorum is 3"), "{refusal}");
    let refusal = scale(&namespace, 2).refused();
    assert!(refusal.contains("quorum-guard/scale-below-quorum: "), "{refusal}");
    assert!(refusal.contains("leaves 2 of 4 voters, quorum is 3"), "{refusal}");
    // Where it is removed, the pod that only bears its name does not keep the set from shrinking on.
    namespace.kubectl().line("delete pvc/rqlite-file-rqlite-3 --wait=false").ok();
    eventually("the claim to be gone", || {
        if namespace.names("persistentvolumeclaims").len() == 3 { Ok(()) } else { Err("it is there") }
    });
    eventually("the next step", || {
        let output = scale(&namespace, 2);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    let pod = namespace.kubectl().get("pod/rqlite-3");
    assert!(pod["metadata"]["ownerReferences"].is_null(), "{}", pod["metadata"]);
    assert_eq!(namespace.replicas("rqlite"), 2);
    assert!(namespace.pods().contains(&"rqlite-3".to_owned()));
}
