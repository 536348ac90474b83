//! For each rule that refuses: what is lost on real nodes where nobody refuses it, and that the remedy in the refusal works.
//! A file per rule. Each inner test runs in a network of its own, and writes what it saw (`QUORATE_EVIDENCE`, `docs/evidence.md`).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests; a skipped test says so"
)]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

mod auth_without_join_as;
mod autoscaler_on_voters;
mod bootstrap_expect_changed;
mod bootstrap_expect_mismatch;
mod bootstrap_expect_removed;
mod cluster_deleted;
mod conflicting_flag;
mod credentials_in_configmap;
mod drains;
mod eviction_below_quorum;
mod injection_lost;
mod not_mounted;
mod role_changed;
mod rollout_above_tolerance;
mod scale_below_quorum;
mod scale_to_zero;
mod scale_up_without_leader;
mod scale_while_scaling;
mod scenario;
mod secret_file_not_mounted;
mod two_admissions;
mod users;

use quorate_cluster_tests::{Rqliteds, isolation};

/// Runs an inner test, unless there is nothing to run it with.
fn with_rqlited(test: &str) {
    if Rqliteds::find_for(test).is_some() {
        isolation::run(test);
    }
}
