//! apps/v1 StatefulSet: what it says beside its pod template.

use serde::Deserialize;

use super::{Metadata, PodTemplate, or_default};
use crate::defaults;

/// apps/v1 StatefulSet.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSet {
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    pub spec: StatefulSetSpec,
    #[serde(deserialize_with = "or_default")]
    pub status: StatefulSetStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetSpec {
    /// Absent is 1.
    pub replicas: Option<i32>,
    pub ordinals: Option<Ordinals>,
    pub service_name: Option<String>,
    /// `OrderedReady` (the default) or `Parallel`.
    pub pod_management_policy: Option<String>,
    pub update_strategy: Option<UpdateStrategy>,
    pub persistent_volume_claim_retention_policy: Option<RetentionPolicy>,
    #[serde(deserialize_with = "or_default")]
    pub volume_claim_templates: Vec<ClaimTemplate>,
    #[serde(deserialize_with = "or_default")]
    pub template: PodTemplate,
}

impl StatefulSetSpec {
    /// How many pods it asks for: absent is 1; a negative number is no count, and asks for none.
    pub fn count(&self) -> u32 {
        u32::try_from(self.replicas.unwrap_or(defaults::REPLICAS)).unwrap_or(0)
    }

    /// Its pods start and stop one after the other.
    pub fn is_ordered(&self) -> bool {
        self.pod_management_policy.as_deref().unwrap_or(defaults::ORDERED_READY) == defaults::ORDERED_READY
    }

    /// The controller replaces its pods once the template changes; with `OnDelete` nobody does.
    pub fn is_rolling(&self) -> bool {
        let kind = self.update_strategy.as_ref().and_then(|strategy| strategy.kind.as_deref());
        kind.unwrap_or(defaults::ROLLING_UPDATE) == defaults::ROLLING_UPDATE
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Ordinals {
    #[serde(deserialize_with = "or_default")]
    pub start: i32,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub rolling_update: Option<RollingUpdate>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    pub max_unavailable: Option<IntOrPercent>,
    pub partition: Option<i32>,
}

/// intstr.IntOrString.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum IntOrPercent {
    Int(i64),
    /// `40%`.
    Text(String),
}

/// `Retain` (the default) or `Delete`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetentionPolicy {
    pub when_deleted: Option<String>,
    pub when_scaled: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClaimTemplate {
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetStatus {
    pub observed_generation: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub replicas: i32,
    /// Pods of the update revision. Written without it where it is zero.
    pub updated_replicas: Option<i32>,
    pub current_revision: Option<String>,
    pub update_revision: Option<String>,
}
