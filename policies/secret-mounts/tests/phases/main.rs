//! Both phases of the policy against each other, on manifests that the tests build. Single verdicts are `cases/`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's fixture that is not there fails the test")]

mod reproduction;
mod review;
mod validation;
