//! The same types read from a tree that is there already, with the words that a decoder of texts has for a value of another type.
//! For guests: a decoder of texts, made anew for each type, is a third of one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    AutoscalerSpec, ClaimTemplate, ClaimVolume, ConfigMapVolume, Container, EmptyDir, EnvFrom, EnvSource, EnvVar,
    ExecAction, FieldRef, FileKeyRef, Handler, HorizontalPodAutoscaler, HostPath, HttpGet, HttpHeader, IntOrPercent,
    KeyRef, KeyToPath, Lifecycle, Metadata, NameRef, Ordinals, OwnerReference, PodSecurityContext, PodSpec,
    PodTemplate, Probe, ProjectedFiles, ProjectedSource, ProjectedVolume, ResourceRef, RetentionPolicy, RollingUpdate,
    Scale, ScaleSpec, SecretVolume, SleepAction, StatefulSet, StatefulSetSpec, StatefulSetStatus, TargetRef,
    UpdateStrategy, Volume, VolumeMount,
};

/// Reads itself from a tree.
pub trait FromTree: Sized {
    /// What a message says is expected.
    const EXPECTED: &'static str;

    /// What nobody here reads is skipped; what is not there is the default.
    ///
    /// # Errors
    /// At the first value of another type.
    fn from_tree(tree: &Value) -> Result<Self, Mismatch>;
}

/// A value of another type than the field has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Kubernetes path from the root of the tree: `template.spec.containers[1].args[2]`; empty for the whole.
    pub path: String,
    /// `invalid type: string "five", expected i32`
    pub problem: String,
}

impl Mismatch {
    #[inline(never)]
    fn of(tree: &Value, expected: &str) -> Self {
        let number = |number: &serde_json::Number| match number.is_f64() {
            true => format!("type: floating point `{number}`"),
            false => format!("value: integer `{number}`"),
        };
        let found = match tree {
            Value::Null => "type: null".to_owned(),
            Value::Bool(value) => format!("type: boolean `{value}`"),
            // One that is too large is of the right type.
            Value::Number(value) if expected.starts_with(['i', 'u']) => number(value),
            Value::Number(value) => number(value).replacen("value", "type", 1),
            Value::String(text) => format!("type: string {text:?}"),
            Value::Array(_) => "type: sequence".to_owned(),
            Value::Object(_) => "type: map".to_owned(),
        };
        Mismatch { path: String::new(), problem: format!("invalid {found}, expected {expected}") }
    }

    #[inline(never)]
    fn below(mut self, key: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = [key, dot, &self.path].concat();
        self
    }
}

/// Of an object.
///
/// # Errors
/// When it is none.
#[inline(never)]
pub fn members<'t>(tree: &'t Value, expected: &str) -> Result<&'t Map<String, Value>, Mismatch> {
    tree.as_object().ok_or_else(|| Mismatch::of(tree, expected))
}

/// A field that is the default where it is not there.
///
/// # Errors
/// When it is of another type.
#[inline(never)]
pub fn strict<T: FromTree + Default>(members: &Map<String, Value>, key: &str) -> Result<T, Mismatch> {
    members.get(key).map_or_else(|| Ok(T::default()), |tree| T::from_tree(tree).map_err(|wrong| wrong.below(key)))
}

/// One that is the default where it is null, too.
///
/// # Errors
/// When it is of another type.
#[inline(never)]
pub fn lenient<T: FromTree + Default>(members: &Map<String, Value>, key: &str) -> Result<T, Mismatch> {
    let tree = members.get(key).filter(|tree| !tree.is_null());
    tree.map_or_else(|| Ok(T::default()), |tree| T::from_tree(tree).map_err(|wrong| wrong.below(key)))
}

/// One that has to be there.
///
/// # Errors
/// When it is not, or of another type.
#[inline(never)]
pub fn required<T: FromTree>(members: &Map<String, Value>, key: &str) -> Result<T, Mismatch> {
    let missing = || Mismatch { path: String::new(), problem: format!("missing field `{key}`") };
    T::from_tree(members.get(key).ok_or_else(missing)?).map_err(|wrong| wrong.below(key))
}

/// Only keys that are known.
///
/// # Errors
/// At the first other one.
#[inline(never)]
pub fn known(members: &Map<String, Value>, keys: &[&str]) -> Result<(), Mismatch> {
    match members.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let known = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            Err(Mismatch { path: String::new(), problem: format!("unknown field `{key}`, expected one of {known}") })
        }
    }
}

impl<T: FromTree> FromTree for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        if tree.is_null() { Ok(None) } else { T::from_tree(tree).map(Some) }
    }
}

