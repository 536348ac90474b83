//! The wasm host: loads policy components, runs them under limits, merges their verdicts.
//! Knows the contract (`contract/policy.wit`) and Kubernetes' requests; knows no database, no HTTP and no exit codes.
//!
//! ```text
//! a request, indexed once ──────────────┐                  ┌─ host: what a guest may ask and say in one call
//! beside it ────────── Prepared ────────┼─ PolicySet ─ per policy ─ runtime: configure, then mutate or validate, in a fresh instance
//! modules ─ WasmRuntime::load ─ Policy ─┘       │         └─ answer, patch: what came back, as it is shown and applied
//!                                               └─ defects, modes, break-glass ── Review
//! ```

#![deny(missing_docs, unsafe_code)]

mod answer;
mod binding;
mod break_glass;
mod calls;
mod compiled;
mod evaluation;
mod failure;
mod guest_state;
pub mod host;
mod inspection;
mod load;
mod module;
mod patch;
mod policy;
mod provider;
mod related;
mod runtime;
mod sections;
mod selection;
mod set;
mod verdict;
mod wit;

pub use binding::{Binding, Grants, Mode, OnError, PolicyLimits};
pub use break_glass::BreakGlass;
pub use compiled::{CompiledModules, FolderError};
pub use failure::PolicyFailure;
pub use inspection::{Inspection, SectionError, with_manifest};
pub use load::{Description, LoadError, Ungranted};
pub use policy::{GuestVerdict, Policy};
pub use provider::{Prepared, Provider};
pub use related::RelatedQuery;
pub use runtime::{Allocation, RuntimeError, RuntimeLimits, WasmRuntime};
pub use selection::Selection;
pub use set::PolicySet;
pub use verdict::{Finding, Review};
