//! Who is asked for what stands behind a request.
//! Fetches nothing itself; a source does: from the cluster, from given manifests, from a state of a repository, from a case.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;

use futures_util::future::join_all;
use kubernetes::admission::Request;
use kubernetes::lookup::Lookup;
use kubernetes::object::indexed;
use kubernetes::related::{Reason, Related};
use quorate_document::Document;
use quorate_engine::RelatedQuery;
use tracing::warn;

/// A whole object; of several, their list.
pub type RelatedFuture<'a> = Pin<Box<dyn Future<Output = Related<Document>> + Send + 'a>>;

/// The objects that a policy asks for by name.
pub type NamedFuture<'a> = Pin<Box<dyn Future<Output = Related<Vec<Document>>> + Send + 'a>>;

/// Finds objects. An answer that does not come in time counts as [`Reason::Late`].
pub trait ObjectSource: Send + Sync {
    fn get<'a>(&'a self, of: &'a Lookup) -> RelatedFuture<'a>;

    /// What a policy asks for by name. A source that has none of it does not know.
    fn named<'a>(&'a self, _query: &'a RelatedQuery, _request: &'a Request) -> NamedFuture<'a> {
        Box::pin(std::future::ready(Related::Unknown(Reason::NotGiven)))
    }
}

/// What stands behind a request, by this source.
pub async fn related(objects: &dyn ObjectSource, request: &Request) -> Related<Document> {
    match Lookup::of(request) {
        Some(of) => objects.get(&of).await,
        None => Related::Unknown(Reason::NothingBehind),
    }
}

/// What the policies ask for by name beside the request, by this source.
pub async fn named(
    objects: &dyn ObjectSource,
    queries: BTreeSet<RelatedQuery>,
    request: &Request,
) -> HashMap<RelatedQuery, Related<Vec<Document>>> {
    let ask = |query: RelatedQuery| async move {
        let found = objects.named(&query, request).await;
        (query, found)
    };
    join_all(queries.into_iter().map(ask)).await.into_iter().collect()
}

/// An object or a list that was found, by its JSON text.
pub fn found(json: &str) -> Related<Document> {
    indexed(json).map_or_else(
        |error| {
            warn!(%error, "what stands behind a request cannot be read");
            Related::Unknown(Reason::Failed(error.to_string()))
        },
        Related::Found,
    )
}

/// The answer of a source that has not to wait for it.
pub fn known<'a>(related: Related<Document>) -> RelatedFuture<'a> {
    Box::pin(std::future::ready(related))
}

/// Knows no cluster: nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObjects;

impl ObjectSource for NoObjects {
    fn get<'a>(&'a self, _of: &'a Lookup) -> RelatedFuture<'a> {
        known(Related::Unknown(Reason::NotGiven))
    }
}
