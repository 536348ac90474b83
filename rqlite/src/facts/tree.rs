//! Facts read from a tree that is there already, as [`Facts::parse`] reads their text: for guests, which have no decoder of texts.

use std::collections::BTreeMap;

use kubernetes::manifest::tree::{known, members, required, strict};
use kubernetes::manifest::{FromTree, Mismatch};
use kubernetes::objects_from_tree;
use serde_json::{Map, Value};

use super::{Claim, Facts, FactsError, Leaving, Owner, Pod, Service, ServicePort, VERSION, ViewOrigin, view};
use crate::membership::{Membership, NodeEntry};

/// All that version 1 has.
const KEYS: [&str; 16] = [
    "version",
    "membership",
    "leader",
    "seen",
    "unseen",
    "lastVoters",
    "lastVotersAgeMilliseconds",
    "pods",
    "pvcs",
    "leaving",
    "services",
    "autoscalers",
    "configMaps",
    "owners",
    "everReady",
    "now",
];

impl Facts {
    /// Of the tree of their JSON text; `{"version": 1}` is "nothing known".
    ///
    /// # Errors
    /// As [`Facts::parse`].
    pub fn from_tree(tree: &Value) -> Result<Self, FactsError> {
        let members = members(tree, "facts").map_err(wrong)?;
        match members.get("version") {
            Some(version) if *version == VERSION => {}
            None | Some(Value::Null) => {
                return Err(FactsError(format!("`version` is missing, this build reads {VERSION}")));
            }
            Some(version) => {
                return Err(FactsError(format!("version {version} is not known, this build reads {VERSION}")));
            }
        }
        known(members, &KEYS).map_err(wrong)?;
        let entries: Option<Vec<NodeEntry>> = field(members, "membership")?;
        // Here null says something: no leader.
        let leader = match members.get("leader") {
            None => None,
            Some(leader) => Some(Option::from_tree(leader).map_err(wrong)?),
        };
        let membership = entries.map(|entries| view(entries, leader)).transpose()?;
        let config_maps = config_maps(members)?;
        Ok(Facts {
            membership: membership.and_then(Membership::usable),
            seen: field(members, "seen")?,
            unseen: field(members, "unseen")?,
            last_voters: field(members, "lastVoters")?,
            last_voters_age_milliseconds: field(members, "lastVotersAgeMilliseconds")?,
            pods: field(members, "pods")?,
            claims: field(members, "pvcs")?,
            leaving: field(members, "leaving")?,
            services: field(members, "services")?,
            autoscalers: field(members, "autoscalers")?,
            config_maps,
            owners: field(members, "owners")?,
            ever_ready: field(members, "everReady")?,
            now: field(members, "now")?,
        })
    }
}

fn config_maps(facts: &Map<String, Value>) -> Result<BTreeMap<String, BTreeMap<String, String>>, FactsError> {
    let mut read = BTreeMap::new();
    if let Some(maps) = facts.get("configMaps") {
        for (name, map) in members(maps, "a map").map_err(wrong)? {
            read.insert(name.clone(), BTreeMap::from_tree(map).map_err(wrong)?);
        }
    }
    Ok(read)
}

fn field<T: FromTree + Default>(members: &Map<String, Value>, key: &str) -> Result<T, FactsError> {
    strict(members, key).map_err(wrong)
}

fn wrong(Mismatch { path, problem }: Mismatch) -> FactsError {
    FactsError(if path.is_empty() { problem } else { format!("`{path}`: {problem}") })
}

/// Another key may be a misspelt one.
macro_rules! closed {
    ($($name:ident { $($field:ident: $key:literal $read:ident),* })*) => { $(
        impl FromTree for $name {
            const EXPECTED: &'static str = concat!("struct ", stringify!($name));

            fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
                let members = members(tree, Self::EXPECTED)?;
                known(members, &[$($key),*])?;
                Ok($name { $($field: $read(members, $key)?),* })
            }
        }
    )* };
}

closed! {
    ViewOrigin { age_milliseconds: "ageMilliseconds" required, from: "from" required }
    Pod { name: "name" required, uid: "uid" strict, ready: "ready" strict, running: "running" strict, terminating: "terminating" strict, node_id: "nodeId" strict, remove_on_shutdown: "removeOnShutdown" strict }
    Leaving { name: "name" required, uid: "uid" strict }
    Claim { name: "name" required, bound: "bound" strict, access_modes: "accessModes" strict }
    Service { name: "name" required, headless: "headless" strict, publish_not_ready: "publishNotReady" strict, selector: "selector" strict, ports: "ports" strict }
    ServicePort { name: "name" strict, port: "port" required }
    OwnerObject { kind: "kind" strict, name: "name" strict, uid: "uid" required, unseen: "unseen" strict }
}

struct OwnerObject {
    kind: Option<String>,
    name: Option<String>,
    uid: String,
    unseen: Option<String>,
}

impl FromTree for Owner {
    const EXPECTED: &'static str = "an owner with `kind`, `name` and `uid`, or a uid";

    fn from_tree(tree: &Value) -> Result<Self, Mismatch> {
        if let Some(uid) = tree.as_str() {
            return Ok(Owner { uid: uid.to_owned(), ..Owner::default() });
        }
        members(tree, Self::EXPECTED)?;
        let OwnerObject { kind, name, uid, unseen } = OwnerObject::from_tree(tree)?;
        Ok(Owner { kind, name, uid, unseen })
    }
}

objects_from_tree! {
    NodeEntry { id: "id" strict, addr: "addr" strict, voter: "voter" strict, reachable: "reachable" strict, leader: "leader" strict, version: "version" strict }
}
