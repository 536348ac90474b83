//! Whether `policy.wit` still takes the policies that were built with a release, by the rules at its head.
//! Compares texts; that a module of each release still runs is a test of the engine.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test: what cannot be compared fails it"
)]

mod contract;
mod fixtures;
mod rules;
mod types;

use std::path::Path;
use std::{fs, io};

use contract::Contract;

#[test]
fn policy_wit_takes_what_was_built_with_each_release() -> io::Result<()> {
    let now = Contract::parse(quorate_contract::WIT);
    let mut violations = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("released"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "wit") {
            continue;
        }
        let released = Contract::parse(&fs::read_to_string(&path)?);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert_eq!(name, released.version.to_string(), "released/{name}.wit is named for another version");
        violations.extend(rules::violations(&released, &now));
    }
    assert!(violations.is_empty(), "policy.wit breaks what is released:\n{}", violations.join("\n"));
    Ok(())
}

/// What the rules speak of is there; else a renamed interface would leave them without effect.
#[test]
fn policies_export_what_the_head_of_the_text_names() {
    let now = Contract::parse(quorate_contract::WIT);
    let exported: Vec<_> =
        now.interfaces.iter().filter(|(_, one)| one.is_exported).map(|(name, _)| name.as_str()).collect();
    assert_eq!(exported, ["guest", "mutator", "validator"]);
    assert_eq!(rules::violations(&now, &now), Vec::<String>::new());
}
