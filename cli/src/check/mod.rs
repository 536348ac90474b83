//! `quorate check`: the gate for GitOps pipelines. Two states of a repository become the requests that applying the second over the
//! first would make, and the policies judge them as they would in the cluster.
//! Holds no rule: what is denied, and in which words, is the policies'.
//!
//! ```text
//! tree ─ source ─ object ─┬─ render (kustomize, helm)
//!  files   YAML    who    ├─ gitops (Argo CD, Flux)
//!                         └─ pair ─ defaults ─ change ─ judge (guard) ─ outcome ─ output
//! ```

mod apply;
pub(crate) mod args;
mod change;
mod config_maps;
mod drift;
mod git;
mod gitops;
mod guard;
mod head;
mod judge;
pub(crate) mod live;
mod object;
mod outcome;
mod output;
mod pair;
mod place;
mod prepare;
mod profile;
mod render;
mod run;
mod scan;
mod sides;
pub(crate) mod snapshot;
mod source;
mod tree;
mod walk;

pub(crate) use drift::drift;
pub(crate) use judge::{OPEN_COUNT, OPEN_COUNT_PAGE};
pub(crate) use run::run;
