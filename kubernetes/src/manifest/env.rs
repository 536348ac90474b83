//! A container's environment: values, and what they refer to.

use serde::Deserialize;

use super::or_default;

/// core/v1 EnvVar: one variable. Of several with one name, the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvVar {
    /// As the program sees it.
    pub name: String,
    /// The text, in which `$(NAME)` stands for a variable defined above. None: see `value_from`; without that too it is empty.
    pub value: Option<String>,
    /// Where the value comes from when the container starts.
    pub value_from: Option<EnvSource>,
}

/// core/v1 EnvVarSource. Exactly one is set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvSource {
    /// A key of a ConfigMap.
    pub config_map_key_ref: Option<KeyRef>,
    /// A key of a Secret.
    pub secret_key_ref: Option<KeyRef>,
    /// A variable in a file that an init container writes (since Kubernetes 1.34).
    pub file_key_ref: Option<FileKeyRef>,
    /// A field of the Pod.
    pub field_ref: Option<FieldRef>,
    /// A request or a limit of a container.
    pub resource_field_ref: Option<ResourceRef>,
}

/// A key of a ConfigMap or of a Secret, in the Pod's namespace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct KeyRef {
    /// Name of the object.
    pub name: String,
    /// In its `data`.
    pub key: String,
    /// True: the container starts without the variable where the object or the key does not exist. Absent is false.
    pub optional: Option<bool>,
}

/// A file of variables, in a volume of the pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileKeyRef {
    /// Name of the Pod's volume.
    pub volume_name: String,
    /// Inside of the volume, relative.
    pub path: String,
    /// The variable's name in the file.
    pub key: String,
}

/// core/v1 ObjectFieldSelector.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldRef {
    /// `metadata.name`, `metadata.labels['…']`, `status.podIP`.
    pub field_path: String,
}

/// core/v1 ResourceFieldSelector, of the container itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ResourceRef {
    /// `limits.cpu`, `requests.memory`.
    pub resource: String,
}

/// core/v1 EnvFromSource: every key of an object is a variable. `env` goes before it, and a later one before an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvFrom {
    /// Stands before each key in the variable's name. Absent is empty.
    #[serde(deserialize_with = "or_default")]
    pub prefix: String,
    /// A ConfigMap. This or the Secret is set.
    pub config_map_ref: Option<NameRef>,
    /// A Secret.
    pub secret_ref: Option<NameRef>,
}

/// An object of the Pod's namespace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NameRef {
    /// Its `metadata.name`.
    pub name: String,
}
