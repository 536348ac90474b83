//! Quorate is down: the API server itself decides what it has to ask, and only dangerous changes of rqlite sets are refused.
//! Nothing is stored: every change is a dry run, which admission sees like any other.

use std::sync::OnceLock;

use quorate_cluster_tests::{ControlPlane, Namespace, Output, Quorate, eventually, manifests};

/// How the API server refuses what it cannot ask about.
const UNASKED: &str = "failed calling webhook";

struct Fixture {
    namespace: Namespace<'static>,
    _quorate: Quorate<'static>,
}

/// An rqlite set, one that only its name tells, one of zero replicas, and one that is not rqlite's; then Quorate goes down.
fn fixture() -> &'static Fixture {
    static SCENE: OnceLock<Fixture> = OnceLock::new();
    SCENE.get_or_init(|| {
        let quorate = Quorate::install(ControlPlane::shared());
        let namespace = quorate.plane().namespace("down");
        for (name, replicas) in [("rqlite", 3), ("store", 3)] {
            namespace.apply(&manifests::rqlite(name, replicas)).ok();
            namespace.await_ready(name, i64::from(replicas));
            quorate.await_known(&namespace, name);
        }
        let stopped = manifests::rqlite("rqlite-stopped", 3).replace("replicas: 3", "replicas: 0");
        namespace.apply(&stopped).ok();
        namespace.apply(&manifests::other_set("web", 3)).ok();
        namespace.await_ready("web", 3);
        quorate.await_known(&namespace, "rqlite-stopped");
        eventually("the API server to ask about the set that only its name tells", || {
            let asked = namespace.kubectl().line("scale statefulset/store --replicas=1 --dry-run=server");
            if asked.succeeded() { Err("it passed") } else { Ok(()) }
        });
        quorate.stop();
        Fixture { namespace, _quorate: quorate }
    })
}

fn patch(set: &str, patch: &str) -> Output {
    let set = format!("statefulset/{set}");
    fixture().namespace.kubectl().run(["patch", &set, "--dry-run=server", "--type=merge", "-p", patch])
}

fn json_patch(set: &str, patch: &str) -> Output {
    let set = format!("statefulset/{set}");
    fixture().namespace.kubectl().run(["patch", &set, "--dry-run=server", "--type=json", "-p", patch])
}

fn line(line: &str) -> Output {
    fixture().namespace.kubectl().line(&format!("{line} --dry-run=server"))
}

fn create(manifest: &str) -> Output {
    fixture().namespace.kubectl().run_with(manifest, ["create", "--dry-run=server", "-f", "-"])
}

