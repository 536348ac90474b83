//! `quorate check --live` and `snapshot save` on a real API server: the cluster's own verdict by dry runs, and ours where it cannot be had.
//! In networks of their own: Quorate is taken out of one, and its claims are read anew in both.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests; an absent key is a failure"
)]

use std::path::PathBuf;
use std::process::Command;

use quorate_cluster_tests::{ControlPlane, Namespace, Quorate, binary, eventually, isolation, manifests};
use serde_json::Value;

#[test]
fn the_clusters_own_quorate_decides() {
    isolation::run("guarded");
}

#[test]
fn what_cannot_be_asked_is_judged_here() {
    isolation::run("unheard");
}

/// Of the set `second`.
const AUTOSCALER: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: second
spec:
  minReplicas: 1
  maxReplicas: 5
  scaleTargetRef:
    apiVersion: apps/v1
    kind: StatefulSet
    name: second
";

const RULE: &str = "quorum-guard/scale-below-quorum";

/// Two states of a repository, and a cluster in which the first was applied.
struct Checkout<'n, 'a> {
    namespace: &'n Namespace<'a>,
    kubeconfig: PathBuf,
    folder: PathBuf,
}

impl<'n, 'a> Checkout<'n, 'a> {
    /// The first is the set that was applied, of three.
    fn new(namespace: &'n Namespace<'a>) -> Self {
        let folder = namespace.plane().folder().join(namespace.name());
        let checkout = Self { namespace, kubeconfig: namespace.plane().kubeconfig().to_owned(), folder };
        checkout.put("base", &scaled(3));
        checkout
    }

    fn put(&self, side: &str, manifest: &str) {
        std::fs::create_dir_all(self.folder.join(side)).unwrap();
        std::fs::write(self.folder.join(side).join("db.yaml"), manifest).unwrap();
    }

    fn quorate(&self, args: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(binary());
        command.args(args).env("KUBECONFIG", &self.kubeconfig).current_dir(&self.folder);
        let output = command.output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), text)
    }

    /// What a check against the cluster says of the change to `head`.
    fn check(&self, head: &str, what: &[&str]) -> (Option<i32>, Value) {
        self.put("head", head);
        let args = ["check", "--namespace", self.namespace.name(), "--strict", "-o", "json"];
        let (code, text) = self.quorate(&[&args, what].concat());
        (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }
}

/// Quorate, and a namespace with a set of three that it knows.
fn guarded_set(test: &str) -> (Quorate<'static>, Namespace<'static>) {
    let plane = ControlPlane::shared();
    let quorate = Quorate::install(plane);
    let namespace = plane.namespace(test);
    namespace.apply(&scaled(3)).ok();
    namespace.await_ready("rqlite", 3);
    quorate.await_known(&namespace, "rqlite");
    (quorate, namespace)
}

const SIDES: [&str; 4] = ["--base-dir", "base", "--head-dir", "head"];

fn live() -> Vec<&'static str> {
    [&SIDES[..], &["--live"]].concat()
}

