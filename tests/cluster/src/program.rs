//! Finds the program under test.
//! Builds and starts none.

use std::path::PathBuf;

/// The program under test: what cargo has built beside this test.
#[must_use]
#[track_caller]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let found = test.ancestors().skip(1).map(|folder| folder.join("quorate")).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no quorate beside {}; `make test-cluster` builds it first", test.display()))
}
