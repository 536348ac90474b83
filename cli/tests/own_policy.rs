//! A policy of somebody else, built from outside of the workspace: made a component, inspected, bound twice, and asked.
//! What it says is the SDK's example; here it is how an author and an operator come there.

use std::path::{Path, PathBuf};

use quorate_guest_build::Guest;
use serde_json::{Value, json};

use crate::common::{Folder, repository};

/// What the compiler wrote of one of the SDK's examples.
#[expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
fn core_module(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target_dir = &test.ancestors().nth(3).unwrap().join("tmp/examples");
    let folder = &repository().join("sdk/rust/examples").join(example);
    Guest { name: example, folder, profile: "release", target_dir, locked: true }.core_module().unwrap()
}

/// A folder with the example as a policy, and what building it printed.
fn built(example: &str) -> (Folder, String) {
    let folder = Folder::new(&[]);
    let core = core_module(example).display().to_string();
    let run = folder.quorate(&["policy", "build", &core, "-o", "policy.wasm"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    (folder, run.stdout)
}

fn review(group: &str, resource: &str, object: &Value) -> String {
    let kind = &object["kind"];
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "own", "operation": "CREATE", "userInfo": {"username": "alice"}, "namespace": "web", "name": "shop",
        "kind": {"group": group, "version": "v1", "kind": kind},
        "resource": {"group": group, "version": "v1", "resource": resource},
        "object": object,
    }})
    .to_string()
}

fn deployment() -> String {
    review(
        "apps",
        "deployments",
        &json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "web", "labels": {"team": "a"}}, "spec": {}}),
    )
}

fn reviewed(folder: &Folder, config: &str, review: &str) -> Value {
    folder.put("quorate.yaml", config);
    folder.put("review.json", review);
    let run = folder.quorate(&["review", "--config", "quorate.yaml", "--format", "json", "review.json"]);
    assert!(matches!(run.stderr.as_str(), "" | "quorate: Deployment web/shop: no policy matched\n"), "{run:?}");
    run.json()
}

#[test]
fn a_core_module_becomes_a_policy_that_can_be_read_without_running_it() {
    let (folder, said) = built("required-labels");
    assert!(said.starts_with("required-labels 0.1.0, ") && said.ends_with(" bytes, needs: no grant\n"), "{said}");
    let run = folder.quorate(&["policy", "inspect", "policy.wasm"]);
    let expected = "required-labels 0.1.0: every Deployment has its labels
  rule label-missing: a required label is missing
  asks for CREATE, UPDATE of apps deployments
  reads `namespace`: namespace
  imports: log, request, types, verdicts
  exports: guest, validator
  needs: no grant
";
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), expected), "{run:?}");
    let run = folder.quorate(&["policy", "inspect", "policy.wasm", "--rbac"]);
    assert_eq!(run.stdout, "- apiGroups: [\"\"]\n  resources: [\"namespaces\"]\n  verbs: [\"get\"]\n");
    let json = folder.quorate(&["policy", "inspect", "policy.wasm", "--format", "json"]).json();
    assert_eq!(json["manifest"]["name"], "required-labels");
    assert_eq!(json["needs"], json!({"imports": [], "facts": [], "reads": [], "references": []}));
    let again = folder.quorate(&["policy", "build", "policy.wasm", "-o", "again.wasm"]);
    assert_eq!(again.stdout, said, "a policy is built again without a change");
}

#[test]
fn what_is_no_policy_is_refused_with_its_name() {
    let folder = Folder::new(&[("text.wasm", "no wasm")]);
    for command in [&["policy", "inspect", "text.wasm"][..], &["policy", "build", "text.wasm", "-o", "out.wasm"][..]] {
        let run = folder.quorate(command);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.starts_with("quorate: text.wasm: "), "{run:?}");
    }
    assert!(!Path::new(&folder.path("out.wasm")).exists(), "nothing is written");
}

#[test]
fn one_module_is_bound_twice_with_settings_of_its_own() {
    let (folder, _) = built("required-labels");
    let config = "policies:
  teams: {module: policy.wasm, settings: {labels: [team]}}
  costs: {module: policy.wasm, settings: {labels: [cost-centre]}, mode: warn}
";
    let reviewed = reviewed(&folder, config, &deployment());
    let rules: Vec<&str> =
        reviewed["findings"].as_array().unwrap().iter().map(|found| found["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["costs/not-judged"], "the label `team` is there; of the other nobody knows the namespace's");
    let says = "related object `namespace` could not be looked up: nobody gave it";
    assert_eq!(reviewed["findings"][0]["message"], says);
}

#[test]
fn a_binding_takes_what_its_selectors_take() {
    let (folder, _) = built("required-labels");
    let with = |selection: &str| {
        let config = format!("policies:\n  costs: {{module: policy.wasm, settings: {{labels: [x]}}, {selection}}}\n");
        let found = reviewed(&folder, &config, &deployment());
        found["findings"].as_array().unwrap().iter().map(|found| found["message"].to_string()).collect::<String>()
    };
    let asked = "\"related object `namespace` could not be looked up: nobody gave it";
    assert_eq!(with("objectSelector: {matchLabels: {team: a}}"), format!("{asked}\""));
    assert_eq!(with("objectSelector: {matchLabels: {team: b}}"), "");
    let assumed = format!("{asked} (the labels that select this policy are not known)\"");
    assert_eq!(with("namespaceSelector: {matchLabels: {team: b}}"), assumed);
    assert_eq!(with("excludeNamespaces: [web]"), "");
    assert_eq!(with("operations: [UPDATE]"), "");
}

#[test]
fn a_mutating_policy_edits_a_pod() {
    let (folder, said) = built("image-pin-mutator");
    assert!(said.contains("needs: no grant"), "{said}");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop", "namespace": "web"},
        "spec": {"containers": [{"name": "a", "image": "nginx:1.29"}]}});
    let config = "policies:\n  pin: {module: policy.wasm}\n";
    let reviewed = reviewed(&folder, config, &review("", "pods", &pod));
    assert_eq!(reviewed["verdict"], "allowed", "{reviewed}");
    assert!(!reviewed["patch"].as_array().unwrap().is_empty(), "{reviewed}");
}
