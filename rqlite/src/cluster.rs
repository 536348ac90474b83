//! A StatefulSet that runs rqlite, read once: which container, which release, how launched, in which role.
//! Not what runs at the moment (`facts`, `membership`).

#[cfg(test)]
mod launches;
#[cfg(feature = "recognition")]
mod recognition;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::bootstrap::Expect;
use crate::discovery::Discovery;
use crate::image::{Repository, repository};
use crate::launch::Launch;
use crate::role::Role;
use crate::shutdown::Shutdown;
use crate::storage::Storage;
use crate::value::{Source, Value};
use crate::version::ImageVersion;
use kubernetes::manifest::{Container, ContainerPlace, StatefulSet};

/// The flag whose address is a node's id where neither `-node-id` nor `-raft-adv-addr` is given.
const BOUND: &str = "raft-addr";

/// One rqlite container of the pod template: of `containers`, or a native sidecar.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// In the pod template.
    pub place: ContainerPlace,
    /// As the manifest has it.
    pub container: Arc<Container>,
    /// What its image tells of the release.
    pub version: ImageVersion,
    /// How it starts rqlited. Shared by containers that start the same way.
    pub launch: Arc<Launch>,
    /// Whether it votes.
    pub role: Role,
    /// How it finds the others.
    pub discovery: Discovery,
    /// `-bootstrap-expect`, None if not given to rqlited.
    pub expect: Option<Expect>,
    /// What it does when its pod is stopped.
    pub shutdown: Shutdown,
    /// Where its data directory lies.
    pub storage: Storage,
}

/// A StatefulSet of rqlite nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct RqliteSet {
    /// Never empty. Nothing is injected where there is more than one.
    pub nodes: Vec<Node>,
    /// Absent in the manifest is 1; a negative count is 0.
    pub replicas: u32,
    /// `.spec.ordinals.start`; absent is 0.
    pub first_ordinal: u32,
}

impl RqliteSet {
    /// The only rqlite container; None where there are several (then nothing is injected).
    pub fn sole_node(&self) -> Option<&Node> {
        match self.nodes.as_slice() {
            [node] => Some(node),
            _ => None,
        }
    }

    /// Voters if any of its containers is.
    pub fn role(&self) -> Role {
        if self.nodes.iter().all(|node| node.role == Role::ReadOnly) { Role::ReadOnly } else { Role::Voter }
    }

    /// Removes itself from the cluster at shutdown: only if all its containers do; unreadable is no.
    pub fn removes_itself(&self) -> bool {
        self.nodes.iter().all(|node| node.shutdown.removes_itself())
    }

    /// May remove itself at shutdown: the flag of some container is not known to be off, whether it is certain to work or not.
    pub(crate) fn may_remove_itself(&self) -> bool {
        self.nodes.iter().any(|node| node.shutdown.may_remove)
    }

    /// Its ordinals: `first_ordinal ..` `first_ordinal + replicas`.
    pub fn ordinals(&self) -> std::ops::Range<u32> {
        self.first_ordinal..self.first_ordinal.saturating_add(self.replicas)
    }

    /// The Raft node id of the pod with that name, as the manifest tells it (`-node-id`, NODE_ID, host name).
    /// With several containers, of the first.
    pub fn node_id(&self, pod: &str) -> Value<String> {
        match self.nodes.first() {
            Some(node) => node.id_of(pod),
            None => Value::Known(pod.to_owned()),
        }
    }
}

impl Node {
    /// The node as it starts with another launch of the same container.
    #[must_use]
    pub fn relaunched(&self, launch: Arc<Launch>, container: Arc<Container>, set: &StatefulSet) -> Self {
        let line = launch.line.as_ref();
        Node {
            place: self.place,
            version: self.version,
            role: Role::of(line),
            discovery: Discovery::of(line),
            expect: Expect::of(&launch),
            shutdown: self.shutdown.relaunched(&launch, &set.spec.template.spec),
            storage: Storage::of(&launch, &container, set),
            container,
            launch,
        }
    }

    /// Kubernetes path of the flag where its author gave it, else of the container.
    pub fn path(&self, flag: &str) -> String {
        self.place.path(self.launch.line.as_ref().and_then(|line| line.place(flag)))
    }

    /// Its image is rqlite's own: what the entrypoint does, and what lies in it, is known.
    pub fn official_image(&self) -> bool {
        repository(&self.container) == Repository::Official
    }

    /// Deferred where the manifest does not tell it, and where it tells one for all pods that nobody gave: the bind address, which
    /// is rqlited's last resort, names none of them.
    fn id_of(&self, pod: &str) -> Value<String> {
        let unknown = || Value::Deferred(Source::Script(self.launch.script.as_deref().unwrap_or_default().into()));
        let Some(line) = &self.launch.line else { return unknown() };
        let is_given = |value: &Value<String>| value.known().is_none_or(|text| !text.is_empty());
        let tells = |name: &&str| {
            line.text(name).is_some_and(|value| is_given(&value) && (*name != BOUND || value.known().is_none()))
        };
        let Some(name) = ["node-id", "raft-adv-addr", BOUND].into_iter().find(tells) else {
            let hidden = line.hidden_flags().find_map(|flag| source(flag.value()?));
            let bound = || Source::Composed { text: format!("-{BOUND}"), parts: vec![] };
            return Value::Deferred(hidden.unwrap_or_else(bound));
        };
        let hidden = line.hidden_flags().filter(|_| line.may_be_overridden(name));
        match hidden.last().and_then(|flag| source(flag.value()?)) {
            Some(source) => Value::Deferred(source),
            None => line.text(name).map_or_else(unknown, |id| of_pod(id, pod)),
        }
    }
}

fn source(value: &Value<String>) -> Option<Source> {
    match value {
        Value::Deferred(source) => Some(source.clone()),
        Value::Known(_) | Value::Malformed(_) => None,
    }
}

/// Puts the pod's name where the manifest refers to it.
fn of_pod(value: Value<String>, pod: &str) -> Value<String> {
    match &value {
        Value::Deferred(source) if is_pod_name(source) => Value::Known(pod.to_owned()),
        Value::Deferred(Source::Composed { text, parts }) if !parts.is_empty() && parts.iter().all(is_pod_name) => {
            let mut pieces = text.split("$(");
            let literal = pieces.next().unwrap_or_default().to_owned();
            // Behind each reference stands the text after its parenthesis.
            let named = pieces.map(|piece| piece.split_once(')').map_or("", |(_, after)| after));
            Value::Known(named.fold(literal, |id, after| id + pod + after))
        }
        Value::Known(_) | Value::Deferred(_) | Value::Malformed(_) => value,
    }
}

fn is_pod_name(source: &Source) -> bool {
    matches!(source, Source::Field(path) if path == "metadata.name" || path == "metadata.labels['statefulset.kubernetes.io/pod-name']")
}
