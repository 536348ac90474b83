//! KEDA: a ScaledObject becomes a HorizontalPodAutoscaler in the cluster, and is judged as that; its pause is a change of the target's count.
//! Facts: KEDA 2, `apis/keda/v1alpha1/scaledobject_types.go` (defaults 0 and 100, a target of kind Deployment), `paused-replicas`.

use serde_json::{Value, json};

use super::object::Object;
use super::source::text_at;

pub(super) const GROUP: &str = "keda.sh";
const KIND: &str = "ScaledObject";
const PAUSED: &str = "autoscaling.keda.sh/paused-replicas";

pub(super) fn is_scaled_object(group: &str, kind: &str) -> bool {
    group == GROUP && kind == KIND
}

/// The autoscaler that it becomes. Its smallest count is the one that KEDA scales to when nothing is to be done.
pub(super) fn autoscaler(scaled: &Value) -> Value {
    let count = |key: &str| scaled.pointer(&format!("/spec/{key}")).and_then(Value::as_i64);
    let (min, max) = (count("minReplicaCount").unwrap_or(0), count("maxReplicaCount").unwrap_or(100));
    let mut value = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": scaled.get("metadata").cloned().unwrap_or_default(),
        "spec": {"minReplicas": count("idleReplicaCount").unwrap_or(min), "maxReplicas": max, "scaleTargetRef": target(scaled)},
    });
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("annotations");
    }
    value
}

fn target(scaled: &Value) -> Value {
    let text = |key: &str| text_at(scaled, &format!("/spec/scaleTargetRef/{key}"));
    json!({
        "apiVersion": text("apiVersion").unwrap_or("apps/v1"),
        "kind": text("kind").unwrap_or("Deployment"),
        "name": text("name").unwrap_or_default(),
    })
}

/// A StatefulSet that a ScaledObject pauses, and at how many replicas.
pub(super) struct Pause {
    pub(super) name: String,
    pub(super) replicas: i64,
}

impl Pause {
    /// None: it pauses no set, or did so before at the same count.
    pub(super) fn newly(old: Option<&Object>, new: &Object) -> Option<Self> {
        let paused = |object: &Object| {
            let text = object.value.pointer("/metadata/annotations")?.get(PAUSED)?;
            text.as_str().map_or_else(|| text.as_i64(), |text| text.parse().ok())
        };
        let replicas = paused(new)?;
        let target = target(&new.value);
        let is_set = text_at(&target, "/kind") == Some("StatefulSet");
        (is_set && old.and_then(paused) != Some(replicas))
            .then(|| Self { name: text_at(&target, "/name").unwrap_or_default().to_owned(), replicas })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_object_becomes_an_autoscaler() {
        let spec = |spec: Value| autoscaler(&json!({"metadata": {"name": "a"}, "spec": spec}))["spec"].clone();
        let bare = spec(json!({"scaleTargetRef": {"name": "web"}}));
        assert_eq!((&bare["minReplicas"], &bare["maxReplicas"]), (&json!(0), &json!(100)));
        assert_eq!(bare["scaleTargetRef"]["kind"], "Deployment");
        let fixed = json!({"minReplicaCount": 3, "maxReplicaCount": 3, "scaleTargetRef": {"kind": "StatefulSet", "name": "db"}});
        let fixed = spec(fixed);
        assert_eq!((&fixed["minReplicas"], &fixed["maxReplicas"]), (&json!(3), &json!(3)));
        let idle = spec(json!({"minReplicaCount": 3, "maxReplicaCount": 3, "idleReplicaCount": 0}));
        assert_eq!(idle["minReplicas"], 0);
    }
}
