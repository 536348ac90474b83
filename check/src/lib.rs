//! The gate for GitOps pipelines, `quorate check`. Two states of a repository become the requests that applying the second over the
//! first would make, and the policies judge them as they would in the cluster.
//! Holds no rule: what is denied, and in which words, is the policies'.
//!
//! ```text
//! tree ─ source ─ object ─┬─ render (kustomize, helm)
//!  files   YAML    who    ├─ gitops (Argo CD, Flux)
//!                         └─ pair ─ change ─ judge (guard) ─ outcome ─ output
//! ```

#![forbid(unsafe_code)]

mod apply;
mod change;
mod config_maps;
pub mod document;
mod drift;
mod exit;
mod git;
mod gitops;
mod given;
mod guard;
mod head;
mod judge;
mod object;
mod options;
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
mod snapshot;
mod source;
pub mod style;
mod tree;
mod walk;

pub use drift::drift;
pub use exit::Exit;
pub use given::{Given, Live, Policies};
pub use judge::{OPEN_COUNT, OPEN_COUNT_PAGE};
pub use options::{DriftOptions, FailOn, Options, OutputFormat, OutputTo, RenderPrograms};
pub use run::run;
pub use snapshot::Snapshot;
