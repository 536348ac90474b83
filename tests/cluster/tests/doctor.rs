//! `quorate doctor` on a sound installation, and on ones that are not. In a network of its own: it counts the Service's endpoints.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::Path;
use std::process::Command;

use quorate_cluster_tests::{ControlPlane, Quorate, binary, isolation, manifests};
use serde_json::Value;

#[test]
fn a_sound_installation_is_fine_and_what_is_wrong_is_named() {
    isolation::run("examined");
}

/// Exit code, and the messages of a level.
fn doctor(plane: &ControlPlane, config: &Path) -> (Option<i32>, Value) {
    let mut command = Command::new(binary());
    command.args(["doctor", "--format=json", "--config"]).arg(config).env("KUBECONFIG", plane.kubeconfig());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let found = serde_json::from_str(&text);
    (
        output.status.code(),
        found.unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr))),
    )
}

fn messages(found: &Value, level: &str) -> Vec<String> {
    let checks = found["checks"].as_array().cloned().unwrap_or_default();
    let of_level = checks.iter().filter(|check| check["level"] == level);
    of_level.map(|check| check["message"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
#[ignore = "only in a network of its own, for a_sound_installation_is_fine_and_what_is_wrong_is_named"]
fn examined() {
    let plane = ControlPlane::shared();
    let quorate = Quorate::install(plane);
    let config = plane.folder().join("quorate.yaml");
    let (code, found) = doctor(plane, &config);
    assert_eq!((code, messages(&found, "problem")), (Some(0), Vec::new()), "{found}");

    // What a platform adds is no problem, and is told.
    let add = r#"[{"op":"add","path":"/webhooks/0/namespaceSelector/matchExpressions/-","value":{"key":"control-plane","operator":"DoesNotExist"}}]"#;
    plane.kubectl().run(["patch", "validatingwebhookconfiguration/quorate", "--type=json", "-p", add]).ok();
    let (code, found) = doctor(plane, &config);
    assert_eq!(code, Some(0), "{found}");
    assert!(messages(&found, "fine").join("\n").contains("somebody adds `!control-plane`"), "{found}");

    // A set that is in no guarded namespace.
    plane.kubectl().in_namespace("kube-public").apply(&manifests::rqlite_set("stray", 1)).ok();
    // A loosened entry, a right taken away.
    let loosen = r#"[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]"#;
    plane.kubectl().run(["patch", "validatingwebhookconfiguration/quorate", "--type=json", "-p", loosen]).ok();
    plane.kubectl().line("delete clusterrolebinding/quorate").ok();
    let (code, found) = doctor(plane, &config);
    let problems = messages(&found, "problem").join("\n");
    assert_eq!(code, Some(1), "{found}");
    assert!(problems.contains("failurePolicy") && problems.contains("lacks a right"), "{found}");
    assert!(found.to_string().contains("kube-public/stray"), "{found}");

    quorate.stop();
    let (code, found) = doctor(plane, &config);
    assert_eq!(code, Some(1), "{found}");
}
