//! Certificates of the webhook: issue them, read them, decide when and how they are replaced.
//! Opens no socket, reads no clock (time is an argument) and knows nothing of Kubernetes.
//!
//! ```text
//! Authority::issue(validity) ── leaf(names, validity) ──PEM──> ServingCertificate::from_pem ──> rustls
//!      │ anchor                                                      │ validity, names, issuer
//!      ▼                                                             ▼
//! bundle(..) ──> caBundle                           Validity::is_due(now), Validity::state(now)
//!
//! rotation::next(now, observed, plan) ──> RotationStep: write the Secret, publish the bundle, wait, or refuse
//! ```
//!
//! ```
//! use quorate_certs::{Authority, ServingCertificate, Validity, bundle};
//! use time::macros::datetime;
//! use time::{Duration, OffsetDateTime};
//!
//! const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
//! let authority = Authority::issue(Validity::starting(NOW, Duration::days(365)))?;
//! let names = ["quorate.quorate-system.svc".to_owned()];
//! let leaf = ServingCertificate::from_issued(&authority.leaf(&names, Validity::starting(NOW, Duration::days(90)))?)?;
//! assert_eq!((leaf.names(), leaf.issuer()), (names.as_slice(), Some(authority.anchor().id())));
//! assert!(!leaf.validity().is_due(NOW) && leaf.validity().is_due(NOW + Duration::days(60)));
//!
//! let ca_bundle = bundle([authority.anchor()]);
//! assert!(ca_bundle.starts_with("-----BEGIN CERTIFICATE-----"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![forbid(unsafe_code)]

mod anchor;
mod authority;
pub mod rotation;
mod serving;
mod subject;
mod validity;

pub use anchor::{Anchor, AuthorityId, bundle};
pub use authority::{Authority, IssueError, Issued};
pub use serving::{CertificateError, Pem, ServingCertificate};
pub use subject::names_of;
pub use validity::{Validity, ValidityState};
