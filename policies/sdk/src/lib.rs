//! What the policies about rqlite share: a review read once, and how a launch is edited. They stand on `sdk/rust`.
//! Holds no rule and no rqlite arithmetic; a policy written on it is a thin shell around its rules.
//!
//! ```text
//! host ── quorate_policy::Request ── review::Review ── Policy::{mutate, validate} ── Finding, patch ── host
//! ```

mod at_path;
pub mod injection;
pub mod policy;
pub mod review;

pub use at_path::AtPath;
pub use policy::{Policy, PolicyResult};
#[doc(hidden)]
pub use quorate_policy;
pub use quorate_policy::{Finding, Judges, Level, Operation, Rule, SettingsError, Severity, pointer};
pub use review::{Envelope, Review, SetDocument, ShapeError, Subject};
