//! The rules of remove-on-shutdown, one file each.

pub(crate) mod injected;
pub(crate) mod injection_lost;
pub(crate) mod not_injected;
pub(crate) mod pending;

use quorate_sdk::Rule;

/// Every rule of the policy.
pub(crate) const ALL: &[Rule] = &[not_injected::RULE, injected::RULE, injection_lost::RULE, pending::RULE];
