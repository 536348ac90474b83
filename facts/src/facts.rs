//! Who is asked for the facts of one StatefulSet, version 1 of their format.
//! Finds out nothing here; without a source the policies fall back.

use std::future::Future;
use std::pin::Pin;

use rqlite::facts::Facts;

use crate::facts_request::FactsRequest;

pub type FactsFuture<'a> = Pin<Box<dyn Future<Output = Facts> + Send + 'a>>;

/// Finds facts. What does not come in time is unknown.
pub trait FactSource: Send + Sync {
    fn facts<'a>(&'a self, about: &'a FactsRequest<'a>) -> FactsFuture<'a>;
}

/// Knows no cluster: nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFacts;

impl FactSource for NoFacts {
    fn facts<'a>(&'a self, _about: &'a FactsRequest<'a>) -> FactsFuture<'a> {
        Box::pin(std::future::ready(Facts::default()))
    }
}
