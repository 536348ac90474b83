//! The rules of secret-mounts, one file each. Findings come in the order of this list.

pub mod auth_without_join_as;
pub mod conflicting_flag;
pub mod credentials_in_configmap;
pub mod not_mounted;
pub mod pending;
pub mod probe_without_credentials;
pub mod secret_file_not_mounted;
pub mod unknown_annotation;

use quorate_sdk::{Finding, Rule};

use crate::situation::Situation;

pub const ALL: &[Rule] = &[
    not_mounted::RULE,
    conflicting_flag::RULE,
    credentials_in_configmap::RULE,
    auth_without_join_as::RULE,
    secret_file_not_mounted::RULE,
    probe_without_credentials::RULE,
    pending::RULE,
    unknown_annotation::RULE,
];

/// What the rules say of a set that runs rqlite. [`unknown_annotation`] looks at every StatefulSet, and is asked apart.
pub fn judge(situation: &Situation) -> Vec<Finding> {
    const RULES: [fn(&Situation) -> Vec<Finding>; 7] = [
        not_mounted::judge,
        conflicting_flag::judge,
        credentials_in_configmap::judge,
        auth_without_join_as::judge,
        secret_file_not_mounted::judge,
        probe_without_credentials::judge,
        pending::judge,
    ];
    RULES.iter().flat_map(|judge| judge(situation)).collect()
}
