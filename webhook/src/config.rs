//! What a server is told: addresses, certificate, bounds, and how it stops.
//! Reads no file; `cli` fills it from the configuration.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use quorate_certs::rotation::Lifetimes;

use crate::certificate::{CallerCheck, CertificateSource};

#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// HTTPS: `/validate` and `/mutate`.
    pub listen: SocketAddr,
    /// Plain HTTP: `/livez`, `/readyz` and `/metrics`.
    pub metrics_listen: SocketAddr,
    pub certificate: CertificateSource,
    /// Absent: everybody may call.
    pub callers: Option<CallerCheck>,
    /// Bytes of one request body.
    pub body_limit: usize,
    /// After the signal to stop: unready, but still answering, so that endpoints can forget this pod.
    pub grace: Duration,
    /// After `grace`: what is under way may end; then it is cut.
    pub drain: Duration,
    pub limits: ServerLimits,
}

/// Bounds on what clients may take.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections of one port. For a further one the longest idle goes; where none is, it waits.
    pub connections: usize,
    /// Requests under way; further ones are turned away with 503.
    pub in_flight: usize,
    /// Bytes of one request's head.
    pub head_bytes: u32,
    /// From the TCP connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// From the beginning of a connection, its handshake apart, to the end of its first request's head; over HTTP/1 also from the first
    /// to the last byte of a later head.
    pub head: Duration,
    /// From the first to the last byte of a request, its deadline apart.
    pub receive: Duration,
    /// Without a new request, a connection that carried one is closed.
    pub idle: Duration,
}

impl Default for ServerConfig {
    /// Loopback, with a certificate of its own.
    fn default() -> Self {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            listen: loopback(8443),
            metrics_listen: loopback(8080),
            certificate: CertificateSource::Own {
                names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
                life: Lifetimes::default().leaf,
            },
            callers: None,
            // kube-apiserver takes objects up to 3 MiB; an update carries two, and the options.
            body_limit: 8 << 20,
            grace: Duration::from_secs(3),
            // The longest `timeoutSeconds` of a webhook is 30 s, the default 10 s.
            drain: Duration::from_secs(10),
            limits: ServerLimits::default(),
        }
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            // A few per API server, and room for probes, scrapers and strays.
            connections: 512,
            // kube-apiserver's default for mutating requests in flight (`--max-mutating-requests-inflight`).
            in_flight: 200,
            head_bytes: 16 << 10,
            handshake: Duration::from_secs(5),
            // Who connects has something to ask; over the slowest of networks it is there within a few round trips.
            head: Duration::from_secs(5),
            receive: Duration::from_secs(10),
            // Longer than any review (30 s), shorter than what makes idle connections pile up.
            idle: Duration::from_secs(120),
        }
    }
}
