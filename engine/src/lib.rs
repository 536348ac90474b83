//! The wasm host: loads policy components, runs them under limits, merges their verdicts.
//! Knows the contract in `policies/wit` and Kubernetes' requests; knows no database, no HTTP and no exit codes.
//!
//! ```text
//! a request ───────────────────────────┐                  ┌─ projection: the texts, indexed once, and slices of them
//! beside it ────────── Prepared ────────┼─ PolicySet ─ per policy ─ runtime: one call in a fresh instance
//! modules ─ WasmRuntime::load ─ Policy ─┘       │         └─ guest_answer, patch: what came back, checked
//!                                               └─ defects, modes, break-glass ── Review
//! ```

#![deny(unsafe_code)]

mod binding;
mod break_glass;
mod compiled;
mod description;
mod evaluation;
mod failure;
mod guest_answer;
mod guest_state;
mod load;
mod patch;
mod policy;
mod projection;
mod provider;
mod runtime;
mod set;
mod verdict;
mod wit;

pub use binding::{Binding, Mode, OnError, PolicyLimits};
pub use break_glass::BreakGlass;
pub use compiled::{CompiledModules, FolderError};
pub use description::{Condition, Description, MatchRule, Projections, RuleInfo};
pub use failure::PolicyFailure;
pub use load::{LoadError, SettingsProblem};
pub use policy::{Policy, RawLevel, RawVerdict};
pub use provider::{Prepared, Provider};
pub use runtime::{Allocation, RuntimeError, RuntimeLimits, WasmRuntime};
pub use set::PolicySet;
pub use verdict::{Finding, Review};
