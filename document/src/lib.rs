//! A JSON text, indexed once, and what policies ask of it and change in it. Pure: no IO, no clock, no other crate of ours.
//!
//! ```text
//! text ─ scan ─ Index ─ Document ─ get text integer boolean len keys find json same part decode
//!                          │
//!                Edits ─ overlay ─ text ─ scan ─ Document ┐
//!                          └──────── before ──────────────┴ Patch::between: the smallest RFC 6902 patch
//! ```
//!
//! Nothing is copied out of the text before it is asked for, no tree is built, and numbers stay as they were sent. All
//! that a text, a search or a list of edits may take is bounded by [`Limits`].
//!
//! ```
//! use quorate_document::{Document, Edits, Limits, Pointer};
//!
//! let set = Document::parse(r#"{"metadata": {"name": "rqlite"}, "spec": {"replicas": 3}}"#, &Limits::DEFAULT)?;
//! assert_eq!(set.text(&Pointer::literal("/metadata/name")).as_deref(), Some("rqlite"));
//! assert_eq!(set.integer(&Pointer::literal("/spec/replicas")), Some(3));
//!
//! let mut edits = Edits::new(&Limits::DEFAULT);
//! edits.set("/spec/replicas", "5")?;
//! let edited = edits.apply(&set)?.expect("another number");
//! assert_eq!(edited.document.as_json(), r#"{"metadata": {"name": "rqlite"}, "spec": {"replicas": 5}}"#);
//! assert_eq!(edited.patch.to_string(), r#"[{"op":"replace","path":"/spec/replicas","value":5}]"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs, rustdoc::broken_intra_doc_links)]

mod decimal;
mod decode;
mod document;
mod edits;
mod error;
mod find;
mod fingerprint;
mod limits;
mod node;
mod patch;
mod pointer;
mod same;
mod scan;
mod text;
mod value;

pub use decode::DecodeError;
pub use document::Document;
pub use edits::{EditError, EditFault, Edited, Edits};
pub use error::{DocumentError, DocumentFault};
pub use find::{FindError, Match};
pub use limits::Limits;
pub use patch::{Operation, Patch, PatchError, PatchFault};
pub use pointer::{Pattern, Pointer, PointerError, PointerFault};
pub use value::Value;
