//! The rules of quorum-guard, one file each.

pub(crate) mod autoscaler_on_voters;
pub(crate) mod cluster_deleted;
pub(crate) mod eviction_below_quorum;
pub(crate) mod not_recognised;
pub(crate) mod role_changed;
pub(crate) mod rollout_above_tolerance;
pub(crate) mod scale_advice;
pub(crate) mod scale_below_quorum;
pub(crate) mod scale_to_zero;
pub(crate) mod scale_up_without_leader;
pub(crate) mod scale_while_scaling;

use quorate_sdk::Rule;

/// Every rule of the policy.
pub(crate) const ALL: &[Rule] = &[
    scale_below_quorum::RULE,
    scale_to_zero::RULE,
    scale_up_without_leader::RULE,
    scale_while_scaling::RULE,
    rollout_above_tolerance::RULE,
    eviction_below_quorum::RULE,
    cluster_deleted::RULE,
    autoscaler_on_voters::RULE,
    role_changed::RULE,
    not_recognised::RULE,
    scale_advice::RULE,
];
