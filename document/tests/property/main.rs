//! The crate against `serde_json` and `json-patch`, over generated texts, patterns, edits and patches.
//! A file for each part; what they share is in `generated`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod accepting;
mod editing;
mod generated;
mod reading;
