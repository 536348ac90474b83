//! The 12 kB AdmissionReview that is measured: an update as an API server sends it.
//! Says nothing about what the verdict should be.

use quorate_fixtures::review;
use quorate_fixtures::set::rqlite_set;
use serde_json::{Value, json};

/// The UPDATE of an annotation, as an API server sends it: both objects whole, with status and managedFields.
pub(crate) fn update_review() -> Value {
    let (old, new) = (stored("2026-11-22T10:00:00Z"), stored("2026-11-22T10:05:00Z"));
    let mut review = review::of_change(Some(&old), Some(&new));
    let request = &mut review["request"];
    request["requestKind"] = request["kind"].clone();
    request["requestResource"] = request["resource"].clone();
    request["userInfo"] = json!({"username": "admin", "groups": ["system:masters", "system:authenticated"]});
    request["options"] =
        json!({"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl-rollout"});
    review
}

fn stored(restarted_at: &str) -> Value {
    let mut set = rqlite_set(3);
    let applied =
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"template": set["spec"]["template"]}});
    set["metadata"] = json!({
        "name": "rqlite", "namespace": "db", "uid": "5e0c7c34-0000-4000-8000-000000000001",
        "resourceVersion": "340", "generation": 6, "creationTimestamp": "2026-11-22T09:55:13Z",
        "labels": {"app": "rqlite"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{applied}\n")},
        "managedFields": [managed("kubectl-client-side-apply", ""), managed("kube-controller-manager", "status")],
    });
    set["spec"]["template"]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/restartedAt": restarted_at});
    set["status"] = json!({
        "observedGeneration": 6, "replicas": 3, "readyReplicas": 3, "currentReplicas": 3, "updatedReplicas": 3,
        "availableReplicas": 3, "currentRevision": "rqlite-5d4f7c9b6", "updateRevision": "rqlite-5d4f7c9b6",
        "collisionCount": 0,
    });
    set
}

/// Every field of the set is owned by somebody.
fn managed(manager: &str, subresource: &str) -> Value {
    let set =
        if subresource.is_empty() { rqlite_set(3)["spec"].clone() } else { json!({"replicas": 3, "readyReplicas": 3}) };
    let part = if subresource.is_empty() { "f:spec" } else { "f:status" };
    json!({"manager": manager, "operation": "Update", "apiVersion": "apps/v1", "time": "2026-11-22T09:55:13Z",
           "fieldsType": "FieldsV1", "subresource": subresource, "fieldsV1": {part: owned(&set)}})
}

fn owned(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, member)| (format!("f:{name}"), owned(member))).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (format!("k:{{\"name\":\"{index}\"}}"), owned(item))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => json!({}),
    }
}
