//! The names of what a component imports: interfaces of the contract, of a version that is spoken here.

use std::collections::BTreeSet;

use super::{LoadError, VERSION};

/// A guest may import nothing else.
const PACKAGE: &str = "quorate:policy/";

/// What the contract has, linked for every policy or for a grant.
const INTERFACES: [&str; 9] =
    ["types", "request", "verdicts", "edits", "kubernetes", "log", "facts", "time", "cluster"];

/// The interfaces, without package and version.
pub(crate) fn interfaces<'n>(imports: impl IntoIterator<Item = &'n str>) -> Result<BTreeSet<String>, LoadError> {
    imports.into_iter().map(interface).collect()
}

/// The interface of a name, whatever its version; None where it is not the contract's.
pub(crate) fn name(interface: &str) -> Option<&str> {
    interface.strip_prefix(PACKAGE)?.split_once('@').map(|(name, _)| name)
}

fn interface(import: &str) -> Result<String, LoadError> {
    let foreign = || LoadError::ForeignImport { import: import.to_owned() };
    let (name, version) = import.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')).ok_or_else(foreign)?;
    if !is_spoken(version) {
        return Err(LoadError::OtherContract { import: import.to_owned() });
    }
    if INTERFACES.contains(&name) { Ok(name.to_owned()) } else { Err(foreign()) }
}

/// In 0.x every patch release of one minor release is compatible.
fn is_spoken(version: &str) -> bool {
    let track = |version: &str| version.rsplit_once('.').map(|(track, _)| track.to_owned());
    track(version).is_some() && track(version) == track(VERSION)
}
