//! The admission webhook server: HTTPS in front of the engine, for the Kubernetes API server.
//! Holds no rule: what is denied is decided by the policies, and `cli` decides what is served.
//!
//! ```text
//! Server::bind ──> Bound::run
//!    certificate  the one that is served now, kept new from files or by a CA of our own; who may call
//!    door         TCP, TLS, HTTP/1.1 and HTTP/2, draining        (one door per port)
//!     └ routes    /validate /mutate      └ operations   /livez /readyz /metrics
//!        ├ webhook     what all requests share
//!        ├ body        bytes under a limit and a deadline
//!        ├ judging     envelope, what is known beside it, policies, onError
//!        │  └ reservations   what other admissions have taken away
//!        └ answer      AdmissionReview response
//! ```

#![forbid(unsafe_code)]

mod answer;
mod body;
mod certificate;
mod config;
mod deadline;
#[cfg(test)]
mod documented;
mod door;
mod judging;
mod metrics;
mod operations;
mod readiness;
mod refusal;
mod reservations;
mod routes;
mod server;
mod sources;
mod tls;
mod webhook;

pub use certificate::{
    CallerCheck, CallerError, CallerVerifier, CertificateHandle, CertificateSource, FirstCertificateError,
};
pub use config::{Limits, ServerConfig};
pub use door::{ConnectionMetrics, Door};
pub use readiness::{Gate, Readiness};
pub use reservations::Reservations;
pub use server::{Addresses, Bound, ServeError, Server};
pub use sources::Sources;
pub use tls::tls_config;
pub use webhook::Webhook;
