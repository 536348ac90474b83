//! Certificates of the webhook: issue one, read one, decide when it is due for renewal.
//! Opens no socket, reads no clock (time is an argument) and knows nothing of Kubernetes.
//!
//! ```text
//! issue::issue(names, window) --PEM--> ServingCertificate::from_pem --> rustls
//! files ------------------------------> ServingCertificate::read ----^
//!                                               | window
//!                                               v
//!                                       Window::is_due(now), Window::state(now)
//! ```

#![forbid(unsafe_code)]

mod issue;
mod serving;
mod window;

pub use issue::{IssueError, Issued, issue};
pub use serving::{CertificateError, Pem, ServingCertificate};
pub use window::{State, Window};
