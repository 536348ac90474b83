//! What is known of a StatefulSet from outside its manifest: the facts format, version 1 (`docs/facts.md`).
//! Parsed and written, never fetched. An absent key is unknown, an empty list is knowledge.

mod objects;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::membership::{Member, Membership, NodeEntry};
use crate::value::Source;

pub use objects::{Claim, Leaving, Owner, Pod, Service, ServicePort};

/// The version of the format that this build reads and writes.
pub const VERSION: u64 = 1;

/// Facts about one StatefulSet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// None: no view. With a view, `Membership::leader` tells led from leaderless.
    pub membership: Option<Membership>,
    /// How the membership was learned.
    pub seen: Option<ViewOrigin>,
    /// Why there is no membership, in a few words.
    pub unseen: Option<String>,
    /// Node ids of the voters of the last trusted membership.
    pub last_voters: Option<Vec<String>>,
    /// Since that membership was asked for; None: not recorded.
    pub last_voters_age_milliseconds: Option<u64>,
    /// Pods of the set: an own ordinal that is not among them has no pod. None: unknown.
    pub pods: Option<Vec<Pod>>,
    /// Claims of the set's templates; None: unknown.
    pub claims: Option<Vec<Claim>>,
    /// Pods that other admissions let go a moment ago.
    pub leaving: Vec<Leaving>,
    /// Services that the set needs.
    pub services: Option<Vec<Service>>,
    /// Names of the HorizontalPodAutoscalers that point at the set.
    pub autoscalers: Option<Vec<String>>,
    /// Values of ConfigMaps that the set refers to, by name and key. One that is absent is unknown; a key that is absent in one that is
    /// given does not exist.
    pub config_maps: BTreeMap<String, BTreeMap<String, String>>,
    /// Owners that exist, or of which that is not known. One that is not among them does not exist.
    pub owners: Option<Vec<Owner>>,
    /// Some pod of the set was ready at some time.
    pub ever_ready: Option<bool>,
    /// Now, RFC 3339.
    pub now: Option<String>,
}

/// How a view was learned: when, and from which node. The key `seen`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ViewOrigin {
    /// From the moment at which the node was asked to that at which the policies are.
    pub age_milliseconds: u64,
    /// Node id of the one whose answer it is.
    pub from: String,
}

/// Facts that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("facts: {0}")]
pub struct FactsError(pub String);

/// The JSON of [`Facts`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FactsJson {
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    membership: Option<Vec<NodeEntry>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    leader: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<ViewOrigin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unseen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_voters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_voters_age_milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pods: Option<Vec<Pod>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pvcs: Option<Vec<Claim>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leaving: Vec<Leaving>,
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<Vec<Service>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autoscalers: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    config_maps: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owners: Option<Vec<Owner>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ever_ready: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// Parses the JSON text; `{"version": 1}` is "nothing known". A membership that no cluster has ([`Membership::usable`]) is none.
    ///
    /// ```
    /// use rqlite::facts::Facts;
    ///
    /// let facts = Facts::parse(
    ///     r#"{"version": 1, "pods": [{"name": "db-0", "ready": true}], "membership": [
    ///         {"id": "db-0", "addr": "db-0.db:4002", "voter": true, "reachable": true, "leader": true}]}"#,
    /// )?;
    /// assert_eq!(facts.membership.unwrap().leader.as_deref(), Some("db-0"));
    /// assert_eq!((facts.pods.unwrap().len(), facts.claims), (1, None));
    /// # Ok::<(), rqlite::facts::FactsError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no JSON, of another version, has a key that this one does not know, lists an id twice or a node without one, or
    /// names a leader that it does not list. The text of the error says which.
    pub fn parse(json: &str) -> Result<Self, FactsError> {
        let versioned: Versioned = serde_json::from_str(json).map_err(unreadable)?;
        match versioned.version {
            Some(version) if version == VERSION => {}
            Some(version) => {
                return Err(FactsError(format!("version {version} is not known, this build reads {VERSION}")));
            }
            None => return Err(FactsError(format!("`version` is missing, this build reads {VERSION}"))),
        }
        let document: FactsJson = serde_json::from_str(json).map_err(unreadable)?;
        Ok(Facts {
            membership: document
                .membership
                .map(|entries| view(entries, document.leader))
                .transpose()?
                .and_then(Membership::usable),
            seen: document.seen,
            unseen: document.unseen,
            last_voters: document.last_voters,
            last_voters_age_milliseconds: document.last_voters_age_milliseconds,
            pods: document.pods,
            claims: document.pvcs,
            leaving: document.leaving,
            services: document.services,
            autoscalers: document.autoscalers,
            config_maps: document.config_maps,
            owners: document.owners,
            ever_ready: document.ever_ready,
            now: document.now,
        })
    }

    /// The JSON text that [`Facts::parse`] reads.
    ///
    /// # Errors
    /// None for facts that can be held.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let facts = self.clone();
        let leader = facts.membership.as_ref().map(|view| view.leader.clone());
        serde_json::to_string(&FactsJson {
            version: VERSION,
            membership: facts.membership.map(|view| view.members.into_iter().map(NodeEntry::of).collect()),
            leader,
            seen: facts.seen,
            unseen: facts.unseen,
            last_voters: facts.last_voters,
            last_voters_age_milliseconds: facts.last_voters_age_milliseconds,
            pods: facts.pods,
            pvcs: facts.claims,
            leaving: facts.leaving,
            services: facts.services,
            autoscalers: facts.autoscalers,
            config_maps: facts.config_maps,
            owners: facts.owners,
            ever_ready: facts.ever_ready,
            now: facts.now,
        })
    }

    /// The same, so many milliseconds later.
    #[must_use]
    pub fn aged(mut self, milliseconds: u64) -> Self {
        let ages =
            [self.seen.as_mut().map(|seen| &mut seen.age_milliseconds), self.last_voters_age_milliseconds.as_mut()];
        for age in ages.into_iter().flatten() {
            *age = age.saturating_add(milliseconds);
        }
        self
    }

    /// What a reference of the manifest holds; None: unknown.
    pub fn held_by(&self, source: &Source) -> Option<&str> {
        let (name, key) = source.config_map_key()?;
        self.config_maps.get(name)?.get(key).map(String::as_str)
    }
}

fn unreadable(error: serde_json::Error) -> FactsError {
    FactsError(error.to_string())
}

/// `leader` decides; where it is not given, the entries do.
fn view(entries: Vec<NodeEntry>, leader: Option<Option<String>>) -> Result<Membership, FactsError> {
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
