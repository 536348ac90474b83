//! From a row of the table to the AdmissionReview that an API server would send. Judges nothing.
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

use kubernetes::list;
use kubernetes::related::{Reason, Related};
use kubernetes::request::RequestKind;
use serde_json::{Value, json};

use super::object::{Shapes, with_defaults};
use super::table::{NotFound, Row};

/// The review, and what stands behind its request.
///
/// # Errors
/// What the row lacks, or what in it cannot be read.
pub(super) fn review(row: &Row, shapes: &Shapes) -> Result<(Value, Related<Value>), String> {
    if let Some(message) = row.ignored_key() {
        return Err(message.to_owned());
    }
    let sets = sets(row, shapes)?;
    let mut request = asked(row, shapes, sets.first())?;
    let related = match (related(&request, sets), row.related) {
        (Some(related), _) => Related::Found(related),
        (None, Some(NotFound::Absent)) => Related::Absent,
        (None, None) => Related::Unknown(Reason::NotGiven),
    };
    request["uid"] = json!("7e1f4a52-0000-4000-8000-000000000001");
    request["userInfo"] = json!({
        "username": row.user.as_deref().unwrap_or("alice"),
        "groups": row.groups.clone().unwrap_or_else(|| vec!["system:authenticated".to_owned()]),
    });
    request["dryRun"] = json!(false);
    request["options"] = row.options.clone().unwrap_or_else(|| json!({}));
    if row.collection {
        request["name"] = Value::Null;
    }
    Ok((json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request }), related))
}

/// The StatefulSets that stand behind the request.
fn sets(row: &Row, shapes: &Shapes) -> Result<Vec<Value>, String> {
    let known = row.scale.iter().filter(|set| **set != "unknown").chain(&row.of).chain(&row.sets);
    known.map(|set| shapes.object(set).map(with_defaults)).collect()
}

/// The objects, the operation and what they are.
fn asked(row: &Row, shapes: &Shapes, set: Option<&Value>) -> Result<Value, String> {
    match (&row.create, &row.update, &row.delete, &row.scale, &row.evict, &row.to) {
        (Some(object), None, None, None, None, None) => Ok(of_object(None, Some(shapes.object(object)?))),
        (None, Some(object), None, None, None, Some(to)) => {
            let old = shapes.object(object)?;
            let new = shapes.updated(&old, to)?;
            Ok(of_object(Some(old), Some(new)))
        }
        (None, None, Some(object), None, None, None) => Ok(of_object(Some(shapes.object(object)?), None)),
        (None, None, None, Some(_), None, Some(to)) => {
            let own = set.map(|set| set["spec"]["replicas"].clone());
            let from = row
                .from
                .map(Value::from)
                .or(own)
                .ok_or("`from` is missing: `scale: unknown` has no count of its own")?;
            Ok(scale(&from, to, set))
        }
        (None, None, None, None, Some(pod), None) => Ok(eviction(pod)),
        _ => Err("a case has one of `create`, `update` with `to`, `delete`, `scale` with `to`, and `evict`".to_owned()),
    }
}

fn of_object(old: Option<Value>, new: Option<Value>) -> Value {
    let (old, new) = (old.map(with_defaults), new.map(with_defaults));
    let operation = match (&old, &new) {
        (Some(_), Some(_)) => "UPDATE",
        (Some(_), None) => "DELETE",
        (None, _) => "CREATE",
    };
    let either = new.as_ref().or(old.as_ref()).cloned().unwrap_or_default();
    let kind = either["kind"].as_str().unwrap_or_default().to_owned();
    let (group, version) = either["apiVersion"].as_str().and_then(|v| v.split_once('/')).unwrap_or(("", "v1"));
    json!({
        "kind": { "group": group, "version": version, "kind": kind },
        "resource": { "group": group, "version": version, "resource": format!("{}s", kind.to_lowercase()) },
        "name": either["metadata"]["name"],
        // The API server sends a Namespace's own name in both places.
        "namespace": either["metadata"][if kind == "Namespace" { "name" } else { "namespace" }],
        "operation": operation,
        "object": new,
        "oldObject": old,
    })
}

fn scale(from: &Value, to: &Value, set: Option<&Value>) -> Value {
    let named = set.map_or_else(|| json!({ "name": "rqlite", "namespace": "db" }), |set| set["metadata"].clone());
    let document = |count: &Value| {
        // autoscaling/v1 omits zero.
        let spec = if count == &json!(0) { json!({}) } else { json!({ "replicas": count }) };
        json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": { "name": named["name"], "namespace": named["namespace"] },
            "spec": spec,
            "status": { "replicas": from, "selector": "app=rqlite" },
        })
    };
    json!({
        "kind": { "group": "autoscaling", "version": "v1", "kind": "Scale" },
        "resource": { "group": "apps", "version": "v1", "resource": "statefulsets" },
        "subResource": "scale",
        "name": named["name"],
        "namespace": named["namespace"],
        "operation": "UPDATE",
        "object": document(to),
        "oldObject": document(from),
    })
}

fn eviction(pod: &str) -> Value {
    json!({
        "kind": { "group": "policy", "version": "v1", "kind": "Eviction" },
        "resource": { "group": "", "version": "v1", "resource": "pods" },
        "subResource": "eviction",
        "name": pod,
        "namespace": "db",
        "operation": "CREATE",
        "object": {
            "kind": "Eviction", "apiVersion": "policy/v1",
            "metadata": { "name": pod, "namespace": "db" },
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
