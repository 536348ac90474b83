//! Which set a request is about, and which pods it may take away.
//! Not whether it is admitted.

use kubernetes::admission::{Operation, Request};
use kubernetes::list::only_item;
use kubernetes::lookup::name_of_deleted;
use kubernetes::manifest::{Scale, StatefulSet};
use kubernetes::related::Related;
use kubernetes::request::{Dependency, RequestKind};
use rqlite::cluster::RqliteSet;
use rqlite::facts::{Facts, Leaving};
use rqlite::reduction::Reduction;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Taken;
use quorate_cluster::Labels;
use quorate_cluster::registration::SetName;

/// A request about an rqlite set.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) set: SetName,
    change: Change,
    is_real: bool,
}

#[derive(Debug)]
enum Change {
    Update { old: Box<StatefulSet>, new: StatefulSet, template: bool },
    Scale { parent: StatefulSet, from: i32, to: i32 },
    Creation(StatefulSet),
    Eviction { set: StatefulSet, pod: String },
    Claim { set: StatefulSet, claim: String },
}

impl Candidate {
    /// None: it is about no set that runs rqlite, or about several.
    pub(crate) fn of(request: &Request<'_>, related: &Related<String>) -> Option<Self> {
        let parent = related.found().map(String::as_str);
        let change = match RequestKind::of(request) {
            RequestKind::StatefulSet => Change::of_set(request)?,
            RequestKind::Scale => {
                let (from, to) = (replicas(request.old_object)?, replicas(request.object)?);
                Change::Scale { parent: read(parent?)?, from, to }
            }
            RequestKind::Eviction => Change::Eviction { set: read(parent?)?, pod: request.name.as_deref()?.to_owned() },
            RequestKind::Dependency(Dependency::Claim) if request.operation == Operation::Delete => {
                Change::Claim { set: read(only_item(parent?)?)?, claim: name_of_deleted(request)?.into_owned() }
            }
            RequestKind::Dependency(_) | RequestKind::Autoscaler | RequestKind::Other => return None,
        };
        change.concerns_rqlite().then_some(())?;
        let name = change.set().metadata.name.clone()?;
        let set = SetName { namespace: request.namespace.as_deref()?.to_owned(), name };
        let rehearsed = change.is_eviction() && is_rehearsal(request.object);
        Some(Self { set, change, is_real: !(request.dry_run || rehearsed) })
    }

    /// What is gone once it is admitted; no pods of a dry run.
    pub(crate) fn taken(&self, facts: &Facts) -> Taken {
        let pods = if self.is_real { self.change.reduction().pods(facts) } else { Vec::new() };
        let ready = |pod: &Leaving| facts.pods.iter().flatten().any(|known| pod.is(known) && known.ready == Some(true));
        // A budget may let go of a pod that is not ready whatever it allows (`unhealthyPodEvictionPolicy`).
        let asks_budget = self.change.is_eviction() && pods.iter().all(ready);
        Taken { pods, asks_budget }
    }

    /// Labels of its pods.
    pub(crate) fn labels(&self) -> &Labels {
        &self.change.set().spec.template.metadata.labels
    }
}

impl Change {
    fn of_set(request: &Request<'_>) -> Option<Self> {
        let object = |object: Option<&RawValue>| read::<StatefulSet>(object?.get());
        match request.operation {
            Operation::Create => Some(Self::Creation(object(request.object)?)),
            Operation::Update => Some(Self::Update {
                old: Box::new(object(request.old_object)?),
                new: object(request.object)?,
                template: template(request.old_object) != template(request.object),
            }),
            Operation::Delete | Operation::Connect => None,
        }
    }

    fn reduction(&self) -> Reduction<'_> {
        match self {
            Self::Update { old, new, template } => Reduction::Update { old, new, template: *template },
            Self::Scale { parent, from, to } => Reduction::Scale { parent, from: *from, to: *to },
            Self::Creation(new) => Reduction::Recreation { new },
            Self::Eviction { set, pod } => Reduction::Eviction { set, pod },
            Self::Claim { set, claim } => Reduction::Claim { set, claim },
        }
    }

    fn concerns_rqlite(&self) -> bool {
        let runs = |set: &StatefulSet| RqliteSet::recognise(set).is_some();
        match self {
            Self::Update { old, new, .. } => runs(old) || runs(new),
            Self::Scale { parent: set, .. }
            | Self::Creation(set)
            | Self::Eviction { set, .. }
            | Self::Claim { set, .. } => runs(set),
        }
    }

    fn set(&self) -> &StatefulSet {
        match self {
            Self::Update { new: set, .. }
            | Self::Scale { parent: set, .. }
            | Self::Creation(set)
            | Self::Eviction { set, .. }
            | Self::Claim { set, .. } => set,
        }
    }

    fn is_eviction(&self) -> bool {
        matches!(self, Self::Eviction { .. })
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}

fn replicas(scale: Option<&RawValue>) -> Option<i32> {
    read::<Scale>(scale?.get()).map(|scale| scale.spec.replicas)
}

/// The text of the pod template: the API server writes both objects alike.
fn template(set: Option<&RawValue>) -> Option<&str> {
    #[derive(Deserialize)]
    struct Set<'a> {
        #[serde(borrow)]
        spec: Spec<'a>,
    }
    #[derive(Deserialize)]
    struct Spec<'a> {
        #[serde(borrow)]
        template: &'a RawValue,
    }
    serde_json::from_str(set?.get()).ok().map(|set: Set| set.spec.template.get())
}

/// An Eviction's own `deleteOptions.dryRun`, which `kubectl drain --dry-run=server` sends alone.
fn is_rehearsal(eviction: Option<&RawValue>) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Eviction {
        delete_options: Option<DeleteOptions>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct DeleteOptions {
        #[serde(default)]
        dry_run: Vec<String>,
    }
    let options = eviction.and_then(|eviction| read::<Eviction>(eviction.get())).and_then(|it| it.delete_options);
    options.is_some_and(|options| !options.dry_run.is_empty())
}
