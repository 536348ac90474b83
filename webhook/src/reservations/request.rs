//! Which set a request is about, and which pods it may take away.
//! Not whether it is admitted.

use kubernetes::admission::{Operation, Request};
use kubernetes::lookup::name_of_deleted;
use kubernetes::manifest::{Scale, StatefulSet};
use kubernetes::request::{Dependency, RequestKind};
use quorate_document::{Document, Pointer};
use quorate_facts::{DecodedSet, RequestSets};
use rqlite::facts::{Facts, Leaving};
use rqlite::reduction::Reduction;

use super::RemovedPods;
use quorate_cluster::Labels;
use quorate_cluster::registration::SetName;

static TEMPLATE: Pointer<'static> = Pointer::literal("/spec/template");
static DRY_RUN: Pointer<'static> = Pointer::literal("/deleteOptions/dryRun");

/// A request about an rqlite set.
#[derive(Debug)]
pub(crate) struct ReservationRequest {
    pub(crate) set: SetName,
    change: ReservedChange,
    is_real: bool,
}

#[derive(Debug)]
enum ReservedChange {
    Update { old: DecodedSet, new: DecodedSet, template: bool },
    Scale { parent: DecodedSet, from: i32, to: i32 },
    Creation(DecodedSet),
    Eviction { set: DecodedSet, pod: String },
    Claim { set: DecodedSet, claim: String },
}

impl ReservationRequest {
    /// None: it is about no set that runs rqlite, or about several.
    pub(crate) fn of(request: &Request, sets: &RequestSets) -> Option<Self> {
        let behind = || sets.parent.clone();
        let change = match RequestKind::of(request) {
            RequestKind::StatefulSet => ReservedChange::of_set(request, sets)?,
            RequestKind::Scale => {
                let (from, to) = (replicas(&request.old_object)?, replicas(&request.object)?);
                ReservedChange::Scale { parent: behind()?, from, to }
            }
            RequestKind::Eviction => ReservedChange::Eviction { set: behind()?, pod: request.name.clone()? },
            RequestKind::Dependency(Dependency::Claim) if request.operation == Operation::Delete => {
                ReservedChange::Claim { set: behind()?, claim: name_of_deleted(request)?.into_owned() }
            }
            RequestKind::Dependency(_) | RequestKind::Autoscaler | RequestKind::Other => return None,
        };
        let runs = |set: &Option<DecodedSet>| set.as_ref().is_some_and(|set| set.rqlite.is_some());
        [&sets.old, &sets.new, &sets.parent].into_iter().any(runs).then_some(())?;
        let name = change.set().metadata.name.clone()?;
        let set = SetName { namespace: request.namespace.clone()?, name };
        let rehearsed = change.is_eviction() && is_dry_run(request);
        Some(Self { set, change, is_real: !(request.dry_run || rehearsed) })
    }

    /// What is gone once it is admitted; no pods of a dry run.
    pub(crate) fn removed_pods(&self, facts: &Facts) -> RemovedPods {
        let pods = if self.is_real {
            self.change.reduction().pods(self.change.current().rqlite.as_deref(), facts)
        } else {
            Vec::new()
        };
        let ready = |pod: &Leaving| facts.pods.iter().flatten().any(|known| pod.is(known) && known.ready == Some(true));
        // A budget may let go of a pod that is not ready whatever it allows (`unhealthyPodEvictionPolicy`).
        let asks_budget = self.change.is_eviction() && pods.iter().all(ready);
        RemovedPods { pods, asks_budget }
    }

    /// Labels of its pods.
    pub(crate) fn labels(&self) -> &Labels {
        &self.change.set().spec.template.metadata.labels
    }
}

impl ReservedChange {
    fn of_set(request: &Request, sets: &RequestSets) -> Option<Self> {
        match request.operation {
            Operation::Create => Some(Self::Creation(sets.new.clone()?)),
            Operation::Update => {
                let template = !request.old_object.as_ref()?.same(&TEMPLATE, request.object.as_ref()?);
                Some(Self::Update { old: sets.old.clone()?, new: sets.new.clone()?, template })
            }
            Operation::Delete | Operation::Connect => None,
        }
    }

    fn reduction(&self) -> Reduction<'_> {
        match self {
            Self::Update { old, new, template } => {
                Reduction::Update { old: &old.set, new: &new.set, template: *template }
            }
            Self::Scale { parent, from, to } => Reduction::Scale { parent: &parent.set, from: *from, to: *to },
            Self::Creation(new) => Reduction::Recreation { new: &new.set },
            Self::Eviction { set, pod } => Reduction::Eviction { set: &set.set, pod },
            Self::Claim { set, claim } => Reduction::Claim { set: &set.set, claim },
        }
    }

    /// The set as it runs before the request; of a creation the one that is created.
    fn current(&self) -> &DecodedSet {
        match self {
            Self::Update { old: set, .. }
            | Self::Scale { parent: set, .. }
            | Self::Creation(set)
            | Self::Eviction { set, .. }
            | Self::Claim { set, .. } => set,
        }
    }

    /// The set as it is to be.
    fn set(&self) -> &StatefulSet {
        match self {
            Self::Update { new, .. } => &new.set,
            Self::Scale { .. } | Self::Creation(_) | Self::Eviction { .. } | Self::Claim { .. } => &self.current().set,
        }
    }

    fn is_eviction(&self) -> bool {
        matches!(self, Self::Eviction { .. })
    }
}

fn replicas(scale: &Option<Document>) -> Option<i32> {
    scale.as_ref()?.decode::<Scale>().ok().map(|scale| scale.spec.replicas)
}

/// An Eviction's own `deleteOptions.dryRun`, which `kubectl drain --dry-run=server` sends alone.
fn is_dry_run(request: &Request) -> bool {
    let stages = request.object.as_ref().and_then(|eviction| eviction.part(&DRY_RUN));
    stages.and_then(|stages| stages.decode::<Vec<String>>().ok()).is_some_and(|stages| !stages.is_empty())
}
