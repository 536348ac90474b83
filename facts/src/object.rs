//! Who is asked for what stands behind a request.
//! Fetches nothing itself; a source does: from the cluster, from given manifests, from a state of a repository, from a case.

use std::future::Future;
use std::pin::Pin;

use kubernetes::admission::Request;
use kubernetes::lookup::Lookup;
use kubernetes::related::{Reason, Related};

/// JSON text of a whole object; of several, of their list.
pub type RelatedFuture<'a> = Pin<Box<dyn Future<Output = Related<String>> + Send + 'a>>;

/// Finds objects. An answer that does not come in time counts as [`Reason::Late`].
pub trait ObjectSource: Send + Sync {
    fn get<'a>(&'a self, of: &'a Lookup) -> RelatedFuture<'a>;
}

/// What stands behind a request, by this source.
pub async fn related(objects: &dyn ObjectSource, request: &Request<'_>) -> Related<String> {
    match Lookup::of(request) {
        Some(of) => objects.get(&of).await,
        None => Related::Unknown(Reason::NothingBehind),
    }
}

/// The answer of a source that has not to wait for it.
pub fn known<'a>(related: Related<String>) -> RelatedFuture<'a> {
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
