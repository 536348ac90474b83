//! The objects that facts tell of, one by one: pods, claims, owners, Services. A key that is absent is unknown.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// One pod of the set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pod {
    /// `<set>-<ordinal>`.
    pub name: String,
    /// Another uid under its name is another pod; None: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Its Ready condition; None: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Its rqlite container runs, whether ready or not; None: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// It is being deleted; false: not known to be.
    #[serde(default)]
    pub terminating: bool,
    /// The Raft node id that it runs with; None: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// It leaves the cluster when it is stopped, by its own spec (`running::RunningNode::removes_itself`); None: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_on_shutdown: Option<bool>,
}

/// A pod that another admission has let go already. Another uid under its name is another pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// `<set>-<ordinal>`.
    pub name: String,
    /// None: whichever pod bears the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

impl Leaving {
    /// Whether it is this pod.
    pub fn is(&self, pod: &Pod) -> bool {
        let same = |(left, right): (&String, &String)| left == right;
        self.name == pod.name && self.uid.as_ref().zip(pod.uid.as_ref()).is_none_or(same)
    }
}

/// One PersistentVolumeClaim of the set's templates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// `<template>-<set>-<ordinal>`.
    pub name: String,
    /// Its phase is Bound, or its spec names what will fill it (`volumeName`, `dataSource`, `dataSourceRef`). False: it may hold data
    /// or not.
    #[serde(default)]
    pub bound: bool,
    /// None: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_modes: Option<Vec<String>>,
}

/// An owner that exists and is not being deleted, or of which that is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// None: only its uid is known, as in files of before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// None: unknown, as the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As the set's owner reference has it.
    pub uid: String,
    /// Why it is not known whether it exists, in a few words. None: it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Object {
            kind: Option<String>,
            name: Option<String>,
            uid: String,
            unseen: Option<String>,
        }
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Owner;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an owner with `kind`, `name` and `uid`, or a uid")
            }

            fn visit_str<E>(self, uid: &str) -> Result<Owner, E> {
                Ok(Owner { uid: uid.to_owned(), ..Owner::default() })
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Owner, A::Error> {
                let Object { kind, name, uid, unseen } =
                    Object::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Owner { kind, name, uid, unseen })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A Service that selects the set's pods, governs it, or is looked up by its discovery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// In the set's namespace.
    pub name: String,
    /// None: unknown, as are those below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headless: Option<bool>,
    /// `publishNotReadyAddresses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_not_ready: Option<bool>,
    /// Labels of the pods that it selects; empty: it selects none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<BTreeMap<String, String>>,
    /// Those that it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<ServicePort>>,
}

/// A port of a Service; one alone needs no name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePort {
    /// None: it has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its number.
    pub port: i64,
}
