//! The certificate that is served from the next handshake on. Whoever has a handle may replace it at any moment.
//! Does not ask whether it is valid now; `Readiness` does.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use quorate_certs::{ServingCertificate, Validity};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tracing::{debug, info, warn};

/// Cheap to clone; all clones are one. Empty at first: handshakes then fail, and the server is not ready.
#[derive(Clone, Default)]
pub struct CertificateHandle {
    shared: Arc<SharedCertificate>,
}

#[derive(Default)]
struct SharedCertificate {
    // Read once a handshake, next to the signature that it costs: a lock is not to be felt.
    current: RwLock<Option<Arc<ServingCertificate>>>,
    metrics: ServedCertificateMetrics,
}

/// Shared with whoever shows them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServedCertificateMetrics {
    pub(crate) not_after: Gauge,
    pub(crate) changes: Family<ChangeLabel, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ChangeLabel {
    outcome: &'static str,
}

impl CertificateHandle {
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves this one from now on. Connections that are open stay as they are.
    pub fn set(&self, certificate: ServingCertificate) {
        let validity = certificate.validity();
        let mut current = self.shared.current.write().unwrap_or_else(PoisonError::into_inner);
        let issuer = certificate.issuer().map(ToString::to_string);
        let certificate = Arc::new(certificate);
        let replaced = current.replace(Arc::clone(&certificate));
        drop(current);
        if replaced.as_ref().is_some_and(|replaced| replaced.der() == certificate.der()) {
            return;
        }
        self.shared.metrics.not_after.set(validity.not_after.unix_timestamp());
        self.count("taken");
        let Validity { not_before, not_after } = validity;
        // The first one is no news: whoever starts a server is told.
        if replaced.is_some() {
            info!(%not_before, %not_after, issuer, "certificate replaced");
        } else {
            debug!(%not_before, %not_after, issuer, "certificate taken");
        }
    }

    /// A certificate that was found cannot be served; the last one stays.
    pub fn refuse(&self, problem: &dyn fmt::Display) {
        self.count("refused");
        warn!(%problem, "certificate not taken, the last one is served on");
    }

    pub fn current(&self) -> Option<Arc<ServingCertificate>> {
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn metrics(&self) -> &ServedCertificateMetrics {
        &self.shared.metrics
    }

    fn count(&self, outcome: &'static str) {
        self.shared.metrics.changes.get_or_create(&ChangeLabel { outcome }).inc();
    }
}

impl From<ServingCertificate> for CertificateHandle {
    fn from(certificate: ServingCertificate) -> Self {
        let handle = Self::new();
        handle.set(certificate);
        handle
    }
}

impl ResolvesServerCert for CertificateHandle {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current().map(|certificate| certificate.key())
    }
}

impl fmt::Debug for CertificateHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateHandle").field("current", &self.current().map(|current| current.validity())).finish()
    }
}
