//! The gate for GitOps pipelines, `quorate check`. Two states of a repository become the requests that applying the second over the
//! first would make, and the policies evaluate them as they would in the cluster.
//! Holds no rule: what is denied, and in which words, is the policies'.
//!
//! ```text
//! tree ─ source ─ object ─┬─ render (kustomize, helm)
//!  files   YAML    who    ├─ gitops (Argo CD, Flux)
//!                         └─ pair ─ manifest_change ─ evaluate (cluster) ─ result ─ output
//! ```

#![forbid(unsafe_code)]

mod applier;
mod apply;
mod check_inputs;
mod cluster;
mod config_maps;
mod evaluate;
mod exit;
mod git;
mod gitops;
mod head;
mod ignore_differences;
pub mod input;
mod manifest_change;
mod object;
mod options;
mod output;
mod pair;
mod placeholder;
mod position;
mod prepare;
mod render;
mod result;
mod run;
mod scan;
mod selection;
mod sides;
mod snapshot;
mod source;
pub mod style;
mod tree;
mod walk;
mod working_folder;

pub use check_inputs::{CheckInputs, LiveCluster, PolicySource};
pub use evaluate::{REPLICAS_NOT_KNOWN, REPLICAS_NOT_KNOWN_PAGE};
pub use exit::Exit;
pub use ignore_differences::ignore_differences;
pub use options::{FailOn, IgnoreDifferencesOptions, Options, OutputFormat, OutputTo, RenderPrograms};
pub use run::run;
pub use snapshot::Snapshot;
