//! A pod's template and its containers.

use serde::Deserialize;

use super::{EnvFrom, EnvVar, ExecAction, Metadata, Probe, Volume, VolumeMount, or_default};

/// core/v1 PodTemplateSpec.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// Labels and annotations of the Pods.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// What the Pods are.
    #[serde(deserialize_with = "or_default")]
    pub spec: PodSpec,
}

/// core/v1 PodSpec.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// They start together, behind the init containers.
    #[serde(deserialize_with = "or_default")]
    pub containers: Vec<Container>,
    /// They start one after the other, each when the one before it has ended or, as a native sidecar, has started.
    #[serde(deserialize_with = "or_default")]
    pub init_containers: Vec<Container>,
    /// Containers mount them by name.
    #[serde(deserialize_with = "or_default")]
    pub volumes: Vec<Volume>,
    /// Seconds; absent is 30.
    pub termination_grace_period_seconds: Option<i64>,
    /// Users and groups of all containers; one of them may say otherwise.
    #[serde(deserialize_with = "or_default")]
    pub security_context: PodSecurityContext,
}

/// core/v1 PodSecurityContext.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSecurityContext {
    /// The group that owns the volumes' files, by number.
    pub fs_group: Option<i64>,
    /// The user that the programs run as, by number. Only compared: another one is another template.
    pub run_as_user: Option<i64>,
}

/// core/v1 Container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Unique in the Pod.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its reference: registry, repository, tag, digest, of which only the repository must be there.
    pub image: Option<String>,
    /// Where relative paths start. Absent: what the image says.
    pub working_dir: Option<String>,
    /// In place of the image's ENTRYPOINT; empty: that. `$(NAME)` stands for a variable.
    #[serde(deserialize_with = "or_default")]
    pub command: Vec<String>,
    /// In place of the image's CMD; empty: that, unless there is a command. `$(NAME)` stands for a variable.
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<String>,
    /// Its variables, in order: one may name those above.
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<EnvVar>,
    /// Objects of which every key is a variable. `env` goes before them.
    #[serde(deserialize_with = "or_default")]
    pub env_from: Vec<EnvFrom>,
    /// Where it sees the Pod's volumes.
    #[serde(deserialize_with = "or_default")]
    pub volume_mounts: Vec<VolumeMount>,
    /// What is done before it stops, and by which signal it is told.
    pub lifecycle: Option<Lifecycle>,
    /// The Pod is ready, and gets traffic, as long as it succeeds.
    pub readiness_probe: Option<Probe>,
    /// Where it fails the container is started anew.
    pub liveness_probe: Option<Probe>,
    /// Until it succeeds the other two wait.
    pub startup_probe: Option<Probe>,
    /// Of an init container: `Always` makes it a native sidecar.
    pub restart_policy: Option<String>,
}

/// core/v1 Lifecycle.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Runs before the container is told to stop; the grace period runs meanwhile.
    pub pre_stop: Option<Handler>,
    /// By which the container is told to stop. Absent is the image's, SIGTERM by default.
    pub stop_signal: Option<String>,
}

/// core/v1 LifecycleHandler. One is set; those that nobody here reads are in neither field.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Handler {
    /// A command in the container.
    pub exec: Option<ExecAction>,
    /// A pause (since Kubernetes 1.29).
    pub sleep: Option<SleepAction>,
}

/// core/v1 SleepAction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SleepAction {
    /// Whole seconds, at most the grace period.
    pub seconds: i64,
}
