//! From a case's folder to the AdmissionReview that an API server would send. Reads files; judges nothing.
#![expect(clippy::panic, reason = "a case that cannot be read fails its test")]

use std::fs;
use std::path::Path;

use kubernetes::list;
use kubernetes::related::{Reason, Related};
use kubernetes::request::RequestKind;
use serde_json::{Value, json};

use super::{Case, no_facts};

/// Reads a case folder: `before.yaml`, `after.yaml`, `scale.yaml`, `eviction.yaml`, `parent.yaml`, `request.yaml`,
/// `facts.json`, `settings.yaml`; each may be missing. Where the parent is a list, `parent.yaml` holds its sets, a document each.
pub(super) fn read(directory: &Path) -> Case {
    let overrides = yaml(directory, "request.yaml").unwrap_or_else(|| json!({}));
    let parents = documents(directory, "parent.yaml");
    let mut request = what(directory, parents.first());
    let related = match (related(&request, parents), overrides["parent"].as_str()) {
        (Some(related), _) => Related::Found(related),
        (None, Some("absent")) => Related::Absent,
        (None, _) => Related::Unknown(Reason::NotGiven),
    };
    who(&mut request, &overrides);
    Case {
        directory: directory.to_owned(),
        rule: name_of(directory.parent()),
        name: name_of(Some(directory)),
        review: json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request }),
        related,
        facts: text(directory, "facts.json").unwrap_or_else(no_facts),
        settings: yaml(directory, "settings.yaml").unwrap_or_else(|| json!({})),
        mutates: overrides["mutated"].as_bool().unwrap_or(true),
    }
}

/// The objects, the operation and what they are.
fn what(directory: &Path, parent: Option<&Value>) -> Value {
    if let Some(scale) = yaml(directory, "scale.yaml") {
        return scale_request(&scale, parent);
    }
    if let Some(eviction) = yaml(directory, "eviction.yaml") {
        return eviction_request(&eviction);
    }
    let before = yaml(directory, "before.yaml").map(with_defaults);
    let after = yaml(directory, "after.yaml").map(with_defaults);
    let operation = match (&before, &after) {
        (Some(_), Some(_)) => "UPDATE",
        (None, Some(_)) => "CREATE",
        (Some(_), None) => "DELETE",
        (None, None) => panic!("{}: no manifest in it", directory.display()),
    };
    let either = after.as_ref().or(before.as_ref()).cloned().unwrap_or_default();
    let kind = either["kind"].as_str().unwrap_or_default().to_owned();
    let (group, version) = either["apiVersion"].as_str().and_then(|v| v.split_once('/')).unwrap_or(("", "v1"));
    json!({
        "kind": { "group": group, "version": version, "kind": kind },
        "resource": { "group": group, "version": version, "resource": format!("{}s", kind.to_lowercase()) },
        "name": either["metadata"]["name"],
        // The API server sends a Namespace's own name in both places.
        "namespace": either["metadata"][if kind == "Namespace" { "name" } else { "namespace" }],
        "operation": operation,
        "object": after,
        "oldObject": before,
    })
}

fn scale_request(scale: &Value, parent: Option<&Value>) -> Value {
    let named = parent.map_or_else(|| json!({ "name": "rqlite", "namespace": "db" }), |p| p["metadata"].clone());
    let document = |count: &Value| {
        // autoscaling/v1 omits zero.
        let spec = if count == &json!(0) { json!({}) } else { json!({ "replicas": count }) };
        json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": { "name": named["name"], "namespace": named["namespace"] },
            "spec": spec,
            "status": { "replicas": scale["from"], "selector": "app=rqlite" },
        })
    };
    json!({
        "kind": { "group": "autoscaling", "version": "v1", "kind": "Scale" },
        "resource": { "group": "apps", "version": "v1", "resource": "statefulsets" },
        "subResource": "scale",
        "name": named["name"],
        "namespace": named["namespace"],
        "operation": "UPDATE",
        "object": document(&scale["to"]),
        "oldObject": document(&scale["from"]),
    })
}

fn eviction_request(eviction: &Value) -> Value {
    json!({
        "kind": { "group": "policy", "version": "v1", "kind": "Eviction" },
        "resource": { "group": "", "version": "v1", "resource": "pods" },
        "subResource": "eviction",
        "name": eviction["pod"],
        "namespace": "db",
        "operation": "CREATE",
        "object": {
            "kind": "Eviction", "apiVersion": "policy/v1",
            "metadata": { "name": eviction["pod"], "namespace": "db" },
        },
    })
}

/// The StatefulSet, or the StatefulSetList of what is deleted.
fn related(request: &Value, mut sets: Vec<Value>) -> Option<Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = RequestKind::of_object(&text(&request["kind"]["group"]), &text(&request["kind"]["kind"]));
    if sets.is_empty() {
        return None;
    }
    if !matches!(kind, RequestKind::Dependency(_)) {
        return Some(sets.swap_remove(0));
    }
    let items: Vec<String> = sets.iter().map(Value::to_string).collect();
    serde_json::from_str(&list::stateful_sets(items.iter().map(String::as_str))).ok()
}

/// The user, the options, and whatever else the case overrides.
fn who(request: &mut Value, overrides: &Value) {
    let or = |key: &str, default: Value| overrides.get(key).cloned().unwrap_or(default);
    request["uid"] = json!("7e1f4a52-0000-4000-8000-000000000001");
    request["userInfo"] = json!({
        "username": or("user", json!("alice")),
        "groups": or("groups", json!(["system:authenticated"])),
    });
    request["dryRun"] = or("dryRun", json!(false));
    request["options"] = or("options", json!({}));
    request["operation"] = or("operation", request["operation"].clone());
    if overrides["collection"] == true {
        // Each object of a collection comes without its name.
        request["name"] = Value::Null;
    }
}

/// What the API server's defaulting adds and the rules look at: a StatefulSet always has its count.
fn with_defaults(mut object: Value) -> Value {
    if object["kind"] == "StatefulSet" && object["spec"]["replicas"].is_null() {
        object["spec"]["replicas"] = json!(1);
    }
    object
}

fn yaml(directory: &Path, file: &str) -> Option<Value> {
    read_yaml(directory, file, |text| serde_saphyr::from_str(text))
}

fn documents(directory: &Path, file: &str) -> Vec<Value> {
    let documents: Option<Vec<Value>> = read_yaml(directory, file, |text| serde_saphyr::from_multiple(text));
    documents.unwrap_or_default().into_iter().map(with_defaults).collect()
}

fn read_yaml<T, E: std::fmt::Display>(
    directory: &Path,
    file: &str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    match read(&text(directory, file)?) {
        Ok(value) => Some(value),
        Err(error) => panic!("{}: {error}", directory.join(file).display()),
    }
}

fn text(directory: &Path, file: &str) -> Option<String> {
    fs::read_to_string(directory.join(file)).ok()
}

fn name_of(path: Option<&Path>) -> String {
    path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
}
