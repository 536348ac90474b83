//! What is known of a StatefulSet from outside its manifest: the facts format, version 1 (`docs/facts.md`).
//! Parsed, never fetched. An absent key is unknown, an empty list is knowledge.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::membership::{Entry, Member, Membership};

/// The version of the format that this build reads.
pub const VERSION: u64 = 1;

/// Facts about one StatefulSet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// None: no view. With a view, `Membership::leader` tells led from leaderless.
    pub membership: Option<Membership>,
    /// Node ids of the voters of the last trusted membership.
    pub last_voters: Option<Vec<String>>,
    pub pods: Option<Vec<Pod>>,
    pub claims: Option<Vec<Claim>>,
    /// Uids of owners that exist.
    pub owners: Option<Vec<String>>,
    /// Some pod of the set was ready at some time.
    pub ever_ready: Option<bool>,
    /// Now, RFC 3339.
    pub now: Option<String>,
}

/// One pod of the set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pod {
    pub name: String,
    #[serde(default)]
    pub ready: bool,
    #[serde(default)]
    pub terminating: bool,
    /// The Raft node id that it runs with; None: unknown.
    pub node_id: Option<String>,
    /// It runs with `-raft-cluster-remove-shutdown`; None: unknown.
    pub remove_on_shutdown: Option<bool>,
}

/// One PersistentVolumeClaim of the set's templates.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub name: String,
    #[serde(default)]
    pub bound: bool,
}

/// Facts that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("facts: {0}")]
pub struct FactsError(pub String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    #[expect(dead_code, reason = "named here so that it is a known key; `Versioned` has read it")]
    version: IgnoredAny,
    membership: Option<Vec<Entry>>,
    #[serde(default, deserialize_with = "present")]
    leader: Option<Option<String>>,
    last_voters: Option<Vec<String>>,
    pods: Option<Vec<Pod>>,
    pvcs: Option<Vec<Claim>>,
    owners: Option<Vec<String>>,
    ever_ready: Option<bool>,
    now: Option<String>,
}

/// Read before the rest, so that another version is named as such and not by its first unknown key.
#[derive(Deserialize)]
struct Versioned {
    version: Option<serde_json::Value>,
}

/// Here `null` says something: no leader.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Facts {
    /// Parses the JSON text; `{"version": 1}` is "nothing known". Unknown keys and other versions are errors that name them.
    pub fn parse(json: &str) -> Result<Self, FactsError> {
        let versioned: Versioned = serde_json::from_str(json).map_err(unreadable)?;
        match versioned.version {
            Some(version) if version == VERSION => {}
            Some(version) => {
                return Err(FactsError(format!("version {version} is not known, this build reads {VERSION}")));
            }
            None => return Err(FactsError(format!("`version` is missing, this build reads {VERSION}"))),
        }
        let document: Document = serde_json::from_str(json).map_err(unreadable)?;
        Ok(Facts {
            membership: document
                .membership
                .map(|entries| view(entries, document.leader))
                .transpose()?
                .and_then(Membership::usable),
            last_voters: document.last_voters,
            pods: document.pods,
            claims: document.pvcs,
            owners: document.owners,
            ever_ready: document.ever_ready,
            now: document.now,
        })
    }
}

fn unreadable(error: serde_json::Error) -> FactsError {
    FactsError(error.to_string())
}

/// `leader` decides; where it is not given, the entries do.
fn view(entries: Vec<Entry>, leader: Option<Option<String>>) -> Result<Membership, FactsError> {
    let mut ids = BTreeSet::new();
    let mut members: Vec<Member> = Vec::with_capacity(entries.len());
    for entry in entries {
        let member = entry.member().ok_or_else(|| FactsError("an entry of `membership` has no `id`".to_owned()))?;
        if !ids.insert(member.id.clone()) {
            return Err(FactsError(format!("`membership` lists `{}` twice", member.id)));
        }
        members.push(member);
    }
    let told = Membership::of(members);
    match leader {
        None => Ok(told),
        Some(None) => Ok(Membership { leader: None, ..told }),
        Some(Some(leader)) if told.contains(&leader) => Ok(Membership { leader: Some(leader), ..told }),
        Some(Some(leader)) => Err(FactsError(format!("`leader` is `{leader}`, which `membership` does not list"))),
    }
}
