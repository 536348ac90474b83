//! A manifest with a launch and asks, and both phases of the policy on it. Asserts nothing but that the mutation says nothing.

use quorate_sdk::review::PROJECTIONS;
use quorate_sdk::{Documents, Envelope, Level, Operation, ParentState, Phase, Verdict, policy};
use secret_mounts::SecretMounts;
use serde_json::{Value, json};

const NOTHING_KNOWN: &str = r#"{"version": 1}"#;

fn envelope(phase: Phase, operation: Operation) -> Envelope {
    let text = str::to_owned;
    Envelope {
        uid: text("1"),
        phase,
        operation,
        group: text("apps"),
        version: text("v1"),
        kind: text("StatefulSet"),
        resource: text("statefulsets"),
        sub_resource: None,
        namespace: Some(text("db")),
        name: Some(text("rqlite")),
        username: text("alice"),
        groups: Vec::new(),
        dry_run: false,
        options: None,
    }
}

fn pieces(document: &Value) -> Vec<Option<String>> {
    PROJECTIONS.iter().map(|pointer| document.pointer(pointer).map(Value::to_string)).collect()
}

fn review(phase: Phase, old: &Value, new: &Value) -> Verdict {
    let operation = if old.is_null() { Operation::Create } else { Operation::Update };
    let documents = Documents {
        object: pieces(new),
        old_object: pieces(old),
        parent: pieces(&Value::Null),
        parent_state: ParentState::Unknown,
    };
    policy::review::<SecretMounts>(envelope(phase, operation), documents, "{}", NOTHING_KNOWN)
}

/// The object after the mutating phase; `old` null at a creation.
#[track_caller]
pub(crate) fn mutated(old: &Value, new: &Value) -> Value {
    let verdict = review(Phase::Mutate, old, new);
    assert!(verdict.findings.is_empty(), "{:?}", verdict.findings);
    let patch: json_patch::Patch = serde_json::from_str(verdict.patch.as_deref().unwrap_or("[]")).unwrap();
    let mut object = new.clone();
    json_patch::patch(&mut object, &patch).unwrap();
    object
}

/// The denials of the validating phase: `rule: message`.
pub(crate) fn validated(old: &Value, new: &Value) -> Vec<String> {
    let findings = review(Phase::Validate, old, new).findings;
    let denied = findings.into_iter().filter(|finding| finding.level == Level::Deny);
    denied.map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
}

/// In the shape of the official 3-node manifest, as the API server stores it: defaults written out.
pub(crate) fn manifest(launch: &Value, asks: &[(&str, &str)]) -> Value {
    let mut container = json!({
        "name": "rqlite",
        "image": "rqlite/rqlite:9.1.3",
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 4001, "scheme": "HTTP"}},
        "livenessProbe": {"httpGet": {"path": "/readyz?noleader", "port": 4001, "scheme": "HTTP"}},
        "startupProbe": {"exec": {"command": ["true"]}},
        "volumeMounts": [{"name": "rqlite-file", "mountPath": "/rqlite/file"}],
    });
    for (key, value) in launch.as_object().unwrap() {
        container[key] = value.clone();
    }
    let mut annotations = json!({"team": "data"});
    for (key, value) in asks {
        annotations[format!("quorate.dev/{key}")] = json!(value);
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "rqlite", "namespace": "db", "annotations": annotations},
        "spec": {
            "replicas": 3,
            "serviceName": "rqlite",
            "selector": {"matchLabels": {"app": "rqlite"}},
            "template": {"metadata": {"labels": {"app": "rqlite"}}, "spec": {"containers": [container]}},
            "volumeClaimTemplates": [{"metadata": {"name": "rqlite-file"}}],
        },
    })
}
