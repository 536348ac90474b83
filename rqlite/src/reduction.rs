//! The pods that a request takes away once it is admitted, so that no other admission counts on them.
//! Not whether it may be admitted.

use std::collections::BTreeSet;

use crate::change::{self, OrdinalChange, Ordinals};
use crate::cluster::RqliteSet;
use crate::facts::{Facts, Leaving};
use crate::rollout;
use crate::scaling::{CurrentState, DataLocation};
use kubernetes::manifest::StatefulSet;

/// A request by which pods of a set may go, or lose their data.
#[derive(Debug, Clone, Copy)]
pub enum Reduction<'a> {
    /// A change of the set itself.
    Update {
        /// The set as it is stored.
        old: &'a StatefulSet,
        /// The set as it is to be.
        new: &'a StatefulSet,
        /// The pod template is another: a rollout begins.
        template: bool,
    },
    /// A change of `statefulsets/scale`.
    Scale {
        /// The set that is scaled.
        parent: &'a StatefulSet,
        /// Replicas before.
        from: i32,
        /// Replicas after.
        to: i32,
    },
    /// A creation: over pods of an earlier set of that name it is one of these.
    Recreation {
        /// The set as it is to be.
        new: &'a StatefulSet,
    },
    /// The eviction of a pod.
    Eviction {
        /// The set that made it.
        set: &'a StatefulSet,
        /// The pod's name.
        pod: &'a str,
    },
    /// The deletion of a claim.
    Claim {
        /// The set that has it.
        set: &'a StatefulSet,
        /// The claim's name.
        claim: &'a str,
    },
}

impl Reduction<'_> {
    /// Pods of voters that leave, less those that are known to be terminating already. `rqlite` is what is read of the set as it runs
    /// before the request, or of the one that is created; None: it does not run rqlite.
    pub fn pods(&self, rqlite: Option<&RqliteSet>, facts: &Facts) -> Vec<Leaving> {
        let set = self.set();
        let leaving = self.ordinals(facts);
        if leaving.is_empty() || !rqlite.is_some_and(|rqlite| self.votes(rqlite, facts)) {
            return Vec::new();
        }
        /// More than this many voters are no cluster, and a manifest may ask for two billion.
        const MOST: usize = 256;
        let known = facts.pods.as_deref().unwrap_or_default();
        let ordinal = |name: &str| change::ordinal(set, name).filter(|ordinal| leaving.contains(*ordinal));
        let there = known.iter().filter(|pod| !pod.terminating && ordinal(&pod.name).is_some());
        let there = there.map(|pod| Leaving { name: pod.name.clone(), uid: pod.uid.clone() });
        // What is known of pods is a moment old: one may have come since.
        let unknown = leaving.without(&known.iter().filter_map(|pod| ordinal(&pod.name)).collect());
        let unknown: Vec<u32> = unknown.iter().take(MOST).collect();
        there
            .chain(unknown.into_iter().map(|ordinal| Leaving { name: change::pod_name(set, ordinal), uid: None }))
            .collect()
    }

    /// The set as it runs before the request.
    fn set(&self) -> &StatefulSet {
        match self {
            Self::Update { old, .. } => old,
            Self::Scale { parent, .. } => parent,
            Self::Recreation { new } => new,
            Self::Eviction { set, .. } | Self::Claim { set, .. } => set,
        }
    }

    fn ordinals(&self, facts: &Facts) -> Ordinals {
        let one = |ordinal: Option<u32>| ordinal.map_or_else(Ordinals::default, |ordinal| Ordinals::first(ordinal, 1));
        match self {
            Self::Update { old, new, template } => {
                let change = OrdinalChange::of_sets(old, new);
                let leaving = change.leaving();
                if *template { leaving.with(&first_replaced(new).within(&change.old)) } else { leaving }
            }
            Self::Scale { parent, from, to } => OrdinalChange::of_scale(parent, *from, *to).leaving(),
            Self::Recreation { new } => {
                OrdinalChange::of_recreation(new, facts).map_or_else(Ordinals::default, |change| change.leaving())
            }
            Self::Eviction { set, pod } => one(change::ordinal(set, pod)),
            Self::Claim { set, claim } => {
                let templates: BTreeSet<&str> = change::template_names(set).collect();
                one(templates.into_iter().find_map(|template| change::claim_ordinal(set, template, claim)))
            }
        }
    }

    fn votes(&self, rqlite: &RqliteSet, facts: &Facts) -> bool {
        let set = self.set();
        let recreated_as = match self {
            Self::Recreation { .. } => Some(rqlite.role()),
            Self::Update { .. } | Self::Scale { .. } | Self::Eviction { .. } | Self::Claim { .. } => None,
        };
        let read = recreated_as.is_none().then_some(rqlite);
        let running = match self {
            Self::Recreation { .. } => change::pod_ordinals(set, facts).unwrap_or_default(),
            Self::Update { .. } | Self::Scale { .. } | Self::Eviction { .. } | Self::Claim { .. } => {
                change::ordinals(set)
            }
        };
        CurrentState::new(set, read, running, DataLocation::of(set, rqlite), facts).votes(recreated_as)
    }
}

/// The pods that the controller stops first: the highest, as many as it stops at once.
fn first_replaced(set: &StatefulSet) -> Ordinals {
    let own = change::ordinals(set);
    let (count, partition) = (own.count(), rollout::partition(set));
    if !set.spec.is_rolling() || count <= partition {
        return Ordinals::default();
    }
    let at_once = rollout::max_unavailable(set, count).map_or(1, |asked| asked.pods.max(1));
    let at_once = u32::try_from(at_once).unwrap_or(u32::MAX).min(count - partition);
    let after = own.highest().map_or(0, |highest| highest.saturating_add(1));
    Ordinals::first(after.saturating_sub(at_once), at_once)
}

#[cfg(test)]
mod tests;
