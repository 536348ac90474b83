//! Who an object is, whatever file it lies in: group-kind, namespace and name; and where it was found.
//! Does not compare objects.

use std::sync::{Arc, OnceLock};

use rqlite::dependencies::Dependencies;
use serde_json::Value;

pub(crate) use super::object_id::ObjectId;
use super::source::{RawObject, kind_of, text_at};
use super::tree::Side;
use super::way::{Tool, Way};

/// Where an object was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectOrigin {
    pub(crate) side: Side,
    /// Of the side's files; of rendered output, what it is listed under.
    pub(crate) path: String,
    pub(crate) document: usize,
    pub(crate) root: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: ObjectId,
    pub(crate) version: String,
    pub(crate) value: Value,
    pub(crate) origin: ObjectOrigin,
    /// By whom it is applied.
    pub(crate) way: Arc<Way>,
    /// The key of that way, as the head would name it. Several clusters may each have an object of the same name.
    pub(crate) scope: String,
    /// What an rqlite set needs beside itself, once a deletion asked for it.
    pub(crate) dependencies: OnceLock<Option<Dependencies>>,
}

pub(crate) fn is_config_map(group: &str, kind: &str) -> bool {
    group.is_empty() && kind == "ConfigMap"
}

impl Object {
    /// None where it is no object, or has no name of its own.
    pub(crate) fn of(raw: RawObject, origin: ObjectOrigin, way: &Arc<Way>, default_namespace: &str) -> Option<Self> {
        let (group, version, kind) = kind_of(&raw.value)?;
        let name = text_at(&raw.value, "/metadata/name")?.to_owned();
        let namespace = if is_of_the_cluster(kind) {
            None
        } else {
            Some(text_at(&raw.value, "/metadata/namespace").unwrap_or(default_namespace).to_owned())
        };
        let id = ObjectId { group: group.to_owned(), kind: kind.to_owned(), namespace, name };
        let version = version.to_owned();
        Some(Self {
            id,
            version,
            value: raw.value,
            origin,
            way: Arc::clone(way),
            scope: way.key(),
            dependencies: OnceLock::new(),
        })
    }
}

impl Object {
    /// Whether it leads to other objects.
    pub(crate) fn leads(&self) -> bool {
        Tool::of_leading(&self.id.group, &self.id.kind).is_some()
    }
}

/// The plural under which a kind is requested, as Kubernetes forms it.
pub(crate) fn resource_of(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    if lower.ends_with('s') || lower.ends_with('x') || lower.ends_with("ch") {
        format!("{lower}es")
    } else if let Some(stem) = lower.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        format!("{stem}ies")
    } else {
        format!("{lower}s")
    }
}

/// Kinds without a namespace that come with Kubernetes.
fn is_of_the_cluster(kind: &str) -> bool {
    const KINDS: [&str; 13] = [
        "Namespace",
        "Node",
        "PersistentVolume",
        "StorageClass",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "PriorityClass",
        "IngressClass",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ];
    KINDS.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::resource_of;

    #[test]
    fn plurals_are_those_of_kubernetes() {
        let pairs = [
            ("StatefulSet", "statefulsets"),
            ("HorizontalPodAutoscaler", "horizontalpodautoscalers"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
        ];
        for (kind, plural) in pairs {
            assert_eq!(resource_of(kind), plural);
        }
    }
}
