//! What changes a set's count from outside: a Scale, a HorizontalPodAutoscaler.

use serde::Deserialize;

use super::{Metadata, or_default};
use crate::defaults;
use crate::request::{RequestKind, group_of};

/// autoscaling/v1 Scale.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Scale {
    /// Name, uid and version are those of what is scaled.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// What is asked for.
    #[serde(deserialize_with = "or_default")]
    pub spec: ScaleSpec,
}

/// autoscaling/v1 ScaleSpec.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ScaleSpec {
    /// Pods that are asked for. Absent is **0**: autoscaling/v1 omits zero (measured on kube-apiserver 1.36.3).
    #[serde(deserialize_with = "or_default")]
    pub replicas: i32,
}

/// autoscaling/v1 and v2 HorizontalPodAutoscaler.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HorizontalPodAutoscaler {
    /// Its own, not its target's.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// Its bounds, and what it scales.
    #[serde(deserialize_with = "or_default")]
    pub spec: AutoscalerSpec,
}

/// autoscaling/v2 HorizontalPodAutoscalerSpec; v1 has the same of these.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoscalerSpec {
    /// Fewest Pods. Absent is 1.
    pub min_replicas: Option<i32>,
    /// Most Pods.
    pub max_replicas: i32,
    /// What it scales, in its own namespace.
    #[serde(deserialize_with = "or_default")]
    pub scale_target_ref: TargetRef,
}

impl AutoscalerSpec {
    /// Its lower bound; absent is 1.
    pub fn min(&self) -> i32 {
        self.min_replicas.unwrap_or(defaults::MIN_REPLICAS)
    }
}

/// autoscaling/v2 CrossVersionObjectReference.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TargetRef {
    /// `apps/v1`; absent, or `v1`, for the core group.
    pub api_version: Option<String>,
    /// `StatefulSet`, `Deployment`.
    pub kind: String,
    /// Its `metadata.name`.
    pub name: String,
}

impl TargetRef {
    /// Empty for the core group, and where it does not say.
    pub fn group(&self) -> &str {
        group_of(self.api_version.as_deref().unwrap_or_default())
    }

    /// Of a request for the object that it names.
    pub fn request_kind(&self) -> RequestKind {
        RequestKind::of_reference(self.group(), &self.kind)
    }
}
