//! Before and after, whichever request asks: a StatefulSet's update, a Scale with its parent, or a creation over what is still there.
//! Knows which ordinals leave and which come, not what that does to the cluster.

#[cfg(test)]
mod tests;

mod ordinals;

pub use ordinals::Ordinals;

use crate::facts::Facts;
use kubernetes::manifest::StatefulSet;

/// What a change does to a set's ordinals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeDirection {
    /// The same ordinals.
    Steady,
    /// Some leave, none comes.
    Down,
    /// Some come, none leaves.
    Up,
    /// Some leave and others come: `.spec.ordinals.start` moved.
    Move,
}

/// The ordinals of a set before and after a request.
///
/// ```
/// use rqlite::change::{ChangeDirection, OrdinalChange};
///
/// let parent = serde_json::from_str(r#"{"metadata": {"name": "db"}, "spec": {"replicas": 5}}"#)?;
/// let change = OrdinalChange::of_scale(&parent, 5, 3);
/// assert_eq!(change.direction(), ChangeDirection::Down);
/// assert_eq!(change.leaving().to_string(), "3-4");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdinalChange {
    /// Before: those that the set asked for, or at a re-creation the pods that are left.
    pub old: Ordinals,
    /// After: those that it asks for now.
    pub new: Ordinals,
}

impl OrdinalChange {
    /// An update of the set itself; an absent count is 1.
    pub fn of_sets(old: &StatefulSet, new: &StatefulSet) -> Self {
        OrdinalChange { old: ordinals(old), new: ordinals(new) }
    }

    /// `statefulsets/scale`: both counts are the Scale's, only where the ordinals start is the parent's.
    pub fn of_scale(parent: &StatefulSet, from: i32, to: i32) -> Self {
        let first = first_ordinal(parent);
        OrdinalChange { old: Ordinals::first(first, count(from)), new: Ordinals::first(first, count(to)) }
    }

    /// A creation over pods or claims of a set of that name: the controller adopts the pods and deletes those beyond the new count
    /// (measured on kube-controller-manager 1.36.3). The pods' ordinals are what was before; over claims alone nothing runs, and the set
    /// starts from zero. None: nothing is left of an earlier set, or nothing is known.
    pub fn of_recreation(new: &StatefulSet, facts: &Facts) -> Option<Self> {
        let old = pod_ordinals(new, facts).unwrap_or_default();
        let left = !old.is_empty() || claim_ordinals(new, facts).is_some_and(|claims| !claims.is_empty());
        left.then(|| OrdinalChange { old, new: ordinals(new) })
    }

    /// Ordinals whose pods stop.
    pub fn leaving(&self) -> Ordinals {
        self.old.without(&self.new)
    }

    /// Ordinals whose pods start, over a claim of an earlier time or over nothing.
    pub fn coming(&self) -> Ordinals {
        self.new.without(&self.old)
    }

    /// Which way the ordinals go.
    pub fn direction(&self) -> ChangeDirection {
        match (self.leaving().is_empty(), self.coming().is_empty()) {
            (true, true) => ChangeDirection::Steady,
            (false, true) => ChangeDirection::Down,
            (true, false) => ChangeDirection::Up,
            (false, false) => ChangeDirection::Move,
        }
    }
}

/// A negative count, which the API server refuses, is none.
fn count(replicas: i32) -> u32 {
    u32::try_from(replicas).unwrap_or(0)
}

/// `.spec.ordinals.start`; absent is 0.
pub fn first_ordinal(set: &StatefulSet) -> u32 {
    set.spec.ordinals.as_ref().map_or(0, |ordinals| count(ordinals.start))
}

/// The ordinals of a set as its spec has them; an absent count is 1.
pub fn ordinals(set: &StatefulSet) -> Ordinals {
    Ordinals::first(first_ordinal(set), set.spec.count())
}

/// The name of the set.
pub fn name(set: &StatefulSet) -> &str {
    set.metadata.name.as_deref().unwrap_or_default()
}

/// `rqlite-2`.
pub fn pod_name(set: &StatefulSet, ordinal: u32) -> String {
    format!("{}-{ordinal}", name(set))
}

/// The ordinal of a pod of that set, by the pod's name; None: not of that set.
pub fn ordinal(set: &StatefulSet, pod: &str) -> Option<u32> {
    parse_ordinal(behind(name(set), pod)?)
}

/// Whether a name looks like that of a pod of the set with this name: also where the number is none that the controller writes.
pub fn looks_like_pod_of(set: &str, name: &str) -> bool {
    behind(set, name).is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn behind<'n>(set: &str, name: &'n str) -> Option<&'n str> {
    name.strip_prefix(set)?.strip_prefix('-')
}

/// The ordinal of the set's pod that an address names, as far as the address goes: `rqlite-0`, `rqlite-0.SERVICE.NAMESPACE.svc:4002`.
/// A pod of that name behind another Service or in another namespace is none; an empty namespace is any.
pub fn ordinal_of_address(set: &StatefulSet, namespace: &str, address: &str) -> Option<u32> {
    let address = address.split_once("://").map_or(address, |(_, address)| address).trim();
    let mut labels = address.split([':', '/']).next()?.split('.').filter(|label| !label.is_empty());
    let pod = labels.next()?;
    let service = set.spec.service_name.as_deref().unwrap_or_default();
    let own = [service, namespace];
    let elsewhere = own.iter().zip(labels).any(|(own, label)| !own.is_empty() && *own != label);
    ordinal(set, pod).filter(|_| !elsewhere)
}

/// An ordinal as the controller writes it.
pub(crate) fn parse_ordinal(digits: &str) -> Option<u32> {
    // The controller writes no leading zero or sign, which `parse` would take.
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    canonical.then(|| digits.parse().ok())?
}

/// The ordinals of the set's pods, None if the pods are not known.
pub fn pod_ordinals(set: &StatefulSet, facts: &Facts) -> Option<Ordinals> {
    let pods = facts.pods.as_ref()?;
    Some(pods.iter().filter_map(|pod| ordinal(set, &pod.name)).collect())
}

/// The ordinals that have a claim of any of the set's templates, None if the claims are not known.
pub fn claim_ordinals(set: &StatefulSet, facts: &Facts) -> Option<Ordinals> {
    let templates: Vec<&str> = template_names(set).collect();
    let claims = facts.claims.as_ref()?.iter();
    Some(
        claims
            .filter_map(|claim| templates.iter().find_map(|template| claim_ordinal(set, template, &claim.name)))
            .collect(),
    )
}

/// The names of the set's claim templates.
pub fn template_names(set: &StatefulSet) -> impl Iterator<Item = &str> {
    set.spec.volume_claim_templates.iter().filter_map(|template| template.metadata.name.as_deref())
}

/// The ordinal that a claim of that template belongs to: `<template>-<set>-<ordinal>`.
pub fn claim_ordinal(set: &StatefulSet, template: &str, claim: &str) -> Option<u32> {
    ordinal(set, claim.strip_prefix(template)?.strip_prefix('-')?)
}