/// A change and what is to become of it.
type Row = (&'static str, Output);

#[track_caller]
fn all(rows: Vec<Row>, refused: bool) {
    let wrong: Vec<String> = rows
        .iter()
        .filter(|(_, output)| output.stderr.contains(UNASKED) != refused || output.succeeded() == refused)
        .map(|(what, output)| format!("{what}: code {}\n{}{}", output.code, output.stdout, output.stderr))
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows are wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn dangerous_changes_of_rqlite_sets_are_refused() {
    let argument =
        r#"[{"op":"replace","path":"/spec/template/spec/containers/0/args/2","value":"-bootstrap-expect=5"}]"#;
    let no_argument = r#"[{"op":"remove","path":"/spec/template/spec/containers/0/args"}]"#;
    let command = r#"[{"op":"add","path":"/spec/template/spec/containers/0/command","value":["sleep","1"]}]"#;
    let environment =
        r#"[{"op":"add","path":"/spec/template/spec/containers/0/env","value":[{"name":"NODE_ID","value":"x"}]}]"#;
    let mount =
        r#"[{"op":"replace","path":"/spec/template/spec/containers/0/volumeMounts/0/mountPath","value":"/data"}]"#;
    all(
        vec![
            ("3 -> 1 by update", patch("rqlite", r#"{"spec":{"replicas":1}}"#)),
            ("3 -> 2 by update", patch("rqlite", r#"{"spec":{"replicas":2}}"#)),
            ("3 -> 0 by update", patch("rqlite", r#"{"spec":{"replicas":0}}"#)),
            ("3 -> 1 by scale", line("scale statefulset/rqlite --replicas=1")),
            ("3 -> 0 by scale", line("scale statefulset/rqlite --replicas=0")),
            ("3 -> 1 by scale, known by name", line("scale statefulset/store --replicas=1")),
            ("3 -> 0 by scale, known by name", line("scale statefulset/store --replicas=0")),
            ("other ordinals", patch("rqlite", r#"{"spec":{"ordinals":{"start":3}}}"#)),
            ("another argument", json_patch("rqlite", argument)),
            ("no arguments", json_patch("rqlite", no_argument)),
            ("a command", json_patch("rqlite", command)),
            ("an environment", json_patch("rqlite", environment)),
            ("another mount", json_patch("rqlite", mount)),
            ("a volume", patch("rqlite", r#"{"spec":{"template":{"spec":{"volumes":[{"name":"x","emptyDir":{}}]}}}}"#)),
            // The manifest from git takes out of the live set what was injected into it.
            ("what was injected, taken out", {
                let set = manifests::rqlite_set("rqlite", 3);
                fixture().namespace.kubectl().run_with(&set, ["apply", "--dry-run=server", "-f", "-"])
            }),
            ("3 -> 1 that swaps the image", {
                let one = manifests::rqlite_set("rqlite", 3).replace("replicas: 3", "replicas: 1");
                let swapped = one.replace("rqlite/rqlite:10.2.0", "nginx");
                fixture().namespace.kubectl().run_with(&swapped, ["apply", "--dry-run=server", "-f", "-"])
            }),
            ("deletion", line("delete statefulset/rqlite")),
            ("orphan deletion", line("delete statefulset/rqlite --cascade=orphan")),
            ("deletion of all, by name", line("delete statefulset/store")),
            ("creation", create(&manifests::rqlite_set("rqlite-new", 3))),
            ("a claim's deletion", line("delete persistentvolumeclaim/rqlite-file-rqlite-0")),
            ("a governing Service's deletion", line("delete service/rqlite-internal")),
            ("a namespace's deletion", line(&format!("delete namespace/{}", fixture().namespace.name()))),
        ],
        true,
    );
}

#[test]
fn the_cure_and_what_harms_nobody_pass() {
    let annotation = r#"{"metadata":{"annotations":{"quorate.dev/container":"rqlite"}}}"#;
    let restart = r#"{"spec":{"template":{"metadata":{"annotations":{"restarted":"now"}}}}}"#;
    let strategy = r#"{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}"#;
    let owner = r#"{"metadata":{"ownerReferences":[]}}"#;
    let autoscaler = r#"apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: rqlite }
spec: { minReplicas: 1, maxReplicas: 5, scaleTargetRef: { apiVersion: apps/v1, kind: StatefulSet, name: rqlite } }
"#;
    let namespace = &fixture().namespace;
    let eviction = |pod: &str| {
        let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction?dryRun=All", namespace.name());
        let body = format!(
            r#"{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{{"name":"{pod}"}},"deleteOptions":{{"dryRun":["All"]}}}}"#
        );
        namespace.kubectl().run_with(&body, ["create", "--raw", &path, "-f", "-"])
    };
    all(
        vec![
            ("growth by update", patch("rqlite", r#"{"spec":{"replicas":5}}"#)),
            ("growth by scale", line("scale statefulset/rqlite --replicas=5")),
            ("growth by scale, known by name", line("scale statefulset/store --replicas=5")),
            ("from zero by scale", line("scale statefulset/rqlite-stopped --replicas=3")),
            ("from zero by update", patch("rqlite-stopped", r#"{"spec":{"replicas":3}}"#)),
            ("restart", patch("rqlite", restart)),
            ("another release", line("set image statefulset/rqlite rqlite=rqlite/rqlite:10.2.7")),
            ("an update strategy", patch("rqlite", strategy)),
            ("a label", line("label statefulset/rqlite team=db")),
            ("an annotation of ours", patch("rqlite", annotation)),
            ("owners", patch("rqlite", owner)),
            ("an autoscaler", create(autoscaler)),
            ("an eviction", eviction("rqlite-0")),
            ("an eviction, known by name", eviction("store-0")),
            ("a pod's deletion", line("delete pod/rqlite-0")),
        ],
        false,
    );
}

#[test]
fn nothing_but_rqlite_sets_is_asked_about() {
    let namespace = &fixture().namespace;
    namespace.plane().kubectl().line("create namespace without-rqlite").ok();
    all(
        vec![
            ("another set: 3 -> 1", line("scale statefulset/web --replicas=1")),
            ("another set: 3 -> 0", line("scale statefulset/web --replicas=0")),
            ("another set: growth", line("scale statefulset/web --replicas=5")),
            (
                "another set: the same again",
                namespace.kubectl().run_with(&manifests::other_set("web", 3), ["apply", "--dry-run=server", "-f", "-"]),
            ),
            ("another set: deletion", line("delete statefulset/web")),
            ("another set: a claim's deletion", line("delete persistentvolumeclaim/data-web-0")),
            ("a namespace without rqlite: deletion", line("delete namespace/without-rqlite")),
            ("another set: creation", create(&manifests::other_set("web-new", 1))),
            ("another set: image", line("set image statefulset/web web=nginx:1.30")),
            ("a ConfigMap", line("create configmap anything")),
            ("a Deployment", line("create deployment web --image=nginx")),
            ("status", {
                let status = r#"{"status":{"replicas":3}}"#;
                namespace.kubectl().run([
                    "patch",
                    "statefulset/rqlite",
                    "--subresource=status",
                    "--dry-run=server",
                    "--type=merge",
                    "-p",
                    status,
                ])
            }),
        ],
        false,
    );
}
