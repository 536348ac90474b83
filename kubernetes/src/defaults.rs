//! What the API server fills in before admission, as far as the policies read it, so that writing a default down is no change.
//! Knows no rule, and fills in nothing that no policy looks at.
//!
//! Which, and why: `replicas` (every rule of counts); `podManagementPolicy`, `updateStrategy` and the retention policy (what a scale or a
//! deletion does to Pods and claims); of the pod template everything that has a fixed default, because injections are compared with
//! the template as a whole: grace period, DNS, restarts, probes, ports, modes of volumes. `imagePullPolicy` too: it follows from the tag.
//! An autoscaler's `minReplicas` is 1.

use serde_json::{Map, Value, json};

use crate::request::RequestKind;

/// `spec.replicas` of a StatefulSet. Of a Scale it is zero, which is not written.
pub const REPLICAS: i32 = 1;

/// `spec.minReplicas` of an autoscaler.
pub const MIN_REPLICAS: i32 = 1;

/// `spec.podManagementPolicy`.
pub(crate) const ORDERED_READY: &str = "OrderedReady";

/// `spec.updateStrategy.type`.
pub(crate) const ROLLING_UPDATE: &str = "RollingUpdate";

/// `spec.terminationGracePeriodSeconds` of a pod.
pub const GRACE_SECONDS: i64 = 30;

/// What the API server makes of the object of such a request.
pub fn defaulted(request: RequestKind, mut object: Value, namespace: Option<&str>) -> Value {
    if let (Some(namespace), Some(metadata)) = (namespace, object.get_mut("metadata").and_then(Value::as_object_mut)) {
        absent(metadata, "namespace", json!(namespace));
    }
    drop_nulls(&mut object);
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        match request {
            RequestKind::StatefulSet => stateful_set(spec),
            RequestKind::Autoscaler => absent(spec, "minReplicas", json!(MIN_REPLICAS)),
            RequestKind::Scale | RequestKind::Eviction | RequestKind::Dependency(_) | RequestKind::Other => {}
        }
    }
    object
}

/// Whether the manifest leaves its count to others: an autoscaler, or whoever scaled last.
pub fn leaves_count_open(request: RequestKind, object: &Value) -> bool {
    request == RequestKind::StatefulSet
        && object.get("spec").is_some_and(|spec| spec.get("replicas").is_none_or(Value::is_null))
}

fn absent(object: &mut Map<String, Value>, key: &str, value: Value) {
    object.entry(key).or_insert(value);
}

fn within<'v>(object: &'v mut Map<String, Value>, key: &str) -> Option<&'v mut Map<String, Value>> {
    object.get_mut(key)?.as_object_mut()
}

fn each<'v>(object: &'v mut Map<String, Value>, key: &str) -> impl Iterator<Item = &'v mut Map<String, Value>> {
    object.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn stateful_set(spec: &mut Map<String, Value>) {
    absent(spec, "replicas", json!(REPLICAS));
    absent(spec, "podManagementPolicy", json!(ORDERED_READY));
    absent(spec, "revisionHistoryLimit", json!(10));
    absent(spec, "updateStrategy", json!({}));
    if let Some(strategy) = within(spec, "updateStrategy") {
        absent(strategy, "type", json!(ROLLING_UPDATE));
        if strategy.get("type").is_some_and(|kind| kind == ROLLING_UPDATE) {
            absent(strategy, "rollingUpdate", json!({}));
            if let Some(rolling) = within(strategy, "rollingUpdate") {
                absent(rolling, "partition", json!(0));
            }
        }
    }
    absent(spec, "persistentVolumeClaimRetentionPolicy", json!({}));
    if let Some(retention) = within(spec, "persistentVolumeClaimRetentionPolicy") {
        absent(retention, "whenDeleted", json!("Retain"));
        absent(retention, "whenScaled", json!("Retain"));
    }
    if let Some(pod) = within(spec, "template").and_then(|template| within(template, "spec")) {
        pod_spec(pod);
    }
}

