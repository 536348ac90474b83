//! Two policies on one set: what both do, alone and one after the other. Fixtures here, laws and examples beside.

mod examples;
mod laws;

use std::sync::Arc;

use kubernetes::annotation::INJECTED;
use kubernetes::manifest::StatefulSet;
use rqlite::cluster::RqliteSet;
use rqlite::reading::Reading;
use serde_json::{Value, json};

use super::{Injector, Item, ProbeKind, Reconciled, TemplateEditor};
use crate::review::SetDocument;

const FLAG: &str = "-raft-cluster-remove-shutdown=true";
const AUTH: &str = "-auth=/etc/quorate/auth/users.json";
const JOIN_AS: &str = "-join-as=node";

/// Owns one flag and the grace period.
const SHUTDOWN: Injector =
    Injector { policy: "remove-on-shutdown", makes: |item| matches!(item, Item::Grace { .. }) || token(item) == FLAG };

/// Owns two flags, a volume, its mount, and probes.
const SECRETS: Injector = Injector {
    policy: "secret-mounts",
    makes: |item| {
        !matches!(item, Item::Grace { .. } | Item::Flag { .. }) || token(item) == AUTH || token(item) == JOIN_AS
    },
};

fn token(item: &Item) -> &str {
    match item {
        Item::Flag { token, .. } => token,
        Item::Grace { .. } | Item::Volume { .. } | Item::Mount { .. } | Item::Probe { .. } => "",
    }
}

fn flag(token: &str) -> Item {
    Item::Flag { container: "rqlite".to_owned(), token: token.to_owned() }
}

fn shutdown_items() -> Vec<Item> {
    vec![flag(FLAG), Item::Grace { seconds: 30 }]
}

fn volume(secret: &str) -> Item {
    Item::Volume { content: json!({ "name": "quorate-auth", "secret": { "secretName": secret, "defaultMode": 292 } }) }
}

fn mount() -> Item {
    let content = json!({ "name": "quorate-auth", "mountPath": "/etc/quorate/auth", "readOnly": true });
    Item::Mount { container: "rqlite".to_owned(), content }
}

fn probe() -> Item {
    Item::Probe { container: "rqlite".to_owned(), probe: ProbeKind::Readiness }
}

fn secret_items() -> Vec<Item> {
    vec![flag(JOIN_AS), flag(AUTH), volume("users"), mount(), probe()]
}

/// What git has: an official image, these args, and a volume and a mount of the user's.
fn git(args: Value) -> Value {
    json!({
        "metadata": { "name": "rqlite", "namespace": "db" },
        "spec": { "replicas": 3, "template": { "metadata": {}, "spec": {
            "terminationGracePeriodSeconds": 10,
            "volumes": [{ "name": "extra", "emptyDir": {} }],
            "containers": [
                { "name": "sidecar", "image": "curl", "command": ["sleep", "9"] },
                { "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": args,
                  "readinessProbe": { "httpGet": { "path": "/readyz", "port": 4001, "scheme": "HTTP" } },
                  "volumeMounts": [{ "name": "data", "mountPath": "/rqlite/file" }] },
            ],
        } } },
    })
}

fn dns() -> Value {
    json!(["-disco-mode=dns", "-disco-config={\"name\":\"rqlite\"}", "-bootstrap-expect=3"])
}

fn document(object: &Value) -> SetDocument {
    let set: StatefulSet = serde_json::from_value(object.clone()).unwrap();
    let recognised = RqliteSet::detect(&set).map(Arc::new);
    SetDocument::new(set, object["spec"].clone(), Reading { set: recognised, ..Reading::default() })
}

fn editor(injector: Injector, old: Option<&Value>, new: &Value) -> TemplateEditor {
    TemplateEditor::of(injector, old.map(document).as_ref(), &document(new))
}

/// One policy's turn: the object afterwards, and what was reconciled.
fn turn(injector: Injector, old: Option<&Value>, new: &Value, wanted: &[Item]) -> (Value, Reconciled) {
    let mut editor = editor(injector, old, new);
    let reconciled = editor.reconcile(wanted);
    (patched(editor, new), reconciled)
}

/// The object after the editor's patch; the editor says the same of the template.
#[track_caller]
fn patched(editor: TemplateEditor, new: &Value) -> Value {
    let template = editor.template().clone();
    let mut object = new.clone();
    if let Some(patch) = editor.into_patch() {
        let patch: json_patch::Patch = serde_json::from_str(&patch).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
    }
    assert_eq!(object["spec"]["template"], template, "the operations give another template than the editor");
    object
}

/// Both policies, in that order.
fn both(old: Option<&Value>, new: &Value) -> Value {
    let (first, _) = turn(SECRETS, old, new, &secret_items());
    turn(SHUTDOWN, old, &first, &shutdown_items()).0
}

fn list(object: &Value) -> &str {
    object["metadata"]["annotations"][INJECTED].as_str().unwrap_or_default()
}

fn args(object: &Value) -> Vec<&str> {
    let args = object["spec"]["template"]["spec"]["containers"][1]["args"].as_array();
    args.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What a client-side apply of the manifest sends: lists that are merged by a key and the annotation stay, the rest is git's.
fn client_side(live: &Value, git: &Value) -> Value {
    let mut sent = git.clone();
    sent["metadata"]["annotations"] = live["metadata"]["annotations"].clone();
    let pod = "/spec/template/spec";
    for list in ["volumes", "containers/1/volumeMounts"] {
        let pointer = format!("{pod}/{list}");
        let mut merged = sent.pointer(&pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        for element in live.pointer(&pointer).and_then(Value::as_array).into_iter().flatten() {
            if !merged.contains(element) {
                merged.push(element.clone());
            }
        }
        *sent.pointer_mut(&pointer).unwrap() = Value::Array(merged);
    }
    sent
}
