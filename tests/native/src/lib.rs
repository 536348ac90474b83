//! What the native tests share: the built-in policies judged without wasm as the engine would judge with them, generated inputs, and
//! failures written as files that `quorate review` reads. Holds no assertion about a verdict.
//!
//! ```text
//! set, change, facts ── evaluation_input::EvaluationInput ── evaluate::evaluate ── evaluate::Evaluated
//!   (generators)                 └── record (review.json, facts.json, parent.yaml)
//! ```
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up fails")]
#![expect(clippy::print_stderr, reason = "a test says its seed, and what it skipped")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

pub mod change;
pub mod evaluate;
pub mod evaluation_input;
pub mod facts;
pub mod launch;
pub mod record;
pub mod request;
pub mod run;
pub mod set;

use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent);
    folder.expect("tests/native stands in the workspace").to_owned()
}
