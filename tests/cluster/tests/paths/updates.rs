//! Updates of everything but the count: what is locked, what passes, what may not take the guard away.

use quorate_cluster_tests::{eventually, manifests};

use crate::{denied, passed, voters};

const SHRUNK: &str = "quorum-guard/scale-below-quorum";

#[test]
fn bootstrap_expect_is_locked() {
    let namespace = voters("bootstrap_expect");
    let set = manifests::rqlite_set("rqlite", 3);
    let five = set.replace("-bootstrap-expect=3", "-bootstrap-expect=5");
    denied(namespace.apply(&five), "bootstrap-expect-lock/bootstrap-expect-changed", "3 -> 5");
    let gone = set.replace("        - -bootstrap-expect=3\n", "");
    denied(namespace.apply(&gone), "bootstrap-expect-lock/bootstrap-expect-removed", "-bootstrap-expect=3");
    namespace.apply(&set.replace("-bootstrap-expect=3", "--bootstrap-expect=0x3")).ok();
}

#[test]
fn a_creation_with_another_count_is_refused() {
    let namespace = crate::quorate().plane().namespace("another_count");
    let set = manifests::rqlite_set("rqlite", 3).replace("replicas: 3", "replicas: 5");
    denied(
        namespace.apply(&set),
        "bootstrap-expect-lock/bootstrap-expect-mismatch",
        "replicas 5, `-bootstrap-expect` 3",
    );
    assert_eq!(namespace.names("statefulsets"), Vec::<String>::new());
}

#[test]
fn restart_image_labels_and_status_pass() {
    let namespace = voters("restart_image_labels");
    let kubectl = namespace.kubectl();
    kubectl.line("rollout restart statefulset/rqlite").ok();
    namespace.await_ready("rqlite", 3);
    kubectl.line("set image statefulset/rqlite rqlite=rqlite/rqlite:10.2.7").ok();
    namespace.await_ready("rqlite", 3);
    passed(kubectl.line("label statefulset/rqlite team=db"));
    passed(kubectl.line("annotate statefulset/rqlite note=kept"));
    kubectl.line("patch statefulset/rqlite --subresource=status --type=merge -p {\"status\":{\"replicas\":3}}").ok();
}

#[test]
fn pods_may_be_debugged_resized_and_deleted() {
    let namespace = voters("pods_may_be");
    let kubectl = namespace.kubectl();
    let container = r#"{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox"}]}}"#;
    passed(kubectl.run([
        "patch",
        "pod/rqlite-0",
        "--subresource=ephemeralcontainers",
        "--type=strategic",
        "-p",
        container,
    ]));
    let resize = r#"{"spec":{"containers":[{"name":"rqlite","resources":{"requests":{"cpu":"10m"}}}]}}"#;
    // Without requests before, the API server may refuse a resize by its own rules; ours says nothing either way.
    let resized = kubectl.run(["patch", "pod/rqlite-0", "--subresource=resize", "--type=strategic", "-p", resize]);
    assert!(!resized.stderr.contains("quorum-guard"), "{}", resized.stderr);
    kubectl.line("delete pod/rqlite-1 --wait=false").ok();
    namespace.await_ready("rqlite", 3);
}

#[test]
fn the_guard_cannot_be_taken_away_in_the_request_that_it_judges() {
    let namespace = voters("the_guard_taken_away");
    let one = manifests::rqlite_set("rqlite", 3).replace("replicas: 3", "replicas: 1");
    denied(namespace.apply(&one.replace("rqlite/rqlite:10.2.0", "nginx:1.29")), SHRUNK, "quorum is 2");
    let non_voter = one.replace("- -disco-mode=dns", "- -raft-non-voter=true\n        - -disco-mode=dns");
    denied(namespace.apply(&non_voter), SHRUNK, "quorum is 2");
    let unlabelled = one.replace("  labels:\n    app: rqlite\n", "");
    denied(namespace.apply(&unlabelled), SHRUNK, "quorum is 2");
    assert_eq!(namespace.replicas("rqlite"), 3);
}

#[test]
fn an_annotated_set_stays_guarded_without_its_annotation() {
    let quorate = crate::quorate();
    let namespace = quorate.plane().namespace("annotated");
    let plain = manifests::rqlite("db", 3).replace("rqlite/rqlite:10.2.0", "registry.example/store:1");
    let annotated = plain
        .replace("  name: db\n  labels:", "  name: db\n  annotations:\n    quorate.dev/container: rqlite\n  labels:");
    namespace.apply(&annotated).ok();
    namespace.await_ready("db", 3);
    quorate.await_known(&namespace, "db");
    denied(namespace.apply(&plain), "quorum-guard/role-changed", "no longer recognised");
    let shrunk = plain.replace("replicas: 3", "replicas: 1");
    denied(namespace.apply(&shrunk), SHRUNK, "quorum is 2");
    eventually("its name to be guarded", || {
        let output = namespace.kubectl().line("scale statefulset/db --replicas=1 --dry-run=server");
        if output.succeeded() { Err("it passed") } else { Ok(()) }
    });
}

#[test]
fn applying_again_and_taking_over_fields_changes_nothing() {
    let namespace = voters("applying_again");
    let set = manifests::rqlite_set("rqlite", 3);
    let version = || namespace.kubectl().get("statefulset/rqlite")["metadata"]["generation"].clone();
    let before = version();
    namespace.kubectl().run_with(&set, ["apply", "--server-side", "--force-conflicts", "-f", "-"]).ok();
    namespace.apply(&set).ok();
    assert_eq!(version(), before);
}
