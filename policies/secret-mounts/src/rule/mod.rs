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

use crate::rule_input::RuleInput;

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
pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    const RULES: [fn(&RuleInput) -> Vec<Finding>; 7] = [
        not_mounted::evaluate,
        conflicting_flag::evaluate,
        credentials_in_configmap::evaluate,
        auth_without_join_as::evaluate,
        secret_file_not_mounted::evaluate,
        probe_without_credentials::evaluate,
        pending::evaluate,
    ];
    RULES.iter().flat_map(|evaluate| evaluate(input)).collect()
}
