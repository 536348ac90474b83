//! The part of Kubernetes' objects that Quorate reads, as their JSON has it.
//! Not complete, and not judged: a field that nobody here reads is skipped. Names, types and defaults are those of Kubernetes 1.36
//! (its API reference); an absent list or object is an empty one, unless it is an `Option`.
//!
//! ```
//! use kubernetes::manifest::StatefulSet;
//!
//! let set: StatefulSet = serde_json::from_str(
//!     r#"{"metadata": {"name": "rqlite"}, "spec": {"podManagementPolicy": "Parallel", "template": {"spec": {
//!         "containers": [{"name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": ["-fk"]}]}}}}"#,
//! )?;
//! // What the manifest leaves out counts as the API server fills it in.
//! assert_eq!((set.spec.count(), set.spec.is_ordered(), set.spec.is_rolling()), (1, false, true));
//! let (place, container) = set.spec.template.spec.running_containers().next().unwrap();
//! assert_eq!((place.to_string().as_str(), container.name.as_str()), ("spec.template.spec.containers[0]", "rqlite"));
//! # Ok::<(), serde_json::Error>(())
//! ```

use serde::{Deserialize, Deserializer};

mod containers;
mod env;
mod metadata;
mod pod;
mod probe;
mod scaling;
mod set;
pub mod tree;
mod volume;

pub use containers::{ContainerList, ContainerPlace, List, Place};
pub use env::{EnvFrom, EnvSource, EnvVar, FieldRef, FileKeyRef, KeyRef, NameRef, ResourceRef};
pub use metadata::{Metadata, OwnerReference};
pub use pod::{Container, Handler, Lifecycle, PodSecurityContext, PodSpec, PodTemplate, SleepAction};
pub use probe::{ExecAction, HttpGet, HttpHeader, Probe};
pub use scaling::{AutoscalerSpec, HorizontalPodAutoscaler, Scale, ScaleSpec, TargetRef};
pub use set::{
    ClaimTemplate, IntOrPercent, Ordinals, RetentionPolicy, RollingUpdate, StatefulSet, StatefulSetSpec,
    StatefulSetStatus, UpdateStrategy,
};
pub use tree::{FromTree, Mismatch};
pub use volume::{
    ClaimVolume, ConfigMapVolume, EmptyDir, HostPath, KeyToPath, ProjectedFiles, ProjectedSource, ProjectedVolume,
    SecretVolume, Volume, VolumeMount,
};

/// `null` and absence are one: the API server sends neither, people write both.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
