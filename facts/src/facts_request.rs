//! Which set a request is about, so that a source can look up its facts.
//! Finds nothing out.

use std::time::Duration;

use kubernetes::admission::{Operation, Phase, Request};
use kubernetes::request::RequestKind;

use crate::sets::{DecodedSet, RequestSets};

/// The StatefulSet that a request is about.
#[derive(Debug, Clone, Copy)]
pub struct FactsRequest<'a> {
    pub namespace: &'a str,
    /// The set as it is, then as it is to be.
    pub states: [Option<&'a DecodedSet>; 2],
    /// It is not there yet.
    pub created: bool,
    /// The pod that is to be evicted.
    pub pod: Option<&'a str>,
    /// How long the membership may be looked for; None where no verdict rests on it, as where is only patched.
    pub membership: Option<Duration>,
}

impl<'a> FactsRequest<'a> {
    /// None: the request is about no set that can be told.
    pub fn of(phase: Phase, request: &'a Request, sets: &'a RequestSets, budget: Duration) -> Option<Self> {
        let namespace = request.namespace.as_deref()?;
        let states = sets.states();
        let kind = RequestKind::of(request);
        let created = kind == RequestKind::StatefulSet && request.operation == Operation::Create;
        let pod = if kind == RequestKind::Eviction { request.name.as_deref() } else { None };
        let membership = (phase == Phase::Validate).then_some(budget);
        states.iter().any(Option::is_some).then_some(Self { namespace, states, created, pod, membership })
    }
}