fn pod_spec(pod: &mut Map<String, Value>) {
    absent(pod, "terminationGracePeriodSeconds", json!(GRACE_SECONDS));
    absent(pod, "restartPolicy", json!("Always"));
    absent(pod, "dnsPolicy", json!("ClusterFirst"));
    absent(pod, "schedulerName", json!("default-scheduler"));
    absent(pod, "securityContext", json!({}));
    each(pod, "initContainers").for_each(container);
    each(pod, "containers").for_each(container);
    each(pod, "volumes").for_each(volume);
}

fn container(container: &mut Map<String, Value>) {
    absent(container, "resources", json!({}));
    absent(container, "terminationMessagePath", json!("/dev/termination-log"));
    absent(container, "terminationMessagePolicy", json!("File"));
    if let Some(image) = container.get("image").and_then(Value::as_str).map(str::to_owned) {
        absent(container, "imagePullPolicy", json!(pull_policy(&image)));
    }
    each(container, "ports").for_each(|port| absent(port, "protocol", json!("TCP")));
    for variable in each(container, "env") {
        let field = within(variable, "valueFrom").and_then(|source| within(source, "fieldRef"));
        if let Some(field) = field {
            absent(field, "apiVersion", json!("v1"));
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = within(container, name) {
            self::probe(probe);
        }
    }
}

fn probe(probe: &mut Map<String, Value>) {
    for (key, value) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        absent(probe, key, json!(value));
    }
    if let Some(get) = within(probe, "httpGet") {
        absent(get, "scheme", json!("HTTP"));
        absent(get, "path", json!("/"));
    }
}

/// 0644 for files out of ConfigMaps and Secrets.
fn volume(volume: &mut Map<String, Value>) {
    for source in ["secret", "configMap", "projected"] {
        if let Some(source) = within(volume, source) {
            absent(source, "defaultMode", json!(0o644));
        }
    }
}

/// `Always` for `latest`, which is what an image without a tag is.
fn pull_policy(image: &str) -> &'static str {
    if image.contains('@') {
        return "IfNotPresent";
    }
    let last = image.rsplit_once('/').map_or(image, |(_, last)| last);
    match last.split_once(':') {
        None | Some((_, "latest")) => "Always",
        Some(_) => "IfNotPresent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_a_default_down_is_no_change() {
        let bare = json!({"metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers": [
            {"name": "rqlite", "image": "rqlite/rqlite:9.4.5", "ports": [{"containerPort": 4001}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "s"}}]}}}});
        let written = json!({"metadata": {"name": "a", "namespace": "db", "labels": null}, "spec": {
            "replicas": 1, "podManagementPolicy": "OrderedReady", "updateStrategy": {"type": "RollingUpdate"},
            "template": {"spec": {"terminationGracePeriodSeconds": 30, "containers": [
                {"name": "rqlite", "image": "rqlite/rqlite:9.4.5", "imagePullPolicy": "IfNotPresent",
                 "ports": [{"containerPort": 4001, "protocol": "TCP"}]}],
                "volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 420}}]}}}});
        assert_eq!(
            defaulted(RequestKind::StatefulSet, bare, Some("db")),
            defaulted(RequestKind::StatefulSet, written, Some("elsewhere")),
        );
    }

    #[test]
    fn a_count_that_is_absent_or_null_is_left_open() {
        assert!(leaves_count_open(RequestKind::StatefulSet, &json!({"spec": {}})));
        assert!(leaves_count_open(RequestKind::StatefulSet, &json!({"spec": {"replicas": null}})));
        assert!(!leaves_count_open(RequestKind::StatefulSet, &json!({"spec": {"replicas": 0}})));
        assert!(!leaves_count_open(RequestKind::Autoscaler, &json!({"spec": {}})));
    }

    #[test]
    fn the_pull_policy_follows_from_the_tag() {
        for (image, policy) in [
            ("rqlite/rqlite", "Always"),
            ("registry:5000/rqlite", "Always"),
            ("rqlite:latest", "Always"),
            ("rqlite:9", "IfNotPresent"),
            ("rqlite@sha256:ab", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