/// The change of `rqlite`.
fn change(json: &Value) -> &Value {
    let is_it = |change: &&Value| change["kind"] == "StatefulSet" && change["name"] == "rqlite";
    json["changes"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{json:#}"))
}

/// Its verdict, by whom, and its first finding's rule.
fn said(json: &Value) -> (&str, &str, &str) {
    let change = change(json);
    (text(&change["verdict"]), text(&change["by"]), text(&change["findings"][0]["rule"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What was applied, with another count and nothing else changed.
fn scaled(replicas: u32) -> String {
    manifests::rqlite("rqlite", 3).replace("  replicas: 3\n", &format!("  replicas: {replicas}\n"))
}

fn line_of(manifest: &str, text: &str) -> usize {
    manifest.lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
#[ignore = "only in a network of its own, for the_clusters_own_quorate_decides"]
fn guarded() {
    let (_quorate, namespace) = guarded_set("gate");
    let checkout = Checkout::new(&namespace);
    is_refused_at_its_line(&checkout);
    has_what_runs_as_base(&checkout);
    is_admitted(&checkout);
    is_not_admitted_by_silence(&checkout);
    is_refused_by_the_api_server(&checkout);
    is_deleted(&checkout);
    loses_a_field(&checkout);
    is_read_by_a_person(&checkout);
}

/// Refused by the cluster, at the line that does it; and nothing changed.
fn is_refused_at_its_line(checkout: &Checkout<'_, '_>) {
    let one = scaled(1);
    let (code, json) = checkout.check(&one, &live());
    assert_eq!((code, said(&json)), (Some(1), ("denied", "cluster", RULE)), "{json:#}");
    let finding = &change(&json)["findings"][0];
    assert_eq!(finding["at"]["line"], line_of(&one, "replicas: 1"), "{json:#}");
    let message = text(&finding["message"]);
    assert!(message.starts_with("replicas 3 -> 1 leaves 1 of 3 voters, quorum is 2; no live view"), "{message}");
    assert!(!text(&finding["remedy"]).is_empty(), "{json:#}");
    assert_eq!(checkout.namespace.replicas("rqlite"), 3);
}

/// What runs is the base, where none is given.
fn has_what_runs_as_base(checkout: &Checkout<'_, '_>) {
    let one = scaled(1);
    let three = manifests::rqlite("rqlite", 3);
    let (code, json) = checkout.check(&one, &["head/db.yaml", "--live"]);
    assert_eq!((code, said(&json)), (Some(1), ("denied", "cluster", RULE)), "{json:#}");
    let (code, json) = checkout.check(&three, &["head/db.yaml", "--live"]);
    let all_allowed = json["changes"].as_array().unwrap().iter().all(|change| change["verdict"] == "allowed");
    assert_eq!((code, all_allowed), (Some(0), true), "{json:#}");
}

/// Admitted; a set that is not there yet is created by a dry run as well.
fn is_admitted(checkout: &Checkout<'_, '_>) {
    let more = format!("{}---\n{}", scaled(5), manifests::rqlite("second", 3));
    let (code, json) = checkout.check(&more, &live());
    assert_eq!(code, Some(0), "{json:#}");
    let changes = json["changes"].as_array().unwrap();
    let sets: Vec<&Value> = changes.iter().filter(|change| change["kind"] == "StatefulSet").collect();
    assert!(sets.len() == 2 && sets.iter().all(|change| change["by"] == "cluster"), "{json:#}");
    assert_eq!(
        (checkout.namespace.replicas("rqlite"), checkout.namespace.names("statefulset")),
        (3, vec!["rqlite".to_owned()])
    );
}

/// An autoscaler of a set that is not there yet passes without a word: silence lowers nothing.
fn is_not_admitted_by_silence(checkout: &Checkout<'_, '_>) {
    let more = format!("{}---\n{}", scaled(5), manifests::rqlite("second", 3));
    let (code, json) = checkout.check(&format!("{more}---\n{AUTOSCALER}"), &live());
    let autoscaler =
        json["changes"].as_array().unwrap().iter().find(|change| change["kind"] == "HorizontalPodAutoscaler");
    let autoscaler = autoscaler.unwrap_or_else(|| panic!("{json:#}"));
    assert_eq!(
        (code, &autoscaler["verdict"], &autoscaler["by"]),
        (Some(1), &"denied".into(), &"here".into()),
        "{json:#}"
    );
    assert!(text(&autoscaler["notHeard"]).contains("said nothing of this"), "{json:#}");
}

/// What the API server itself refuses is not known to be admitted.
fn is_refused_by_the_api_server(checkout: &Checkout<'_, '_>) {
    let three = manifests::rqlite("rqlite", 3);
    let ordered = three.replace("podManagementPolicy: Parallel", "podManagementPolicy: OrderedReady");
    let (code, json) = checkout.check(&ordered, &live());
    let reason = text(&json["notEvaluated"][0]["reason"]);
    assert_eq!((code, &change(&json)["by"]), (Some(3), &"here".into()), "{json:#}");
    assert!(reason.contains("whatever Quorate says: StatefulSet.apps \"rqlite\" is invalid"), "{reason}");
}

/// Removed from git: set and Service, each with its place in the base.
fn is_deleted(checkout: &Checkout<'_, '_>) {
    let (code, json) = checkout.check("", &live());
    assert_eq!(code, Some(1), "{json:#}");
    for change in json["changes"].as_array().unwrap() {
        assert_eq!((&change["verdict"], &change["by"]), (&"denied".into(), &"cluster".into()), "{json:#}");
        assert_eq!((&change["operation"], &change["at"]["side"]), (&"DELETE".into(), &"base".into()), "{json:#}");
    }
}

/// A field that goes from what only is in the cluster: over what is there, not beside it.
fn loses_a_field(checkout: &Checkout<'_, '_>) {
    let three = manifests::rqlite("rqlite", 3);
    let pinned = AUTOSCALER.replace("second", "rqlite").replace("minReplicas: 1", "minReplicas: 3").replace("5", "3");
    checkout.namespace.apply(&pinned).ok();
    checkout.put("base", &format!("{three}---\n{pinned}"));
    let loosened = pinned.replace("  minReplicas: 3\n", "");
    let judged = eventually("the cluster to know the autoscaler", || {
        let (_, json) = checkout.check(&format!("{three}---\n{loosened}"), &live());
        if json["changes"][0]["by"] == "cluster" { Ok(json) } else { Err(json) }
    });
    let [verdict, rule] = [&judged["changes"][0]["verdict"], &judged["changes"][0]["findings"][0]["rule"]].map(text);
    assert_eq!((verdict, rule), ("denied", "quorum-guard/autoscaler-on-voters"), "{judged:#}");
}

/// For a person.
fn is_read_by_a_person(checkout: &Checkout<'_, '_>) {
    let one = scaled(1);
    checkout.put("head", &one);
    let (code, text) = checkout.quorate(&[&["check", "--namespace", checkout.namespace.name()], &live()[..]].concat());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("  by the cluster's own Quorate\n  deny quorum-guard/scale-below-quorum: "), "{text}");
}

#[test]
#[ignore = "only in a network of its own, for what_cannot_be_asked_is_judged_here"]
fn unheard() {
    let (quorate, namespace) = guarded_set("reader");
    let plane = quorate.plane();
    let mut checkout = Checkout::new(&namespace);
    let one = scaled(1);

    // A kubeconfig that may only read.
    checkout.kubeconfig = reader(plane, &namespace);
    let (code, json) = checkout.check(&one, &live());
    assert_eq!((code, said(&json)), (Some(1), ("denied", "here", RULE)), "{json:#}");
    let why = text(&change(&json)["notHeard"]);
    assert!(why.contains("cannot update resource \"statefulsets\""), "{why}");
    assert_eq!(json["notEvaluated"], Value::Array(Vec::new()), "{json:#}");

    // What was recorded with it judges as well as what is read now.
    let (code, told) = checkout.quorate(&["snapshot", "save", "cluster.json"]);
    assert_eq!((code, told.as_str()), (Some(0), "cluster.json: rqlite sets: 1\n"));
    let (code, json) = checkout.check(&one, &[&SIDES[..], &["--snapshot", "cluster.json"]].concat());
    assert_eq!((code, said(&json)), (Some(1), ("denied", "here", RULE)), "{json:#}");

    // Quorate hangs or is gone.
    checkout.kubeconfig = plane.kubeconfig().to_owned();
    quorate.stop();
    let (code, json) = checkout.check(&one, &live());
    assert_eq!((code, said(&json)), (Some(1), ("denied", "here", RULE)), "{json:#}");
    let why = text(&change(&json)["notHeard"]);
    assert!(why.contains("failed calling webhook"), "{why}");
    plane.helm().in_namespace("quorate-system").line("uninstall quorate --wait").ok();
    let (code, json) = checkout.check(&one, &live());
    assert_eq!((code, said(&json)), (Some(1), ("denied", "here", RULE)), "{json:#}");
    assert_eq!(change(&json)["notHeard"], "no Quorate guards the cluster", "{json:#}");
}

/// May read what `snapshot save` says that it reads, cluster-wide.
fn reader(plane: &ControlPlane, namespace: &Namespace<'_>) -> PathBuf {
    let kubectl = plane.kubectl();
    let resources = "statefulsets.apps,pods,persistentvolumeclaims,pods/proxy";
    kubectl.line(&format!("create clusterrole gate-reader --verb=get,list --resource={resources}")).ok();
    let account = format!("{}:default", namespace.name());
    kubectl
        .line(&format!("create clusterrolebinding gate-reader --clusterrole=gate-reader --serviceaccount={account}"))
        .ok();
    plane.service_account(namespace.name(), "default")
}
