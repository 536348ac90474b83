//! Which set a request is about, so that somebody can tell its facts.
//! Finds nothing out.

use std::time::Duration;

use kubernetes::admission::{Phase, Request};
use kubernetes::list::only_item;
use kubernetes::related::Related;
use kubernetes::request::{Dependency, RequestKind};
use serde_json::value::RawValue;

/// The StatefulSet that a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AboutSet<'a> {
    pub namespace: &'a str,
    /// JSON texts of the set: as it is, then as it is to be.
    pub objects: [Option<&'a str>; 2],
    /// The pod that is to be evicted.
    pub pod: Option<&'a str>,
    /// How long the membership may be looked for; None where no verdict rests on it, as where is only patched.
    pub membership: Option<Duration>,
}

impl<'a> AboutSet<'a> {
    /// None: the request is about no set that can be told.
    pub fn of(phase: Phase, request: &'a Request<'_>, related: &'a Related<String>, budget: Duration) -> Option<Self> {
        let namespace = request.namespace.as_deref()?;
        let found = || related.found().map(String::as_str);
        let kind = RequestKind::of(request);
        let objects = match kind {
            RequestKind::StatefulSet => [request.old_object, request.object].map(|object| object.map(RawValue::get)),
            // Of all sets that need it: a claim is one set's, so the facts can be too.
            RequestKind::Dependency(Dependency::Claim) => [Some(only_item(found()?)?), None],
            RequestKind::Dependency(Dependency::Service | Dependency::Namespace) => return None,
            RequestKind::Scale | RequestKind::Eviction | RequestKind::Autoscaler | RequestKind::Other => {
                [Some(found()?), None]
            }
        };
        let pod = if kind == RequestKind::Eviction { request.name.as_deref() } else { None };
        Some(Self { namespace, objects, pod, membership: (phase == Phase::Validate).then_some(budget) })
    }
}
