//! Which addresses a node finds under its discovery name, and which Pod's host name is which address.
//!
//! Simplified against real DNS: the answer is a list that is fixed when the process starts, and it names ordinals that have no Pod
//! yet (a dial to those is refused at once); it neither lags nor caches, and asks no Service whether it publishes Pods that are not
//! ready. A node that a test holds down is not in it: it counts as one whose machine is lost, and whose next Pod has no address yet. `dns-srv` is asked as `dns`, since rqlited's own override (`RQLITE_DISCO_DNS_HOSTS`) is for that mode alone. Releases without
//! the override get the list as `-join`, which they bootstrap by in the same way; only where the flags are words of their own.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Pod, PodSpec};
use kube::ResourceExt;

use super::binaries::Version;

/// Ordinals that a set may grow to while its nodes run.
const GROWTH: u32 = 16;

/// The first address of a set's Pods: three digits, so that the addresses sort as the ordinals do, read as text too. A node
/// that bootstraps notifies its peers in that order and stops at the first that is not there.
const FIRST: u32 = 100;

/// The ordinal with the last address of a block.
const GREATEST: u32 = 255 - FIRST;

/// Addresses are `10.244.<block>.<100 + ordinal>`: a block per set, from here on (the agent's other Pods start at 10.244.0.1) …
const VOTERS: u8 = 100;
/// … and from here on for sets of read-only nodes, which sort behind the voters.
const READ_ONLY: u8 = 200;

/// The addresses of sets, given out when one is seen first, and the same ever after.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    blocks: Mutex<HashMap<(String, String), u8>>,
}

impl Addresses {
    /// Of the Pod with this ordinal.
    pub(super) fn of(&self, namespace: &str, set: &str, ordinal: u32, read_only: bool) -> Ipv4Addr {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let first = if read_only { READ_ONLY } else { VOTERS };
        let of_kind = blocks.values().filter(|&&block| (block >= READ_ONLY) == read_only).count();
        let next = u8::try_from(of_kind).ok().and_then(|count| first.checked_add(count)).expect("a free block");
        let block = *blocks.entry((namespace.to_owned(), set.to_owned())).or_insert(next);
        let last = u8::try_from(FIRST + ordinal).expect("an ordinal of 155 at most");
        Ipv4Addr::new(10, 244, block, last)
    }

    /// Of a Pod, by its name: `<set>-<ordinal>`; a Pod without an ordinal is a set of its own.
    pub(super) fn of_pod(&self, pod: &Pod) -> Ipv4Addr {
        let name = pod.name_any();
        let (set, ordinal) = split(&name);
        let read_only = pod.spec.as_ref().is_some_and(is_read_only);
        self.of(&pod.namespace().unwrap_or_default(), set, ordinal, read_only)
    }
}

/// Set and ordinal. What ends in a greater number is another controller's Pod, and a set of its own.
fn split(pod: &str) -> (&str, u32) {
    let split = pod.rsplit_once('-').and_then(|(set, ordinal)| Some((set, ordinal.parse().ok()?)));
    split.filter(|&(_, ordinal)| ordinal <= GREATEST).unwrap_or((pod, 0))
}

/// One Pod that there is, or that may come.
pub(super) struct Peer {
    /// `rqlite-0.rqlite-internal`
    pub(super) host: String,
    pub(super) address: Ipv4Addr,
}

/// The Pods of the set, and of those that are found under the same discovery name.
pub(super) fn of(pod: &Pod, sets: &[StatefulSet], addresses: &Addresses) -> Vec<Peer> {
    let name = pod.name_any();
    let (own, _) = split(&name);
    let discovery = pod.spec.as_ref().and_then(discovery_name);
    let template = |set: &StatefulSet| set.spec.as_ref()?.template.spec.clone();
    let same = |set: &&StatefulSet| {
        let found = template(set).as_ref().and_then(discovery_name);
        set.name_any() == own || (discovery.is_some() && found == discovery)
    };
    let mut sets: Vec<&StatefulSet> = sets.iter().filter(same).collect();
    sets.sort_by_key(|set| template(set).as_ref().is_some_and(is_read_only));
    sets.into_iter().flat_map(|set| of_set(set, addresses)).collect()
}

fn of_set(set: &StatefulSet, addresses: &Addresses) -> Vec<Peer> {
    let Some(spec) = &set.spec else { return Vec::new() };
    let namespace = set.namespace().unwrap_or_default();
    let read_only = spec.template.spec.as_ref().is_some_and(is_read_only);
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or_default().unsigned_abs();
    let count = spec.replicas.unwrap_or(1).unsigned_abs().max(GROWTH);
    let service = spec.service_name.as_deref().unwrap_or_default();
    let peer = |ordinal: u32| Peer {
        host: format!("{}-{ordinal}.{service}", set.name_any()),
        address: addresses.of(&namespace, &set.name_any(), ordinal, read_only),
    };
    (start..start + count).map(peer).collect()
}

/// The first release that is known to take the override; older ones are given `-join` whether they would or not.
const OVERRIDE: Version = Version(8, 36, 11);

/// A command line of this version, with the discovery that it can be given.
pub(super) fn discovered(words: Vec<String>, version: Version, peers: &str) -> Vec<String> {
    if version >= OVERRIDE {
        return words;
    }
    let flag = |word: &str| word.trim_start_matches('-').split('=').next().unwrap_or_default().to_owned();
    let is_dns = |word: &String| word.starts_with('-') && flag(word) == "disco-mode" && word.contains("=dns");
    let is_config = |word: &String| word.starts_with('-') && flag(word) == "disco-config" && word.contains('=');
    let words = words.into_iter().filter(|word| !is_config(word));
    words.map(|word| if is_dns(&word) { format!("-join={peers}") } else { word }).collect()
}

fn words(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let words = spec.containers.iter().flat_map(|container| container.command.iter().chain(&container.args).flatten());
    words.map(String::as_str)
}

fn is_read_only(spec: &PodSpec) -> bool {
    words(spec).any(|word| {
        let flag = word.trim_start_matches('-');
        word.starts_with('-') && (flag == "raft-non-voter" || flag == "raft-non-voter=true")
    })
}

/// `name` of a literal `-disco-config`.
fn discovery_name(spec: &PodSpec) -> Option<String> {
    let read = |word: &str| {
        let open = word.find('{')?;
        let config: serde_json::Value = serde_json::from_str(word.get(open..)?).ok()?;
        config["name"].as_str().map(str::to_owned)
    };
    words(spec).find_map(read)
}
