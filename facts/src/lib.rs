//! What is known beside a request: what stands behind it, and the facts of its rqlite set. The provider that the engine is given.
//! Asks through traits, each with several sources, and holds no rule, no socket and no client.
//!
//! ```text
//! Request ── lookup ── ObjectSource ── Related ──┬── RequestSets ── AboutSet ── FactSource ── Facts ──┐
//!             (kubernetes)                       └────────────────────────────────────────────────────┴── prepared ── engine::Prepared
//! ```

mod about;
mod clock;
mod facts;
mod guard;
mod object;
mod prepared;
mod provider;
mod recorded;
mod sets;
mod trial;

pub use about::AboutSet;
pub use clock::Clock;
pub use facts::{FactSource, FactsFuture, NoFacts};
pub use guard::{Answer, Guard, Guardian, Heard};
pub use object::{NoObjects, ObjectSource, RelatedFuture, found, known, related};
pub use prepared::{prepared, prepared_from_text};
pub use provider::{INTERFACE, NOTHING_KNOWN, PROVIDER, Rqlite, Sources};
pub use recorded::{Recorded, UnusableFacts, now};
pub use sets::{ReadSet, RequestSets};
pub use trial::{Act, Propagation, Trial};
