//! A policy of somebody else on a real API server: bound twice, narrowed by labels in its own webhook entry and in the engine, and told the
//! Namespace that it asks for. The entry of one binding does not bring the other one into namespaces that it does not select.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use quorate_cluster_tests::{ControlPlane, Namespace, Output, Quorate, eventually};
use quorate_guest_build::Guest;
use serde_json::json;

/// The component of an example of `sdk/rust`, in a file.
fn labels(folder: &Path) -> String {
    let name = "required-labels";
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/rust/examples").join(name);
    let test = std::env::current_exe().unwrap();
    let target_dir = &test.ancestors().nth(3).unwrap().join("tmp/examples");
    let guest = Guest { name, folder: &example, profile: "release", target_dir, locked: true };
    let file = folder.join("required-labels.wasm");
    std::fs::write(&file, guest.component().unwrap()).unwrap();
    file.display().to_string()
}

fn deployment(labels: serde_json::Value) -> String {
    let pod =
        json!({"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "shop"}}, "template": pod}})
    .to_string()
}

fn create(namespace: &Namespace<'_>, labels: serde_json::Value) -> Output {
    namespace.kubectl().run_with(&deployment(labels), ["create", "--dry-run=server", "-f", "-"])
}

#[test]
fn a_policy_of_ones_own_is_selected_and_told_what_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let module = labels(folder.path());
    let team = json!({"module": module, "settings": {"labels": ["team"]},
        "namespaceSelector": {"matchLabels": {"stage": "production"}}});
    let cost = json!({"module": module, "settings": {"labels": ["cost"]}, "mode": "warn", "operations": ["CREATE"],
        "objectSelector": {"matchExpressions": [{"key": "free", "operator": "DoesNotExist"}]}});
    let values = folder.path().join("values.yaml");
    let policies = json!({"config": {"policies": {"team-labels": team, "cost-labels": cost}}});
    std::fs::write(&values, policies.to_string()).unwrap();
    let plane = ControlPlane::start("own-policies");
    let quorate = Quorate::installer(&plane).values(&values).install();
    let (production, test) = (plane.namespace("production"), plane.namespace("test"));
    let label = |text: &str| plane.kubectl().line(&format!("label namespace {} {text}", production.name())).ok();
    label("stage=production");

    eventually("the entry of the policy to be there", || {
        let entries = plane.kubectl().get("validatingwebhookconfiguration/quorate").to_string();
        if entries.contains("team-labels.policy.quorate.dev") { Ok(()) } else { Err("no entry") }
    });
    let refusal = create(&production, json!({"cost": "b"})).refused();
    assert!(refusal.contains("team-labels/label-missing"), "{refusal}");
    assert!(refusal.contains("label team is missing, here and on the namespace; set team"), "{refusal}");
    create(&production, json!({"team": "a", "cost": "b"})).ok();
    let elsewhere = create(&test, json!({}));
    assert!(elsewhere.succeeded() && !elsewhere.stderr.contains("team-labels"), "{elsewhere:?}");
    let warned = create(&production, json!({"team": "a"}));
    assert!(warned.succeeded() && warned.stderr.contains("cost-labels/label-missing"), "{warned:?}");
    let free = create(&production, json!({"team": "a", "free": "yes"}));
    assert!(free.succeeded() && !free.stderr.contains("cost-labels"), "{free:?}");
    label("team=a");
    create(&production, json!({"cost": "b"})).ok();
    quorate.stop();
}
