//! What becomes of the quorum when ordinals of a voter set leave or come, and of the data when all do.
//! Says what happens and why; whether that is allowed, and in which words, is a policy's.
//!
//! ```text
//! old object, running pods, view, claims ── CurrentState ── ClusterState (voters V, reachable R) ─┬─ ScaleDown ── NextStep ── path_down
//!                                              ├─ members        │                                ├─ ScaleUp, FromZero, ToZero
//!                                              └─ AbsentPods ────┘                                ├─ Eviction
//!                                                                                                 └─ ClaimOwner
//! ```

mod absent_pods;
mod claim_owner;
mod cluster_state;
mod current_state;
mod eviction;
mod members;
mod next_step;
mod path;
mod scale_down;
mod scale_up;
mod zero;

#[cfg(test)]
mod fixture;

pub use absent_pods::AbsentPods;
pub use claim_owner::ClaimOwner;
pub use cluster_state::{ClusterState, Ids, MembershipSource, Voter};
pub use current_state::{CurrentState, DataLocation};
pub use eviction::{Eviction, EvictionOutcome};
pub use members::{ListedMember, members};
pub use next_step::{NextStep, leads_over_two, lowest_safe};
pub use path::{PathStep, path_down};
pub use scale_down::{ScaleDown, ScaleDownBound, ScaleDownOutcome, StopStep, stop_sequence};
pub use scale_up::{ScaleUp, ScaleUpDenial};
pub use zero::{ClaimedOrdinals, FromZero, ToZero, deletes_when_scaled, to_come_back};
