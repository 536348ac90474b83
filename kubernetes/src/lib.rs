//! The vocabulary of Kubernetes that all of Quorate shares: which request it is, what it is about, what stands behind it, what its
//! objects look like in JSON and what the API server fills in, who asks, and the annotations that Quorate reads. And what every policy
//! would else read in its own way: images, quantities, selectors, where a pod's spec stands, and how a field's place is written.
//! Pure: no IO, no clock, no async, no client. Knows nothing of rqlite.
//!
//! ```text
//! AdmissionReview ── admission::Request ── request::RequestKind, subject
//!                         │ documents        │
//!                         │              lookup::Lookup ── asked of a cluster, of files ──> related::Related
//!                         └── decode ──> manifest::{StatefulSet, Scale, HorizontalPodAutoscaler, …}
//! ```
//!
//! ```
//! use kubernetes::admission::Request;
//! use kubernetes::lookup::Lookup;
//! use kubernetes::manifest::Scale;
//! use kubernetes::request::RequestKind;
//! use kubernetes::subject::subject;
//!
//! let review = br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
//!     "uid": "3f0c", "operation": "UPDATE", "namespace": "db", "name": "rqlite", "subResource": "scale",
//!     "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
//!     "resource": {"group": "apps", "version": "v1", "resource": "statefulsets"},
//!     "userInfo": {"username": "alice"},
//!     "object": {"metadata": {"name": "rqlite"}, "spec": {"replicas": 2}}}}"#;
//! let request = Request::decode(review)?;
//! assert_eq!(RequestKind::of(&request), RequestKind::Scale);
//! assert_eq!(subject(&request), "StatefulSet db/rqlite");
//!
//! let scale: Scale = request.object.as_ref().expect("an update has one").decode()?;
//! assert_eq!(scale.spec.replicas, 2);
//! // What a Scale does not tell is to be looked up.
//! let Some(Lookup::Object { kind, name, .. }) = Lookup::of(&request) else { panic!("a Scale has a set") };
//! assert_eq!((kind.as_str(), name.as_str()), ("StatefulSet", "rqlite"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs, rustdoc::broken_intra_doc_links)]

pub mod admission;
pub mod annotation;
pub mod break_glass;
pub mod collect;
pub mod defaults;
pub mod field_path;
pub mod image;
pub mod list;
pub mod lookup;
pub mod manifest;
pub mod object;
pub mod pod_spec;
pub mod quantity;
pub mod refusal;
pub mod related;
pub mod request;
pub mod selector;
pub mod subject;
pub mod text;
pub mod users;
pub mod verdict;