impl<T: FromTree> FromTree for Vec<T> {
    const EXPECTED: &'static str = "a sequence";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        let elements = tree.as_array().ok_or_else(|| Mismatch::of(tree, Self::EXPECTED))?;
        let read = |(index, tree)| T::from_tree(tree).map_err(|wrong| wrong.below(&format!("[{index}]")));
        elements.iter().enumerate().map(read).collect()
    }
}

impl FromTree for BTreeMap<String, String> {
    const EXPECTED: &'static str = "a map";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        let read = |(key, tree): (&String, &Value)| {
            Ok((key.clone(), String::from_tree(tree).map_err(|wrong| wrong.below(key))?))
        };
        // Collected as a whole: they are sorted already, and to insert thousands one by one takes twice as long as all else.
        members(tree, Self::EXPECTED)?.iter().map(read).collect()
    }
}

impl FromTree for String {
    const EXPECTED: &'static str = "a string";

    #[inline(never)]
    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        tree.as_str().map(str::to_owned).ok_or_else(|| Mismatch::of(tree, Self::EXPECTED))
    }
}

impl FromTree for bool {
    const EXPECTED: &'static str = "a boolean";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        tree.as_bool().ok_or_else(|| Mismatch::of(tree, Self::EXPECTED))
    }
}

impl FromTree for i64 {
    const EXPECTED: &'static str = "i64";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        tree.as_i64().ok_or_else(|| Mismatch::of(tree, Self::EXPECTED))
    }
}

impl FromTree for u64 {
    const EXPECTED: &'static str = "u64";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        tree.as_u64().ok_or_else(|| Mismatch::of(tree, Self::EXPECTED))
    }
}

impl FromTree for i32 {
    const EXPECTED: &'static str = "i32";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        let number = tree.as_i64().and_then(|number| i32::try_from(number).ok());
        number.ok_or_else(|| Mismatch::of(tree, Self::EXPECTED))
    }
}

impl FromTree for IntOrPercent {
    const EXPECTED: &'static str = "";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        let problem = || "data did not match any variant of untagged enum IntOrPercent".to_owned();
        let text = || tree.as_str().map(|text| IntOrPercent::Text(text.to_owned()));
        let read = tree.as_i64().map(IntOrPercent::Int).or_else(text);
        read.ok_or_else(|| Mismatch { path: String::new(), problem: problem() })
    }
}

impl FromTree for serde::de::IgnoredAny {
    const EXPECTED: &'static str = "anything at all";

    fn from_tree(_: &Value) -> Result<Self, Mismatch> {
        Ok(serde::de::IgnoredAny)
    }
}

/// Implements [`FromTree`] for types of named fields: `Type { field: "key" reader }`. Readers are [`strict`], [`lenient`] and [`required`].
#[macro_export]
macro_rules! objects_from_tree {
    ($($name:ident { $($field:ident: $key:literal $read:ident),* })*) => { $(
        impl $crate::manifest::FromTree for $name {
            const EXPECTED: &'static str = concat!("struct ", stringify!($name));

            fn from_tree(tree: &::serde_json::Value) -> Result<Self, $crate::manifest::Mismatch> {
                let members = $crate::manifest::tree::members(tree, Self::EXPECTED)?;
                Ok($name { $($field: $crate::manifest::tree::$read(members, $key)?),* })
            }
        }
    )* };
}

