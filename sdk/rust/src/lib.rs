//! Writes Quorate policies in Rust. A policy reads a request that Kubernetes' API server is about to admit, and says what
//! is wrong with it, or edits the object.
//! Knows the contract `quorate:policy@0.2.0`, and no rule.
//!
//! ```text
//! host ── Host ── Request, Document ── Policy::{validate, mutate} ── Verdict, Edits ── Host ── host
//! ```
//!
//! A policy is a type with a few functions. [`export!`] makes a component of it:
//!
//! ```
//! use quorate_policy::prelude::*;
//!
//! struct NoLatestTag;
//!
//! const LATEST: Rule = Rule::new("latest-tag", "an image has the tag latest", Severity::Medium, Judges::Object);
//!
//! impl Policy for NoLatestTag {
//!     type Settings = NoSettings;
//!
//!     fn manifest() -> Manifest {
//!         Manifest::new("no-latest-tag", "0.1.0", "images have a tag that stays")
//!             .rule(LATEST)
//!             .matches(Matches::new("", "v1", "pods", &[Operation::Create]))
//!     }
//! }
//!
//! impl Validate for NoLatestTag {
//!     fn validate(request: &Request<'_>, _: &NoSettings, verdict: &mut Verdict) -> Result<(), NotJudged> {
//!         let Some(object) = request.object() else { return Ok(()) };
//!         for (at, image) in object.find("/spec/containers/*/image") {
//!             if let Value::Text(image) = image
//!                 && image.ends_with(":latest")
//!             {
//!                 let message = format!("image {image} may change under its tag");
//!                 verdict.push(LATEST.deny(message).at(at).defect(image).remedy("use a version, or a digest"));
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! quorate_policy::export!(NoLatestTag: validator);
//! ```
//!
//! Build it as `cdylib` for `wasm32-unknown-unknown`, and encode the module as a component.
//!
//! What a policy does not call is not imported. So [`Request::facts`], [`Request::now`] and [`Request::cluster`] are what
//! the operator must grant, and only a policy that calls them asks for it.
#![deny(missing_docs)]
#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(unused_imports, reason = "only the component, whose calls are static, needs the trait `Host` in scope")
)]

#[cfg(all(target_arch = "wasm32", feature = "arena"))]
mod arena;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
mod cluster;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod component;
mod document;
mod edits;
mod export;
mod finding;
mod host;
mod json_pointer;
mod json_writer;
mod kubernetes;
mod lookup;
mod manifest;
mod matches;
mod not_judged;
mod pointer;
mod policy;
mod request;
mod rule;
mod settings;
#[doc(hidden)]
pub mod shell;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub mod testing;
mod verdict;

pub use cluster::Cluster;
pub use document::{Document, Value};
pub use edits::{Edit, Edits};
pub use finding::{Finding, Level};
pub use host::{DocumentId, FindingId, Host, HostRef, Operation};
pub use kubernetes::{Image, Kubernetes};
pub use lookup::{LookupError, Missing};
pub use manifest::{Manifest, Read, ReadNamespaces, Related};
pub use matches::Matches;
pub use not_judged::NotJudged;
pub use pointer::{escape, pointer};
pub use policy::{Mutate, Policy, Validate};
pub use request::{LogLevel, Request};
pub use rule::{Judges, Rule, Severity};
pub use settings::{NoSettings, SettingsError};
pub use verdict::Verdict;

/// What most policies need.
pub mod prelude {
    pub use crate::{
        Document, Edits, Finding, Judges, Manifest, Matches, Mutate, NoSettings, NotJudged, Operation, Policy, Related,
        Request, Rule, SettingsError, Severity, Validate, Value, Verdict, pointer,
    };
}
