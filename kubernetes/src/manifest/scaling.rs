//! What changes a set's count from outside: a Scale, a HorizontalPodAutoscaler.

use serde::Deserialize;

use super::{Metadata, or_default};
use crate::defaults;
use crate::request::{RequestKind, group_of};

/// autoscaling/v1 Scale.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Scale {
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    pub spec: ScaleSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ScaleSpec {
    /// Absent is **0**: autoscaling/v1 omits zero (measured on kube-apiserver 1.36.3).
    #[serde(deserialize_with = "or_default")]
    pub replicas: i32,
}

/// autoscaling/v1 and v2 HorizontalPodAutoscaler.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HorizontalPodAutoscaler {
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    pub spec: AutoscalerSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoscalerSpec {
    /// Absent is 1.
    pub min_replicas: Option<i32>,
    pub max_replicas: i32,
    #[serde(deserialize_with = "or_default")]
    pub scale_target_ref: TargetRef,
}

impl AutoscalerSpec {
    /// Its lower bound; absent is 1.
    pub fn min(&self) -> i32 {
        self.min_replicas.unwrap_or(defaults::MIN_REPLICAS)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TargetRef {
    pub api_version: Option<String>,
    pub kind: String,
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
