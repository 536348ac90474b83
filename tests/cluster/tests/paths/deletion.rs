//! Deletion, by every way that ends in one; and that what must end does.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use quorate_cluster_tests::{Namespace, eventually, manifests};

use crate::{denied, voters, warned};

const RULE: &str = "quorum-guard/cluster-deleted";

#[track_caller]
fn uid(namespace: &Namespace<'_>) -> String {
    namespace.kubectl().get("statefulset/rqlite")["metadata"]["uid"].as_str().unwrap().to_owned()
}

#[test]
fn a_running_cluster_is_not_deleted() {
    let namespace = voters("a_running_cluster");
    let before = uid(&namespace);
    let kubectl = namespace.kubectl();
    denied(kubectl.line("delete statefulset/rqlite"), RULE, "3");
    denied(kubectl.line("delete statefulset/rqlite --cascade=foreground"), RULE, "3");
    denied(kubectl.line("delete statefulset --all"), RULE, "3");
    denied(
        kubectl.line(&format!("delete --raw /apis/apps/v1/namespaces/{}/statefulsets", namespace.name())),
        RULE,
        "3",
    );
    assert_eq!(uid(&namespace), before);
}

#[test]
fn replace_force_does_not_replace_the_database() {
    let namespace = voters("replace_force");
    let before = uid(&namespace);
    let set = manifests::rqlite_set("rqlite", 3);
    denied(namespace.kubectl().run_with(&set, ["replace", "--force", "-f", "-"]), RULE, "3");
    assert_eq!(uid(&namespace), before);
}

/// kubectl apply --force, and Flux with `force`, delete and re-create what the API server calls invalid, conflicting or immutable.
#[test]
fn a_client_that_deletes_what_is_immutable_does_not_delete_at_our_denial() {
    let namespace = voters("a_client_that_deletes");
    let before = uid(&namespace);
    let one = manifests::rqlite_set("rqlite", 3).replace("replicas: 3", "replicas: 1");
    denied(
        namespace.kubectl().run_with(&one, ["apply", "--force", "-f", "-"]),
        "quorum-guard/scale-below-quorum",
        "quorum is 2",
    );
    let answer =
        namespace.kubectl().run_with(&one, ["apply", "--server-side", "--force-conflicts", "-f", "-"]).refused();
    // Flux's test, as its source has it: 409, 422, or one of these phrases.
    let taken_for_immutable =
        ["(Conflict)", "(Invalid)", "is immutable", "immutable field"].iter().any(|word| answer.contains(word));
    assert!(!taken_for_immutable, "{answer}");
    assert_eq!(uid(&namespace), before);
}

#[test]
fn orphan_deletion_passes_ends_and_can_be_undone() {
    let namespace = voters("orphan_deletion");
    let kubectl = namespace.kubectl();
    warned(kubectl.line("delete statefulset/rqlite --cascade=orphan"), RULE);
    eventually("the orphaning to end", || {
        if namespace.names("statefulsets").is_empty() { Ok(()) } else { Err("the set is still there") }
    });
    assert_eq!(namespace.pods().len(), 3);
    namespace.apply(&manifests::rqlite_set("rqlite", 3)).ok();
    namespace.await_ready("rqlite", 3);
}

#[test]
fn a_set_that_is_marked_may_be_deleted() {
    let namespace = voters("marked");
    let kubectl = namespace.kubectl();
    kubectl.line("annotate statefulset/rqlite quorate.dev/allow-deletion=true").ok();
    warned(kubectl.line("delete statefulset/rqlite"), RULE);
    eventually("the Pods to end", || if namespace.pods().is_empty() { Ok(()) } else { Err("Pods are left") });
}

#[test]
fn what_running_voters_need_is_not_deleted() {
    let namespace = voters("what_voters_need");
    let kubectl = namespace.kubectl();
    denied(kubectl.line("delete service/rqlite-internal"), RULE, "3 voters");
    denied(kubectl.line("delete services --all"), RULE, "3 voters");
    denied(kubectl.line("delete persistentvolumeclaim/rqlite-file-rqlite-1"), RULE, "rqlite-1");
    denied(kubectl.line("delete persistentvolumeclaims --all"), RULE, "rqlite-1");
    kubectl.line("delete pod/rqlite-1 --dry-run=server").ok();
}

#[test]
fn a_namespace_that_is_deleted_ends() {
    let namespace = voters("a_namespace_that_ends");
    let deletion = || namespace.plane().kubectl().line(&format!("delete namespace {} --wait=false", namespace.name()));
    denied(deletion(), RULE, "3 voters");
    namespace.kubectl().line("annotate statefulset/rqlite quorate.dev/allow-deletion=true").ok();
    eventually("the annotation to be known", || {
        let dry = namespace.plane().kubectl().line(&format!("delete namespace {} --dry-run=server", namespace.name()));
        if dry.succeeded() { Ok(()) } else { Err(dry.stderr) }
    });
    warned(deletion(), RULE);
    eventually("the namespace to end", || {
        match namespace.plane().kubectl().find(&format!("namespace/{}", namespace.name())) {
            Ok(_) => Err("it is still there"),
            Err(_) => Ok(()),
        }
    });
}
