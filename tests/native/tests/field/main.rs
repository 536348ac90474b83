//! What other people's manifests and reports get: inputs in the shapes of public ones, read in place (`QUORATE_FIELD`, else `shared/field`
//! beside the workspace), each with its right outcome as verdict, rule and a few words. Says loudly when the inputs are not there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

mod generated;
mod launches;
mod manifests;
mod row;

use std::path::PathBuf;

use quorate_native_tests::workspace;

/// The folder of the inputs.
fn field() -> Option<PathBuf> {
    let named = std::env::var_os("QUORATE_FIELD").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| workspace().join("../shared/field"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no field input at {}; set QUORATE_FIELD to a folder that has it", folder.display());
    None
}
