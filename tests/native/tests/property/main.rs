//! Invariants that need no second opinion, over generated sets, changes and facts: 10,000 inputs, `QUORATE_PROPERTY_CASES` of them where
//! that is set, by the seed `QUORATE_PROPERTY_SEED`. A failure is shrunk and written below `target/tmp/property/<invariant>/`, as files
//! that `quorate review` reads.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

mod down;
mod evictions;
mod messages;
mod model;
mod mutation;
mod pairs;
mod quorum;
mod scale_or_update;
mod spelling;

use std::path::Path;

use proptest::strategy::Strategy;
use quorate_native_tests::run::{self, Broken};

/// Checks an invariant on its share of the cases, in thousandths.
#[track_caller]
fn hold<S: Strategy>(name: &str, share: u32, strategy: &S, check: impl Fn(&S::Value) -> Result<(), Broken>)
where
    S::Value: std::fmt::Debug,
{
    run::hold(name, share, &Path::new(env!("CARGO_TARGET_TMPDIR")).join("property"), strategy, check);
}
