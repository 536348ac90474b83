//! The admission webhook server: HTTPS in front of the engine, for the Kubernetes API server.
//! Holds no rule: what is denied is decided by the policies, and `cli` decides what is served.
//!
//! ```text
//! Server::bind ──> Bound::run
//!    certificate  the one that is served now, kept new from files or by a CA of our own; who may call
//!    listener     TCP, TLS, HTTP/1.1 and HTTP/2, draining        (one per port)
//!     └ routes    /validate /mutate      └ operations   /livez /readyz /metrics
//!        ├ webhook     what all requests share
//!        ├ body        bytes under a limit and a deadline
//!        ├ handler     envelope, what is known beside it, policies, onError
//!        │  └ reservations   what other admissions have taken away
//!        └ admission_review   the AdmissionReview response
//! ```

#![forbid(unsafe_code)]

mod admission_review;
mod body;
mod certificate;
mod config;
mod deadline;
#[cfg(test)]
mod documented_limits;
mod handler;
mod listener;
mod metrics;
mod operations;
mod readiness;
mod request_error;
mod reservations;
mod routes;
mod server;
mod sources;
mod tls;
mod webhook;

pub use certificate::{
    CallerCheck, CallerError, CallerVerifier, CertificateHandle, CertificateSource, FirstCertificateError,
};
pub use config::{ServerConfig, ServerLimits};
pub use listener::{ConnectionMetrics, HttpListener};
pub use readiness::{Readiness, ReadinessCheck};
pub use reservations::Reservations;
pub use server::{Addresses, BoundServer, ServeError, Server};
pub use sources::ReviewSources;
pub use tls::tls_config;
pub use webhook::Webhook;
