//! By whom an object comes into a cluster: its way, the chain of leading objects (Application, Kustomization, HelmRelease) from the topmost one
//! down. What becomes of an object that its way no longer gives follows from the links of that way alone.
//! Knows no rule, and no kind that a policy looks at.

mod applied;
mod argo;
mod candidates;
mod fate;
mod flux;
mod follow;
mod glob;
mod gone;
mod lead;
mod removal;
mod states;
mod taken;
mod topmost;
mod unchanged;
mod unknown;
mod values;
mod words;

pub(super) use fate::{Fate, of_unknown_applier};
pub(super) use follow::{FollowOptions, FollowedSide, SideToFollow, follow_both};
pub(super) use removal::fate;
pub(super) use topmost::MovedTops;
pub(super) use words::{Forcing, forces_replacement, is_left_alone};
