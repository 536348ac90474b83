//! The serving certificate while the server runs: who holds it, where a new one comes from, who may call at all.
//! Issues and reads by `certs`; knows no Kubernetes.

mod callers;
mod files;
mod handle;
mod keeper;
mod source;

pub use callers::{CallerCheck, CallerError, CallerVerifier};
pub(crate) use callers::{CallerLabel, caller_refusal};
pub use handle::CertificateHandle;
pub(crate) use handle::CertificateMetrics;
pub use keeper::FirstCertificateError;
pub(crate) use keeper::Keeper;
pub use source::CertificateSource;
