//! The rules of bootstrap-expect-lock, one file each.

pub(crate) mod bootstrap_expect_changed;
pub(crate) mod bootstrap_expect_mismatch;
pub(crate) mod bootstrap_expect_removed;

use quorate_sdk::Rule;

/// Every rule of the policy.
pub(crate) const ALL: &[Rule] =
    &[bootstrap_expect_changed::RULE, bootstrap_expect_removed::RULE, bootstrap_expect_mismatch::RULE];
