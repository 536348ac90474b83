//! apps/v1 StatefulSet: what it says beside its pod template.

use serde::Deserialize;

use super::{Metadata, PodTemplate, or_default};
use crate::defaults;

/// apps/v1 StatefulSet.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSet {
    /// Its own, not that of its Pods.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// What is asked for.
    #[serde(deserialize_with = "or_default")]
    pub spec: StatefulSetSpec,
    /// What the controller last saw; empty in a manifest.
    #[serde(deserialize_with = "or_default")]
    pub status: StatefulSetStatus,
}

/// apps/v1 StatefulSetSpec.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetSpec {
    /// Pods that are asked for. Absent is 1.
    pub replicas: Option<i32>,
    /// Where the numbers of its Pods begin (stable since Kubernetes 1.31).
    pub ordinals: Option<Ordinals>,
    /// The Service under whose name the Pods have theirs.
    pub service_name: Option<String>,
    /// `OrderedReady` (the default) or `Parallel`.
    pub pod_management_policy: Option<String>,
    /// How Pods are replaced when the template changes. Absent is a rolling update.
    pub update_strategy: Option<UpdateStrategy>,
    /// What becomes of claims. Absent: they stay.
    pub persistent_volume_claim_retention_policy: Option<RetentionPolicy>,
    /// Each Pod has a claim of each: `<template>-<set>-<ordinal>`.
    #[serde(deserialize_with = "or_default")]
    pub volume_claim_templates: Vec<ClaimTemplate>,
    /// What each Pod is.
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

/// apps/v1 StatefulSetOrdinals.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Ordinals {
    /// The lowest ordinal. Absent is 0.
    #[serde(deserialize_with = "or_default")]
    pub start: i32,
}

/// apps/v1 StatefulSetUpdateStrategy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate` (the default) or `OnDelete`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Only of a rolling update.
    pub rolling_update: Option<RollingUpdate>,
}

/// apps/v1 RollingUpdateStatefulSetStrategy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    /// Pods that may be down at once. Absent is 1, as it is where the feature is off (`MaxUnavailableStatefulSet`).
    pub max_unavailable: Option<IntOrPercent>,
    /// Pods of lower ordinals keep the old template. Absent is 0.
    pub partition: Option<i32>,
}

/// intstr.IntOrString.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum IntOrPercent {
    /// A count.
    Int(i64),
    /// A share of the count: `40%`.
    Text(String),
}

/// apps/v1 StatefulSetPersistentVolumeClaimRetentionPolicy: `Retain` (the default) or `Delete`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetentionPolicy {
    /// Of all claims, when the set is deleted.
    pub when_deleted: Option<String>,
    /// Of the claims of Pods that a smaller count takes away.
    pub when_scaled: Option<String>,
}

/// core/v1 PersistentVolumeClaim, as a template.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClaimTemplate {
    /// Its name begins the names of the claims, and is that of the volume that containers mount.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
}

/// apps/v1 StatefulSetStatus.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetStatus {
    /// The [`Metadata::generation`] that the controller has seen.
    pub observed_generation: Option<i64>,
    /// Pods that the controller has made.
    #[serde(deserialize_with = "or_default")]
    pub replicas: i32,
    /// Pods of the update revision. Written without it where it is zero.
    pub updated_replicas: Option<i32>,
    /// The ControllerRevision of the Pods that are not updated yet.
    pub current_revision: Option<String>,
    /// That of the present template. Both are the same when a rollout is done.
    pub update_revision: Option<String>,
}
