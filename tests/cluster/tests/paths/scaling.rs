//! Fewer and more replicas: by every tool's way of asking.

use quorate_cluster_tests::{eventually, manifests};

use crate::{denied, quorate, voters, voters_of, warned};

const RULE: &str = "quorum-guard/scale-below-quorum";
const WORDS: &str = "rqlite: replicas 3 -> 1 leaves 1 of 3 voters, quorum is 2";

const AUTOSCALER: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: rqlite }
spec: { minReplicas: 1, maxReplicas: 5, scaleTargetRef: { apiVersion: apps/v1, kind: StatefulSet, name: rqlite } }
";

#[test]
fn kubectl_scale_is_judged_by_the_set_behind_it() {
    let namespace = voters("kubectl_scale");
    let kubectl = namespace.kubectl();
    denied(kubectl.line("scale statefulset/rqlite --replicas=1"), RULE, WORDS);
    denied(
        kubectl.line("patch statefulset/rqlite --subresource=scale --type=merge -p {\"spec\":{\"replicas\":1}}"),
        RULE,
        WORDS,
    );
    assert_eq!(namespace.replicas("rqlite"), 3);
    warned(kubectl.line("scale statefulset/rqlite --replicas=2"), RULE);
    namespace.await_ready("rqlite", 2);
    warned(kubectl.line("scale statefulset/rqlite --replicas=9"), "quorum-guard/scale-advice");
    namespace.await_ready("rqlite", 9);
}

#[test]
fn apply_edit_patch_and_replace_are_judged_alike() {
    let namespace = voters("apply_edit_patch_replace");
    let kubectl = namespace.kubectl();
    let one = manifests::rqlite_set("rqlite", 3).replace("replicas: 3", "replicas: 1");
    denied(namespace.apply(&one), RULE, WORDS);
    denied(kubectl.run_with(&one, ["apply", "--server-side", "--force-conflicts", "-f", "-"]), RULE, WORDS);
    denied(kubectl.run_with(&one, ["replace", "-f", "-"]), RULE, WORDS);
    denied(kubectl.line("patch statefulset/rqlite --type=merge -p {\"spec\":{\"replicas\":1}}"), RULE, WORDS);
    denied(
        kubectl.line(
            "patch statefulset/rqlite --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":1}]",
        ),
        RULE,
        WORDS,
    );
    // `kubectl set image` leaves the status' reason out.
    let image = kubectl.line("set image statefulset/rqlite rqlite=nginx").refused();
    assert!(image.contains("quorum-guard/role-changed: ") && image.contains("no longer recognised"), "{image}");
    let edit =
        kubectl.with_editor("sed -i 's/^  replicas: 3/  replicas: 1/'").line("edit statefulset/rqlite").refused();
    assert!(edit.contains(WORDS), "{edit}");
    assert_eq!(namespace.replicas("rqlite"), 3);
}

#[test]
fn a_deleted_replicas_line_is_a_change_to_one() {
    let namespace = voters("a_deleted_replicas_line");
    let without = manifests::rqlite_set("rqlite", 3).replace("  replicas: 3\n", "");
    denied(namespace.apply(&without), RULE, WORDS);
    assert_eq!(namespace.replicas("rqlite"), 3);
}

#[test]
fn a_dry_run_says_what_the_change_would_get_and_stores_nothing() {
    let namespace = voters("a_dry_run");
    let kubectl = namespace.kubectl();
    denied(kubectl.line("scale statefulset/rqlite --replicas=1 --dry-run=server"), RULE, WORDS);
    let one = manifests::rqlite_set("rqlite", 3).replace("replicas: 3", "replicas: 1");
    denied(kubectl.run_with(&one, ["apply", "--dry-run=server", "-f", "-"]), RULE, WORDS);
    warned(kubectl.line("scale statefulset/rqlite --replicas=2 --dry-run=server"), RULE);
    assert_eq!(namespace.replicas("rqlite"), 3);
}

#[test]
fn an_autoscaler_of_voters_is_refused() {
    let namespace = voters("an_autoscaler");
    let kubectl = namespace.kubectl();
    let rule = "quorum-guard/autoscaler-on-voters";
    denied(namespace.apply(AUTOSCALER), rule, "rqlite");
    // `kubectl autoscale` tries another version of the API then, and does not say why.
    kubectl.line("autoscale statefulset/rqlite --min=1 --max=5").refused();
    assert_eq!(namespace.names("horizontalpodautoscalers"), Vec::<String>::new());
    kubectl.line("autoscale statefulset/rqlite --min=3 --max=3 --name=fixed").ok();
    denied(
        kubectl.line("patch horizontalpodautoscaler/fixed --type=merge -p {\"spec\":{\"maxReplicas\":5}}"),
        rule,
        "rqlite",
    );
}

#[test]
fn to_zero_and_back_keeps_the_cluster_whole() {
    let namespace = voters("to_zero_and_back");
    let kubectl = namespace.kubectl();
    warned(kubectl.line("scale statefulset/rqlite --replicas=0"), "quorum-guard/scale-to-zero");
    namespace.await_ready("rqlite", 0);
    kubectl.line("scale statefulset/rqlite --replicas=3").ok();
    namespace.await_ready("rqlite", 3);
}

#[test]
fn ordinals_that_move_replace_the_cluster() {
    let namespace = voters("ordinals_that_move");
    let patch = "patch statefulset/rqlite --type=merge -p {\"spec\":{\"ordinals\":{\"start\":3}}}";
    denied(namespace.kubectl().line(patch), RULE, "quorum is 2");
}

#[test]
fn five_go_to_three_and_not_to_two() {
    let namespace = voters_of("five", 5);
    let kubectl = namespace.kubectl();
    denied(
        kubectl.line("scale statefulset/rqlite --replicas=2"),
        RULE,
        "replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3",
    );
    warned(kubectl.line("scale statefulset/rqlite --replicas=3"), RULE);
}

/// The set is created and shrunk before its name can be in any webhook configuration.
#[test]
fn a_set_that_is_seconds_old_is_guarded_by_its_selector() {
    let quorate = quorate();
    let namespace = quorate.plane().namespace("seconds_old");
    namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
    denied(namespace.kubectl().line("scale statefulset/rqlite --replicas=1"), RULE, WORDS);
}

#[test]
fn a_set_whose_selector_does_not_say_rqlite_is_guarded_by_its_name() {
    let quorate = quorate();
    let namespace = quorate.plane().namespace("by_name");
    let set = manifests::rqlite("store", 3);
    namespace.apply(&set).ok();
    namespace.await_ready("store", 3);
    quorate.await_known(&namespace, "store");
    let scale = || namespace.kubectl().line("scale statefulset/store --replicas=1 --dry-run=server");
    eventually("the API server to have read the new entry", || {
        let output = scale();
        if output.succeeded() { Err("it passed") } else { Ok(()) }
    });
    denied(scale(), RULE, "store: replicas 3 -> 1 leaves 1 of 3 voters, quorum is 2");
}

#[test]
fn other_sets_scale_as_they_like() {
    let namespace = quorate().plane().namespace("other_sets");
    namespace.apply(&manifests::other_set("web", 3)).ok();
    crate::passed(namespace.kubectl().line("scale statefulset/web --replicas=1"));
    crate::passed(namespace.kubectl().line("scale statefulset/web --replicas=0"));
    crate::passed(namespace.kubectl().line("delete statefulset/web"));
}