objects_from_tree! {
    EnvVar { name: "name" strict, value: "value" strict, value_from: "valueFrom" strict }
    EnvSource { config_map_key_ref: "configMapKeyRef" strict, secret_key_ref: "secretKeyRef" strict, file_key_ref: "fileKeyRef" strict, field_ref: "fieldRef" strict, resource_field_ref: "resourceFieldRef" strict }
    KeyRef { name: "name" strict, key: "key" strict, optional: "optional" strict }
    FileKeyRef { volume_name: "volumeName" strict, path: "path" strict, key: "key" strict }
    FieldRef { field_path: "fieldPath" strict }
    ResourceRef { resource: "resource" strict }
    EnvFrom { prefix: "prefix" lenient, config_map_ref: "configMapRef" strict, secret_ref: "secretRef" strict }
    NameRef { name: "name" strict }
    Metadata { name: "name" strict, namespace: "namespace" strict, uid: "uid" strict, generation: "generation" strict, deletion_timestamp: "deletionTimestamp" strict, annotations: "annotations" lenient, labels: "labels" lenient, owner_references: "ownerReferences" lenient }
    OwnerReference { kind: "kind" strict, name: "name" strict, uid: "uid" strict }
    PodTemplate { metadata: "metadata" lenient, spec: "spec" lenient }
    PodSpec { containers: "containers" lenient, init_containers: "initContainers" lenient, volumes: "volumes" lenient, termination_grace_period_seconds: "terminationGracePeriodSeconds" strict, security_context: "securityContext" lenient }
    PodSecurityContext { fs_group: "fsGroup" strict, run_as_user: "runAsUser" strict }
    Container { name: "name" lenient, image: "image" strict, working_dir: "workingDir" strict, command: "command" lenient, args: "args" lenient, env: "env" lenient, env_from: "envFrom" lenient, volume_mounts: "volumeMounts" lenient, lifecycle: "lifecycle" strict, readiness_probe: "readinessProbe" strict, liveness_probe: "livenessProbe" strict, startup_probe: "startupProbe" strict, restart_policy: "restartPolicy" strict }
    Lifecycle { pre_stop: "preStop" strict, stop_signal: "stopSignal" strict }
    Handler { exec: "exec" strict, sleep: "sleep" strict }
    SleepAction { seconds: "seconds" strict }
    Probe { http_get: "httpGet" strict, exec: "exec" strict }
    ExecAction { command: "command" lenient }
    HttpGet { path: "path" strict, scheme: "scheme" strict, http_headers: "httpHeaders" lenient }
    HttpHeader { name: "name" strict, value: "value" strict }
    Scale { metadata: "metadata" lenient, spec: "spec" lenient }
    ScaleSpec { replicas: "replicas" lenient }
    HorizontalPodAutoscaler { metadata: "metadata" lenient, spec: "spec" lenient }
    AutoscalerSpec { min_replicas: "minReplicas" strict, max_replicas: "maxReplicas" strict, scale_target_ref: "scaleTargetRef" lenient }
    TargetRef { api_version: "apiVersion" strict, kind: "kind" strict, name: "name" strict }
    StatefulSet { metadata: "metadata" lenient, spec: "spec" lenient, status: "status" lenient }
    StatefulSetSpec { replicas: "replicas" strict, ordinals: "ordinals" strict, service_name: "serviceName" strict, pod_management_policy: "podManagementPolicy" strict, update_strategy: "updateStrategy" strict, persistent_volume_claim_retention_policy: "persistentVolumeClaimRetentionPolicy" strict, volume_claim_templates: "volumeClaimTemplates" lenient, template: "template" lenient }
    Ordinals { start: "start" lenient }
    UpdateStrategy { kind: "type" strict, rolling_update: "rollingUpdate" strict }
    RollingUpdate { max_unavailable: "maxUnavailable" strict, partition: "partition" strict }
    RetentionPolicy { when_deleted: "whenDeleted" strict, when_scaled: "whenScaled" strict }
    ClaimTemplate { metadata: "metadata" lenient }
    StatefulSetStatus { observed_generation: "observedGeneration" strict, replicas: "replicas" lenient, updated_replicas: "updatedReplicas" strict, current_revision: "currentRevision" strict, update_revision: "updateRevision" strict }
    VolumeMount { name: "name" strict, mount_path: "mountPath" strict, sub_path: "subPath" lenient, sub_path_expr: "subPathExpr" lenient, read_only: "readOnly" lenient }
    Volume { name: "name" strict, secret: "secret" strict, config_map: "configMap" strict, projected: "projected" strict, empty_dir: "emptyDir" strict, persistent_volume_claim: "persistentVolumeClaim" strict, ephemeral: "ephemeral" strict, host_path: "hostPath" strict }
    SecretVolume { secret_name: "secretName" lenient, default_mode: "defaultMode" strict, optional: "optional" strict, items: "items" lenient }
    ConfigMapVolume { name: "name" lenient, items: "items" lenient }
    ProjectedVolume { sources: "sources" lenient }
    ProjectedSource { secret: "secret" strict, config_map: "configMap" strict }
    ProjectedFiles { name: "name" lenient, items: "items" lenient }
    KeyToPath { key: "key" strict, path: "path" strict }
    EmptyDir { medium: "medium" strict }
    ClaimVolume { claim_name: "claimName" strict }
    HostPath { path: "path" strict }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::json;

    use super::*;
    use crate::manifest::StatefulSet;

    /// A set in which every field of every type is there.
    fn whole() -> Value {
        let probe = json!({"httpGet": {"path": "/readyz", "port": 4001, "scheme": "HTTP",
            "httpHeaders": [{"name": "a", "value": "b"}]}, "exec": {"command": ["a"]}});
        let items = json!([{"key": "k", "path": "p"}]);
        let container = json!({"name": "rqlite", "image": "i", "workingDir": "/", "command": ["c"], "args": ["a", "b"],
            "env": [{"name": "A", "value": "b"}, {"name": "B", "valueFrom": {
                "configMapKeyRef": {"name": "m", "key": "k", "optional": true}, "secretKeyRef": {"name": "s", "key": "k"},
                "fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}, "fieldRef": {"fieldPath": "metadata.name"},
                "resourceFieldRef": {"resource": "limits.cpu"}}}],
            "envFrom": [{"prefix": "P", "configMapRef": {"name": "m"}}, {"secretRef": {"name": "s"}}],
            "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "s", "subPathExpr": "$(A)", "readOnly": true}],
            "lifecycle": {"preStop": {"exec": {"command": ["x"]}, "sleep": {"seconds": 5}}, "stopSignal": "SIGTERM"},
            "readinessProbe": probe, "livenessProbe": probe, "startupProbe": probe, "restartPolicy": "Always"});
        let metadata = json!({"name": "n", "namespace": "ns", "uid": "u", "generation": 3, "deletionTimestamp": "t",
            "annotations": {"a/b": "c"}, "labels": {"l": "m"}, "ownerReferences": [{"kind": "k", "name": "n", "uid": "u"}]});
        json!({"metadata": metadata, "spec": {"replicas": 3, "ordinals": {"start": 1}, "serviceName": "s",
            "podManagementPolicy": "Parallel", "updateStrategy": {"type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "50%", "partition": 1}},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
            "volumeClaimTemplates": [{"metadata": metadata}],
            "template": {"metadata": metadata, "spec": {"containers": [container], "initContainers": [container],
                "terminationGracePeriodSeconds": 30, "securityContext": {"fsGroup": 1, "runAsUser": 2},
                "volumes": [
                    {"name": "v", "secret": {"secretName": "s", "defaultMode": 288, "optional": false, "items": items}},
                    {"name": "v", "configMap": {"name": "m", "items": items}},
                    {"name": "v", "projected": {"sources": [{"secret": {"name": "s", "items": items}},
                        {"configMap": {"name": "m", "items": items}}]}},
                    {"name": "v", "emptyDir": {"medium": "Memory"}}, {"name": "v", "persistentVolumeClaim": {"claimName": "c"}},
                    {"name": "v", "ephemeral": {"x": 1}}, {"name": "v", "hostPath": {"path": "/p"}}]}}},
            "status": {"observedGeneration": 3, "replicas": 3, "updatedReplicas": 2, "currentRevision": "a", "updateRevision": "b"}})
    }

    /// The pointers of all values.
    fn pointers(tree: &Value, at: &str, to: &mut Vec<String>) {
        to.push(at.to_owned());
        match tree {
            Value::Object(members) => {
                members
                    .iter()
                    .for_each(|(key, value)| pointers(value, &format!("{at}/{}", key.replace('/', "~1")), to));
            }
            Value::Array(elements) => {
                elements.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), to));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn all_pointers() -> Vec<String> {
        let mut all = Vec::new();
        pointers(&whole(), "", &mut all);
        all
    }

    #[test]
    fn a_whole_set_reads_as_its_text_does() {
        let set = StatefulSet::from_tree(&whole()).unwrap();
        assert_eq!(set, serde_json::from_value(whole()).unwrap());
        assert_eq!(StatefulSet::from_tree(&json!({})).unwrap(), StatefulSet::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// In the place of any value another one: the same set, or the same words.
        #[test]
        fn another_value_anywhere_is_told_as_by_a_decoder_of_texts(
            pointer in select(all_pointers()),
            value in select(vec![json!(null), json!(true), json!(7), json!(-7), json!(99999999999_i64), json!(1.5), json!("five"), json!([]), json!({}), json!(["a"]), json!({"a": "b"})]),
        ) {
            let mut tree = whole();
            // A decoder of texts takes the fields of an object from an array too.
            prop_assume!(!(value.is_array() && tree.pointer(&pointer).is_some_and(Value::is_object)));
            *tree.pointer_mut(&pointer).unwrap() = value.clone();
            let expected = serde_json::from_str::<StatefulSet>(&tree.to_string());
            match (StatefulSet::from_tree(&tree), expected) {
                (Ok(read), Ok(expected)) => prop_assert_eq!(read, expected),
                (Err(wrong), Err(error)) => {
                    let problem = error.to_string().split(" at line ").next().unwrap().to_owned();
                    prop_assert_eq!(&wrong.problem, &problem, "{}", pointer);
                    let inside = value.is_array() || value.is_object();
                    prop_assert!(inside || pointer.is_empty() || wrong.path.split(['.', '[']).count() == pointer.split('/').skip(1).count(), "{}", wrong.path);
                }
                (read, expected) => prop_assert!(false, "{pointer} {value}: {read:?} {expected:?}"),
            }
        }
    }
}
