//! What all requests share: policies, sources, clock, counters, bounds.
//! Answers nothing by itself.

use std::sync::Arc;
use std::time::Duration;

use quorate_engine::PolicySet;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::certificate::{CertificateHandle, CertificateSource};
use crate::config::ServerConfig;
use crate::metrics::Metrics;
use crate::sources::ReviewSources;
use quorate_facts::Clock;

/// What all requests share. Cheap to clone.
#[derive(Clone)]
pub struct Webhook {
    shared: Arc<WebhookState>,
}

struct WebhookState {
    policies: Arc<PolicySet>,
    sources: ReviewSources,
    clock: Clock,
    metrics: Arc<Metrics>,
    certificate: CertificateHandle,
    bounds: RequestLimits,
}

/// How much is taken at once.
pub(crate) struct RequestLimits {
    pub(crate) in_flight: Semaphore,
    pub(crate) in_flight_limit: usize,
    /// Bytes.
    pub(crate) body_limit: usize,
    /// For a request to come in.
    pub(crate) receive: Duration,
}

impl Webhook {
    /// Takes the bounds from `config`, and the certificate's handle where it has one; all else in it is for
    /// [`crate::Server`].
    pub fn new(config: &ServerConfig, policies: Arc<PolicySet>, sources: ReviewSources, clock: Clock) -> Self {
        let limits = &config.limits;
        let certificate = match &config.certificate {
            CertificateSource::Handle(handle) => handle.clone(),
            CertificateSource::Files { .. } | CertificateSource::Own { .. } => CertificateHandle::new(),
        };
        Self {
            shared: Arc::new(WebhookState {
                policies,
                sources,
                clock,
                metrics: Arc::new(Metrics::new(certificate.metrics())),
                certificate,
                bounds: RequestLimits {
                    in_flight: Semaphore::new(limits.in_flight),
                    in_flight_limit: limits.in_flight,
                    body_limit: config.body_limit,
                    receive: limits.receive,
                },
            }),
        }
    }

    /// The certificate that is served.
    pub fn certificate(&self) -> &CertificateHandle {
        &self.shared.certificate
    }

    pub(crate) fn policies(&self) -> &PolicySet {
        &self.shared.policies
    }

    pub(crate) fn sources(&self) -> &ReviewSources {
        &self.shared.sources
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.shared.clock)()
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.shared.metrics
    }

    pub(crate) fn clock(&self) -> Clock {
        self.shared.clock
    }

    pub(crate) fn bounds(&self) -> &RequestLimits {
        &self.shared.bounds
    }
}
