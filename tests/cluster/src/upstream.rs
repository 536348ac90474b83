//! Upstream's own files: its manifests, and what its chart renders. Read in place where they are; none is part of this repository.

use std::path::{Path, PathBuf};

use crate::binaries::environment;

/// The variable that names their folder.
const FOLDER: &str = "QUORATE_UPSTREAM";

/// A file of upstream's, below the folder that `QUORATE_UPSTREAM` names, else below `shared/upstream` beside the workspace. Says loudly
/// that a test skips where it is not there.
#[must_use]
pub fn upstream(file: &str) -> Option<String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/upstream");
    let path = environment(FOLDER).map_or_else(beside, PathBuf::from).join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: {} is not there; set {FOLDER} to the folder of upstream's files", path.display());
    }
    text
}
