//! The guest side of the policy contract (`policies/wit`): decode a review, let the rules evaluate it, encode the verdict.
//! Holds no rule and no rqlite arithmetic; a policy written on it is a thin shell around its rules.
//!
//! ```text
//! host ── bindings ── review::Review ── Policy::{mutate, validate} ── finding::Finding ── bindings ── host
//! ```

pub mod bindings;
mod export;
pub mod finding;
pub mod injection;
mod json_path;
pub mod policy;
pub mod review;
pub mod settings;

pub use bindings::quorate::policy::types::{
    Description, Documents, Envelope, Level, Operation, ParentState, Phase, SettingsError, Verdict,
};
pub use finding::{Finding, Rule};
pub use policy::{Policy, PolicyResult};
pub use review::{Review, SetDocument, ShapeError, Subject};
