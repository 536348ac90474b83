//! `quorate can-scale`, with and without a Quorate in the cluster, and what it says where a right is missing.

use std::process::Command;

use quorate_cluster_tests::{Cluster, ControlPlane, Quorate, Rqliteds, binary, majors, manifests};
use serde_json::Value;

use crate::with_rqlited;

#[test]
fn can_scale_asks_the_cluster_and_shows_the_way() {
    with_rqlited("asking::guarded");
}

#[test]
fn can_scale_judges_by_itself_where_nobody_guards() {
    with_rqlited("asking::unguarded");
}

struct CommandOutput {
    code: Option<i32>,
    text: String,
}

fn can_scale(plane: &ControlPlane, kubeconfig: &std::path::Path, set: &str, to: u32, more: &[&str]) -> CommandOutput {
    let mut command = Command::new(binary());
    command.args(["can-scale", set, "--to", &to.to_string()]).args(more).env("KUBECONFIG", kubeconfig);
    let output = command.current_dir(plane.folder()).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    CommandOutput { code: output.status.code(), text }
}

#[test]
#[ignore = "only in a network of its own, for can_scale_asks_the_cluster_and_shows_the_way"]
fn guarded() {
    let plane = ControlPlane::shared();
    let quorate = Quorate::install(plane);
    let rqlited = majors().pop().unwrap();
    let cluster =
        Cluster::of(&quorate, "asked_by_a_desk", 5, rqlited, |manifest| manifests::without_self_removal(&manifest));
    let set = format!("{}/rqlite", cluster.namespace.name());
    let ask = |to: u32, more: &[&str]| can_scale(plane, plane.kubeconfig(), &set, to, more);
    let denied = ask(1, &[]);
    eprintln!("{}", denied.text);
    assert_eq!(denied.code, Some(1), "{}", denied.text);
    for part in [
        "denied by the cluster's own Quorate, by a dry run",
        "deny quorum-guard/scale-below-quorum: ",
        "id        voter  reachable  leader  pod       leaving",
        "--replicas=3",
        r#"/remove' -d '{"id":"rqlite-4"}'"#,
        "port-forward pod/rqlite-0 4001 &",
        "--replicas=1",
    ] {
        assert!(denied.text.contains(part), "{part}: {}", denied.text);
    }
    let allowed = ask(3, &[]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.text);
    assert_eq!(cluster.namespace.replicas("rqlite"), 5);
    let json: Value = serde_json::from_str(&ask(1, &["--format=json"]).text).unwrap();
    assert_eq!((&json["verdict"], json["members"].as_array().map(Vec::len)), (&"denied".into(), Some(5)), "{json}");
}

#[test]
#[ignore = "only in a network of its own, for can_scale_judges_by_itself_where_nobody_guards"]
fn unguarded() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("nobody_guards");
    namespace.run_rqlited();
    let newest = Rqliteds::find().unwrap().newest();
    namespace.apply(&manifests::database("rqlite", 3, &newest.version.to_string())).ok();
    namespace.await_ready("rqlite", 3);
    let set = format!("{}/rqlite", namespace.name());
    let denied = can_scale(plane, plane.kubeconfig(), &set, 1, &[]);
    eprintln!("{}", denied.text);
    assert_eq!(denied.code, Some(1), "{}", denied.text);
    assert!(
        denied.text.contains("denied by the same policies, here: no Quorate guards the cluster"),
        "{}",
        denied.text
    );
    assert!(denied.text.contains("; seen "), "{}", denied.text);
    let reader = plane.service_account(namespace.name(), "default");
    let nothing = can_scale(plane, &reader, &set, 1, &[]);
    assert_eq!(nothing.code, Some(2), "{}", nothing.text);
    namespace
        .kubectl()
        .line("create role reader --verb=get,list --resource=statefulsets.apps,pods,persistentvolumeclaims")
        .ok();
    let binding = format!("create rolebinding reader --role=reader --serviceaccount={}:default", namespace.name());
    namespace.kubectl().line(&binding).ok();
    let partly = can_scale(plane, &reader, &set, 1, &[]);
    eprintln!("{}", partly.text);
    assert_eq!(partly.code, Some(1), "{}", partly.text);
    for part in ["could not be asked", "pods/proxy", "no live view"] {
        assert!(partly.text.contains(part), "{part}: {}", partly.text);
    }
}
