//! An object's metadata, as far as anything rests on it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::or_default;

/// metav1.ObjectMeta.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Absent of a pod template, and where the server generates it.
    pub name: Option<String>,
    /// Absent of a cluster-scoped object, and in manifests that leave it to whoever applies them.
    pub namespace: Option<String>,
    /// Given by the API server at the creation; another object of that name has another one.
    pub uid: Option<String>,
    /// Counts the changes of the spec, from 1.
    pub generation: Option<i64>,
    /// Once it is there, the object is being deleted (RFC 3339).
    pub deletion_timestamp: Option<String>,
    /// By their keys, prefix included: `quorate.dev/container`.
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
    /// By their keys, prefix included: `app.kubernetes.io/name`.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// At most one of them is its controller.
    #[serde(deserialize_with = "or_default")]
    pub owner_references: Vec<OwnerReference>,
}

/// metav1.OwnerReference; what tells one from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// Without its group.
    pub kind: String,
    /// In the namespace of the object that it owns, or cluster-scoped.
    pub name: String,
    /// An owner of that name with another uid is none.
    pub uid: String,
}
