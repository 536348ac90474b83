//! The serving certificate while the server runs: who holds it, where a new one comes from, who may call at all.
//! Issues and reads by `certs`; knows no Kubernetes.

mod callers;
mod files;
mod handle;
mod renewer;
mod source;

pub use callers::{CallerCheck, CallerError, CallerVerifier};
pub(crate) use callers::{CallerLabel, caller_refusal};
pub use handle::CertificateHandle;
pub(crate) use handle::ServedCertificateMetrics;
pub(crate) use renewer::CertificateRenewer;
pub use renewer::FirstCertificateError;
pub use source::CertificateSource;
