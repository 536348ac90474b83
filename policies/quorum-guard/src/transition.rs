//! A set between two specs, as all rules about scaling read it: which ordinals leave and come, who votes, through which request.
//! Reads; evaluates nothing.

use std::sync::Arc;

use kubernetes::manifest::StatefulSet;
use quorate_sdk::SetDocument;
use rqlite::change::{self, OrdinalChange};
use rqlite::cluster::RqliteSet;
use rqlite::facts::Facts;
use rqlite::role::Role;
use rqlite::scaling::{CurrentState, DataLocation};

/// Which request changes the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransitionRequest {
    Update,
    /// `statefulsets/scale`.
    Scale,
    /// A creation over pods or claims of an earlier set.
    Recreation,
}

/// A set that runs rqlite, between two specs.
#[derive(Debug)]
pub(crate) struct Transition<'a> {
    pub via: TransitionRequest,
    pub change: OrdinalChange,
    /// The spec that will be in force: the new object's, or the parent's.
    pub next: &'a StatefulSet,
    /// How the pods that come will run; None where it is no longer rqlite's.
    pub next_rqlite: Option<Arc<RqliteSet>>,
    old: Option<&'a StatefulSet>,
    old_rqlite: Option<Arc<RqliteSet>>,
    facts: &'a Facts,
}

impl<'a> Transition<'a> {
    /// None: neither object is rqlite's.
    pub(crate) fn update(old: &'a SetDocument, new: &'a SetDocument, facts: &'a Facts) -> Option<Self> {
        let (old_rqlite, next_rqlite) = (old.rqlite().cloned(), new.rqlite().cloned());
        let (old, new) = (&*old.set, &*new.set);
        let guarded = old_rqlite.is_some() || next_rqlite.is_some();
        let change = OrdinalChange::of_sets(old, new);
        guarded.then_some(Transition {
            via: TransitionRequest::Update,
            change,
            next: new,
            next_rqlite,
            old: Some(old),
            old_rqlite,
            facts,
        })
    }

    /// None: the parent is not rqlite's.
    pub(crate) fn scale(parent: &'a SetDocument, from: i32, to: i32, facts: &'a Facts) -> Option<Self> {
        let rqlite = parent.rqlite()?;
        let parent = &*parent.set;
        Some(Transition {
            via: TransitionRequest::Scale,
            change: OrdinalChange::of_scale(parent, from, to),
            next: parent,
            next_rqlite: Some(Arc::clone(rqlite)),
            old: Some(parent),
            old_rqlite: Some(Arc::clone(rqlite)),
            facts,
        })
    }

    /// None: not rqlite's, or nothing of an earlier set is known.
    pub(crate) fn recreation(new: &'a StatefulSet, rqlite: &Arc<RqliteSet>, facts: &'a Facts) -> Option<Self> {
        let change = OrdinalChange::of_recreation(new, facts)?;
        let next_rqlite = Some(Arc::clone(rqlite));
        Some(Transition {
            via: TransitionRequest::Recreation,
            change,
            next: new,
            next_rqlite,
            old: None,
            old_rqlite: None,
            facts,
        })
    }

    /// The set as it runs before the request.
    pub(crate) fn current_state(&self) -> CurrentState<'_> {
        let set = self.old.unwrap_or(self.next);
        // Where the data lies is the old object's word too; only one that cannot be read borrows the new reading.
        let reading = self.old_rqlite.as_ref().or(self.next_rqlite.as_ref());
        let data = reading.map_or(DataLocation::WithPod, |rqlite| DataLocation::of(set, rqlite));
        CurrentState::new(set, self.old_rqlite.as_deref(), self.change.old.clone(), data, self.facts)
    }

    /// Its nodes count for the quorum.
    pub(crate) fn votes(&self, current: &CurrentState) -> bool {
        let recreated_as = match self.via {
            TransitionRequest::Recreation => self.next_rqlite.as_deref().map(RqliteSet::role),
            TransitionRequest::Update | TransitionRequest::Scale => None,
        };
        current.votes(recreated_as)
    }

    /// Its nodes remove themselves when they stop. At a re-creation the object says so: what ran before had the flag injected as it has.
    /// Whether a rollout was finished does not matter here, as it is no comfort that they do.
    pub(crate) fn removed_themselves(&self) -> bool {
        let reading = match self.via {
            TransitionRequest::Recreation => self.next_rqlite.as_deref(),
            TransitionRequest::Update | TransitionRequest::Scale => self.old_rqlite.as_deref(),
        };
        reading.is_some_and(RqliteSet::removes_itself)
    }

    /// At a re-creation the manifest does not say what ran: the flag may have been injected into more voters than it asks for.
    pub(crate) fn may_have_removed_themselves(&self) -> bool {
        let unsaid = |rqlite: &Arc<RqliteSet>| rqlite.nodes.iter().all(|node| node.shutdown.remove.is_none());
        self.via == TransitionRequest::Recreation && self.next_rqlite.as_ref().is_some_and(unsaid)
    }

    /// The old object, or the parent.
    pub(crate) fn old(&self) -> Option<&'a StatefulSet> {
        self.old
    }

    pub(crate) fn old_rqlite(&self) -> Option<&RqliteSet> {
        self.old_rqlite.as_deref()
    }

    pub(crate) fn facts(&self) -> &'a Facts {
        self.facts
    }

    /// The role that the new object has on its own.
    pub(crate) fn is_read_only(rqlite: &RqliteSet) -> bool {
        rqlite.role() == Role::ReadOnly
    }

    /// `rqlite-3`, or `rqlite-3 to rqlite-5` of a run of ordinals.
    pub(crate) fn pod(&self, ordinal: u32) -> String {
        change::pod_name(self.next, ordinal)
    }
}
