//! What a policy and a host agree on: the WIT package, the manifest that a policy gives of itself, and how its settings are checked.
//! Pure: no IO, no async, no clock. Runs no policy, and does not know what an operator grants.
//!
//! ```text
//! guest's manifest ── Manifest::parse ──> Manifest ── matching(envelope) ──> Match
//!                                            │ settings (a JSON Schema)
//! operator's settings ───────────── Settings::new ──> Settings ── in_namespace ──> JSON text for the guest's configure
//! ```
//!
//! ```
//! use quorate_contract::{Manifest, Operation, Settings};
//! use serde_json::json;
//!
//! let manifest = Manifest::parse(r#"{
//!     "manifest": 1, "name": "required-labels", "version": "0.1.0", "summary": "every workload has its labels",
//!     "rules": [{"id": "label-missing", "summary": "a label is missing", "severity": "medium", "judges": "object"}],
//!     "matches": [{"groups": ["apps"], "versions": ["v1"], "resources": ["deployments"], "operations": ["CREATE"]}],
//!     "settings": {"type": "object", "properties": {"label": {"type": "string"}}}}"#)?;
//! assert!(manifest.matching("apps", "v1", "deployments", None, Operation::Create).is_some());
//! assert!(manifest.matching("apps", "v1", "deployments", Some("scale"), Operation::Create).is_none());
//!
//! let given = json!({"label": "team", "namespaces": {"db": {"label": "owner"}}});
//! let settings = Settings::new(&manifest.settings, &given).expect("they fit the schema");
//! assert_eq!(settings.in_namespace(Some("db")), r#"{"label":"owner"}"#);
//! assert_eq!(settings.in_namespace(Some("web")), r#"{"label":"team"}"#);
//! # Ok::<(), quorate_contract::ManifestError>(())
//! ```

#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![forbid(unsafe_code)]

mod manifest;
mod match_rule;
mod parse;
mod problem;
mod settings;
mod text;

pub use manifest::{Judges, Manifest, Namespaces, Read, Related, Relation, Rule, Severity};
pub use match_rule::{Condition, Match, Operation};
pub use parse::MAX_MANIFEST_BYTES;
pub use problem::{ManifestError, ManifestProblem};
pub use settings::{Settings, SettingsProblem, check};

/// The contract that this host speaks.
pub const CONTRACT: &str = "0.2";
/// The version of the manifest that this host reads.
pub const MANIFEST: u32 = 1;
/// The text of the WIT package `quorate:policy`.
pub const WIT: &str = include_str!("../policy.wit");
/// The JSON Schema of the manifest. What it cannot say, [`Manifest::parse`] checks too.
pub const MANIFEST_SCHEMA: &str = include_str!("../manifest.schema.json");
