//! What becomes of the quorum when ordinals of a voter set leave or come, and of the data when all do.
//! Says what happens and why; whether that is allowed, and in which words, is a policy's.
//!
//! ```text
//! old object, running pods, view, claims ── Before ── Cluster (voters V, reachable R) ─┬─ Down ── Way ── path_down
//!                                             │     └─ roster      │                    ├─ Up, FromZero, ToZero
//!                                             └──── Absent ────────┘                    ├─ Eviction
//!                                                                                      └─ Holder
//! ```

mod absent;
mod before;
mod cluster;
mod down;
mod eviction;
mod holder;
mod path;
mod roster;
mod up;
mod way;
mod zero;

#[cfg(test)]
mod fixture;

pub use absent::Absent;
pub use before::{Before, Data};
pub use cluster::{Basis, Cluster, Ids, Voter};
pub use down::{Bound, Down, Outcome, Step, departures};
pub use eviction::{Evicted, Eviction};
pub use holder::Holder;
pub use path::{PathStep, path_down};
pub use roster::{Listed, roster};
pub use up::{Denial, Up};
pub use way::{Way, leads_over_two, lowest_safe};
pub use zero::{Claims, FromZero, ToZero, deletes_when_scaled, to_come_back};
