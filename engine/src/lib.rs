//! The wasm host: loads policy components, runs them under limits, merges their verdicts.
//! Knows the contract in `policies/wit` and Kubernetes' requests; knows no database, no HTTP and no exit codes.
//!
//! ```text
//! a request ───────────────────────────┐                  ┌─ projection: the texts, indexed once, and slices of them
//! beside it ────────── Prepared ────────┼─ PolicySet ─ per policy ─ machine: one call in a fresh instance
//! modules ── Machine::load ── Policy ──┘        │         └─ answer, patch: what came back, checked
//!                                               └─ defects, modes, break-glass ── Review
//! ```

#![deny(unsafe_code)]

mod answer;
mod binding;
mod break_glass;
mod cage;
mod compiled;
mod description;
mod failure;
mod judgement;
mod load;
mod machine;
mod patch;
mod policy;
mod projection;
mod provider;
mod set;
mod verdict;
mod wit;

pub use binding::{Binding, Mode, OnError, PolicyLimits};
pub use break_glass::BreakGlass;
pub use compiled::{CompiledModules, FolderError};
pub use description::{Condition, Description, MatchRule, Projections, RuleInfo};
pub use failure::PolicyFailure;
pub use load::{LoadError, SettingsProblem};
pub use machine::{Allocation, Machine, MachineError, MachineLimits};
pub use policy::{Policy, RawLevel, RawVerdict};
pub use provider::{Prepared, Provider};
pub use set::PolicySet;
pub use verdict::{Finding, Review};
