//! What a module imports and asks for, compared with what it was granted.

use std::collections::BTreeSet;
use std::fmt;

use quorate_contract::{Manifest, Related};

use super::LoadError;
use crate::binding::Grants;
use crate::provider::Provider;

/// Interfaces that need a grant.
const CAPABILITIES: [&str; 2] = ["facts", "time"];

/// Declared by the contract, and not offered yet.
const CLUSTER: &str = "cluster";

/// What is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ungranted {
    /// Of `grants`.
    pub key: &'static str,
    /// What is to stand there.
    pub name: String,
}

impl fmt::Display for Ungranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.key {
            "imports" => "imports",
            "facts" => "asks for facts of",
            "reads" => "reads objects of kind",
            _ => "refers to objects of kind",
        };
        write!(f, "{verb} `{}`", self.name)
    }
}

/// Everything that the module needs, as grants.
pub(crate) fn needed(manifest: &Manifest, imports: &BTreeSet<String>) -> Grants {
    let references = manifest.related.values().filter_map(|source| match source {
        Related::Reference { api_version, kind, .. } => Some(format!("{api_version}/{kind}")),
        Related::Of { .. } => None,
    });
    Grants {
        imports: capabilities(imports),
        facts: manifest.facts.iter().map(|fact| provider_of(fact).to_owned()).collect(),
        reads: manifest.reads.iter().map(|read| format!("{}/{}", read.api_version, read.kind)).collect(),
        references: references.collect(),
    }
}

/// Those of the imported interfaces that need a grant.
pub(crate) fn capabilities(imports: &BTreeSet<String>) -> BTreeSet<String> {
    imports.iter().filter(|name| CAPABILITIES.contains(&name.as_str())).cloned().collect()
}

/// Refuses by name what is not granted, not known, or not offered.
pub(super) fn check(
    policy: &str,
    manifest: &Manifest,
    imports: &BTreeSet<String>,
    granted: Option<&Grants>,
    provider: &dyn Provider,
) -> Result<(), LoadError> {
    let policy = || policy.to_owned();
    if imports.contains(CLUSTER) {
        return Err(LoadError::NoCluster { policy: policy(), what: format!("the import `{CLUSTER}`") });
    }
    if let Some(read) = manifest.reads.first() {
        let what = format!("`reads` of {}/{}", read.api_version, read.kind);
        return Err(LoadError::NoCluster { policy: policy(), what });
    }
    if let Some(fact) = manifest.facts.iter().find(|fact| !provider.facts().contains(&fact.as_str())) {
        return Err(LoadError::UnknownFact { policy: policy(), fact: fact.clone(), known: provider.facts() });
    }
    let Some(granted) = granted else { return Ok(()) };
    let needed = needed(manifest, imports);
    let lists = [
        ("imports", &needed.imports, &granted.imports),
        ("facts", &needed.facts, &granted.facts),
        ("reads", &needed.reads, &granted.reads),
        ("references", &needed.references, &granted.references),
    ];
    for (key, needed, granted) in lists {
        if let Some(name) = needed.difference(granted).next() {
            return Err(LoadError::NotGranted { policy: policy(), what: Ungranted { key, name: name.clone() } });
        }
    }
    Ok(())
}

/// The first part of a fact's name.
fn provider_of(fact: &str) -> &str {
    fact.split_once('/').map_or(fact, |(provider, _)| provider)
}
