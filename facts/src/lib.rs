//! What is known beside a request: what stands behind it, and the facts of its rqlite set. The provider that the engine is given.
//! Asks through traits, each with several sources, and holds no rule, no socket and no client.
//!
//! ```text
//! Request ── lookup ── ObjectSource ── Related ──┬── RequestSets ── FactsRequest ── FactSource ── Facts ──┐
//!             (kubernetes)                       └────────────────────────────────────────────────────────┴── prepared ── engine::Prepared
//! ```

mod clock;
mod cluster_verdict;
mod dry_run;
mod facts;
mod facts_request;
mod object;
mod prepared;
mod provider;
mod recorded;
mod sets;

pub use clock::Clock;
pub use cluster_verdict::{ClusterFinding, ClusterReviewer, ClusterVerdict, ReviewerFuture};
pub use dry_run::{DryRun, DryRunAction, Propagation};
pub use facts::{FactSource, FactsFuture, NoFacts};
pub use facts_request::FactsRequest;
pub use quorate_engine::RelatedQuery;

pub use object::{NamedFuture, NoObjects, ObjectSource, RelatedFuture, found, known, named, related};
pub use prepared::{prepared, prepared_from_text};
pub use provider::{
    CURRENT, DEPENDENTS, NOTHING_KNOWN, OBJECT, OLD_OBJECT, PARENT, PROVIDER, PROVIDER_NAME, Rqlite, Sources,
};
pub use recorded::{RecordedFacts, UnusableFacts, now};
pub use sets::{DecodedSet, RequestSets};
