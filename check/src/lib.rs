//! The gate for GitOps pipelines, `quorate check`. Two states of a repository become the requests that applying the second over the
//! first would make, and the policies evaluate them as they would in the cluster.
//! Holds no rule: what is denied, and in which words, is the policies'.
//!
//! ```text
//! tree ─ source ─ object ─ ways ─ pair ─ comparison ─ evaluate (cluster) ─ gaps ─ result ─ output
//!  files   YAML    who      by whom: Argo CD, Flux; render: kustomize, helm
//! ```

#![forbid(unsafe_code)]

mod about_rqlite;
mod applier;
mod apply;
mod base_file;
mod check_inputs;
mod cluster;
mod comparison;
mod config_maps;
mod evaluate;
mod exit;
mod gaps;
mod git;
mod head;
mod ignore_differences;
pub mod input;
mod keda;
mod left_behind;
mod manifest_change;
mod object;
mod object_id;
mod options;
mod output;
mod pair;
mod paths;
mod placeholder;
mod position;
mod recreation;
mod render;
mod result;
mod revisions;
pub mod rules;
mod run;
mod scan;
mod selection;
mod sides;
mod snapshot;
mod source;
mod source_files;
mod state;
pub mod style;
mod tree;
mod values_line;
mod versions;
mod walk;
mod warnings;
mod way;
mod ways;
mod working_folder;

pub use base_file::{BaseFile, base_file};
pub use check_inputs::{CheckInputs, LiveCluster, MappedValues, PolicySource};
pub use exit::Exit;
pub use ignore_differences::ignore_differences;
pub use options::{FailOn, IgnoreDifferencesOptions, Options, OutputFormat, OutputTo, RenderPrograms};
pub use run::run;
pub use snapshot::Snapshot;
