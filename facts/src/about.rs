//! What a review may know beside the request itself, and who finds it out: the facts of one StatefulSet, version 1.
//! Finds out nothing here; without a source only the time is known, and the policies fall back.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use kubernetes::admission::{Phase, Request};
use kubernetes::list::only_item;
use kubernetes::related::Related;
use kubernetes::request::{Dependency, RequestKind};
use rqlite::facts::Facts;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::budget::{BudgetFuture, Labels};

/// The door's clock. An argument, so that a verdict can be replayed at its own time.
pub type Clock = fn() -> OffsetDateTime;

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

pub type FactsFuture<'a> = Pin<Box<dyn Future<Output = Facts> + Send + 'a>>;

/// Finds facts. What does not come in time is unknown.
pub trait FactSource: Send + Sync {
    fn facts<'a>(&'a self, about: &'a AboutSet<'a>) -> FactsFuture<'a>;

    /// The pod of this uid was there, and is no more. False where nobody knows.
    fn has_gone(&self, uid: &str) -> bool;

    /// What the PodDisruptionBudgets leave that select pods of these labels.
    fn budget<'a>(&'a self, namespace: &'a str, labels: &'a Labels) -> BudgetFuture<'a>;
}

/// Knows no cluster: nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFacts;

impl FactSource for NoFacts {
    fn facts<'a>(&'a self, _about: &'a AboutSet<'a>) -> FactsFuture<'a> {
        Box::pin(std::future::ready(Facts::default()))
    }

    fn has_gone(&self, _uid: &str) -> bool {
        false
    }

    fn budget<'a>(&'a self, _namespace: &'a str, _labels: &'a Labels) -> BudgetFuture<'a> {
        Box::pin(std::future::ready(None))
    }
}

impl<'a> AboutSet<'a> {
    /// None: the request is about no set that can be told.
    pub(crate) fn of(
        phase: Phase,
        request: &'a Request<'_>,
        related: &'a Related<String>,
        budget: Duration,
    ) -> Option<Self> {
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

/// `2026-11-22T10:00:00Z`, to the second; None: RFC 3339 cannot write it.
pub(crate) fn now(clock: OffsetDateTime) -> Option<String> {
    clock.truncate_to_second().format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn tells_the_time_to_the_second() {
        assert_eq!(now(datetime!(2026-11-22 10:00:00.123456 UTC)).as_deref(), Some("2026-11-22T10:00:00Z"));
        assert_eq!(now(datetime!(-0044-03-15 12:00 UTC)), None);
    }
}
