//! A pod's volumes, and where its containers mount them.

use serde::Deserialize;

use super::or_default;

/// core/v1 VolumeMount.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeMount {
    /// Of a volume of the Pod, or of a claim template.
    pub name: String,
    /// Where the container sees it.
    pub mount_path: String,
    /// A path inside of the volume that is mounted alone. Empty: all of it.
    #[serde(deserialize_with = "or_default")]
    pub sub_path: String,
    /// The same with variables, `$(NAME)`. At most one of the two is set.
    #[serde(deserialize_with = "or_default")]
    pub sub_path_expr: String,
    /// Absent is false.
    #[serde(deserialize_with = "or_default")]
    pub read_only: bool,
}

/// core/v1 Volume. Exactly one source is set; those that nobody here reads are in none of these fields.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// By which containers mount it.
    pub name: String,
    /// The keys of a Secret as files.
    pub secret: Option<SecretVolume>,
    /// The keys of a ConfigMap as files.
    pub config_map: Option<ConfigMapVolume>,
    /// Several sources in one folder.
    pub projected: Option<ProjectedVolume>,
    /// A folder that goes with the Pod.
    pub empty_dir: Option<EmptyDir>,
    /// A claim that exists beside the Pod.
    pub persistent_volume_claim: Option<ClaimVolume>,
    /// A claim that goes with the Pod. Nothing of it is read.
    pub ephemeral: Option<serde::de::IgnoredAny>,
    /// A path of the node. Only compared: another one is another template.
    pub host_path: Option<HostPath>,
}

/// core/v1 SecretVolumeSource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretVolume {
    /// In the Pod's namespace.
    #[serde(deserialize_with = "or_default")]
    pub secret_name: String,
    /// Permission bits of the files; absent is 0644. Only compared: others are another template.
    pub default_mode: Option<i32>,
    /// True: the Pod starts without the Secret too. Absent is false.
    pub optional: Option<bool>,
    /// Empty: every key is a file of its name. Else these keys alone.
    #[serde(deserialize_with = "or_default")]
    pub items: Vec<KeyToPath>,
}

/// core/v1 ConfigMapVolumeSource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigMapVolume {
    /// In the Pod's namespace.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Empty: every key is a file of its name. Else these keys alone.
    #[serde(deserialize_with = "or_default")]
    pub items: Vec<KeyToPath>,
}

/// core/v1 ProjectedVolumeSource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ProjectedVolume {
    /// Each gives files of the one folder.
    #[serde(deserialize_with = "or_default")]
    pub sources: Vec<ProjectedSource>,
}

/// core/v1 VolumeProjection. One is set; a source that is neither (a token, the Pod's own fields) leaves both empty.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectedSource {
    /// The keys of a Secret.
    pub secret: Option<ProjectedFiles>,
    /// The keys of a ConfigMap.
    pub config_map: Option<ProjectedFiles>,
}

/// core/v1 SecretProjection or ConfigMapProjection.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ProjectedFiles {
    /// In the Pod's namespace.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Empty: every key is a file of its name. Else these keys alone.
    #[serde(deserialize_with = "or_default")]
    pub items: Vec<KeyToPath>,
}

/// core/v1 KeyToPath.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct KeyToPath {
    /// In the object's `data`.
    pub key: String,
    /// The file inside of the volume, relative.
    pub path: String,
}

/// core/v1 EmptyDirVolumeSource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EmptyDir {
    /// `Memory`: a tmpfs. Absent or empty: the node's disk.
    pub medium: Option<String>,
}

/// core/v1 PersistentVolumeClaimVolumeSource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimVolume {
    /// In the Pod's namespace.
    pub claim_name: String,
}

/// core/v1 HostPathVolumeSource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HostPath {
    /// On the node, absolute.
    pub path: String,
}
