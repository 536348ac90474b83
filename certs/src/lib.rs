//! Certificates of the webhook: issue them, read them, decide when and how they are replaced.
//! Opens no socket, reads no clock (time is an argument) and knows nothing of Kubernetes.
//!
//! ```text
//! Authority::issue(window) ── leaf(names, window) ──PEM──> ServingCertificate::from_pem ──> rustls
//!      │ anchor                                                  │ window, names, issuer
//!      ▼                                                         ▼
//! bundle(..) ──> caBundle                       Window::is_due(now), Window::state(now)
//!
//! rotation::next(now, observed, plan) ──> Step: write the Secret, publish the bundle, wait, or refuse
//! ```

#![forbid(unsafe_code)]

mod anchor;
mod authority;
pub mod rotation;
mod serving;
mod subject;
mod window;

pub use anchor::{Anchor, AuthorityId, bundle};
pub use authority::{Authority, IssueError, Issued};
pub use serving::{CertificateError, Pem, ServingCertificate};
pub use subject::names_of;
pub use window::{State, Window};
