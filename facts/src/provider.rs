//! The provider of rqlite's facts: asked once for each request, within the time that there is.
//! Whom it asks is given.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kubernetes::admission::{Phase, Request};
use kubernetes::related::{Reason, Related};
use quorate_document::Document;
use quorate_engine::{Prepared, Provider, RelatedQuery};
use rqlite::facts::Facts;
use tokio::time::timeout;
use tracing::debug;

use crate::facts::{FactSource, NoFacts};
use crate::facts_request::FactsRequest;
use crate::object::{NoObjects, ObjectSource, named, related};
use crate::prepared::refreshed;
use crate::sets::RequestSets;

/// What a configuration grants.
pub const PROVIDER_NAME: &str = "rqlite";

/// Membership, pods, claims and the rest of `docs/facts.md`.
pub const CURRENT: &str = "rqlite/current";

/// The StatefulSet under review as it is to be, recognised.
pub const OBJECT: &str = "rqlite/launch/object";

/// As it was.
pub const OLD_OBJECT: &str = "rqlite/launch/old-object";

/// The StatefulSet behind a request that does not carry it.
pub const PARENT: &str = "rqlite/launch/parent";

/// The rqlite sets that need what is deleted.
pub const DEPENDENTS: &str = "rqlite/dependents";

/// [`CURRENT`] of which nothing is known.
pub const NOTHING_KNOWN: &str = r#"{"version": 1}"#;

/// For the engine.
pub static PROVIDER: Rqlite = Rqlite;

/// What the engine knows of rqlite's facts: their names.
#[derive(Debug, Clone, Copy)]
pub struct Rqlite;

impl Provider for Rqlite {
    fn name(&self) -> &'static str {
        PROVIDER_NAME
    }

    fn facts(&self) -> &'static [&'static str] {
        &[CURRENT, OBJECT, OLD_OBJECT, PARENT, DEPENDENTS]
    }

    fn derived(&self) -> &'static [&'static str] {
        &[OBJECT, OLD_OBJECT, PARENT, DEPENDENTS]
    }

    fn refresh(&self, request: &Request, prepared: &Prepared) -> Prepared {
        refreshed(request, prepared)
    }
}

/// Who is asked. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    pub objects: Arc<dyn ObjectSource>,
    pub facts: Arc<dyn FactSource>,
}

impl Default for Sources {
    /// There is no cluster: everything is unknown.
    fn default() -> Self {
        Self { objects: Arc::new(NoObjects), facts: Arc::new(NoFacts) }
    }
}

impl Sources {
    /// What stands behind the request. May take half of the time, so that the policies can still evaluate without it.
    pub async fn related(&self, request: &Request, budget: Duration) -> Related<Document> {
        let found = timeout(budget / 2, related(self.objects.as_ref(), request)).await;
        let related = found.unwrap_or(Related::Unknown(Reason::Late));
        if let Related::Unknown(reason) = &related {
            debug!(uid = request.uid, %reason, "what stands behind the request is not known");
        }
        related
    }

    /// What the policies ask for by name beside the request. May take half of the time too; then none of it is known.
    pub async fn named(
        &self,
        queries: BTreeSet<RelatedQuery>,
        request: &Request,
        budget: Duration,
    ) -> HashMap<RelatedQuery, Related<Vec<Document>>> {
        if queries.is_empty() {
            return HashMap::new();
        }
        let late = || queries.iter().map(|query| (query.clone(), Related::Unknown(Reason::Late))).collect();
        let found = timeout(budget / 2, named(self.objects.as_ref(), queries.clone(), request)).await;
        found.unwrap_or_else(|_| late())
    }

    /// The facts of the set that it is about. May take half of the time too; what is not known by then stays so.
    pub async fn facts(&self, phase: Phase, request: &Request, sets: &RequestSets, budget: Duration) -> Facts {
        let Some(about) = FactsRequest::of(phase, request, sets, budget / 3) else { return Facts::default() };
        timeout(budget / 2, self.facts.facts(&about)).await.unwrap_or_else(|_| {
            debug!(uid = request.uid, "facts not found in time");
            Facts::default()
        })
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}
