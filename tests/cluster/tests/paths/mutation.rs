//! What is injected on the way in, and that applying the same manifest again changes nothing.
#![expect(clippy::indexing_slicing, reason = "helpers of tests")]

use quorate_cluster_tests::{Namespace, eventually, manifests};
use serde_json::Value;

use crate::quorate;

const REMOVE: &str = "-raft-cluster-remove-shutdown=true";

/// The official shape, with time enough to leave, and a Secret asked for.
fn manifest() -> String {
    let set = manifests::rqlite("rqlite", 3)
        .replace("terminationGracePeriodSeconds: 10", "terminationGracePeriodSeconds: 30");
    set.replace(
        "  name: rqlite\n  labels:",
        "  name: rqlite\n  annotations:\n    quorate.dev/auth-secret: rqlite-users\n    quorate.dev/join-as: cluster\n  labels:",
    )
}

fn template(namespace: &Namespace<'_>) -> Value {
    namespace.kubectl().get("statefulset/rqlite")["spec"]["template"].clone()
}

#[test]
fn the_flag_and_the_secret_are_put_in_and_stay_the_same() {
    let namespace = quorate().plane().namespace("put_in");
    namespace.apply(&manifest()).ok();
    let live = template(&namespace);
    let text = live.to_string();
    for expected in [REMOVE, "-auth=", "-join-as=cluster", "\"secretName\":\"rqlite-users\""] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    let generation = || namespace.kubectl().get("statefulset/rqlite")["metadata"]["generation"].clone();
    let before = generation();
    namespace.apply(&manifest()).ok();
    namespace.kubectl().run_with(&manifest(), ["apply", "--server-side", "--force-conflicts", "-f", "-"]).ok();
    assert_eq!((generation(), template(&namespace)), (before, live));
}

#[test]
fn what_was_there_before_is_not_restarted_by_a_label() {
    let namespace = quorate().plane().namespace("not_restarted");
    namespace.apply(&manifest().replace("rqlite/rqlite:10.2.0", "rqlite/rqlite:10.2.1")).ok();
    namespace.await_ready("rqlite", 3);
    let before = template(&namespace);
    namespace.kubectl().line("label statefulset/rqlite team=db").ok();
    eventually("the label", || {
        let set = namespace.kubectl().get("statefulset/rqlite");
        if set["metadata"]["labels"]["team"] == "db" { Ok(()) } else { Err("it is not there") }
    });
    assert_eq!(template(&namespace), before);
}
