//! Whether reviews should be sent to this server, and why not.
//! Looked at anew for each question; does not know who asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quorate_certs::{Validity, ValidityState};
use quorate_cluster::Note;
use time::{Duration, OffsetDateTime};

use crate::certificate::CertificateHandle;

/// What keeps the server from being ready, if anything does.
pub type ReadinessCheck = Arc<dyn Fn() -> Result<(), &'static str> + Send + Sync>;

/// Not ready so long before the certificate ends: a probe fails three times in 30 s, endpoints are told everywhere
/// within seconds, and a review that was sent before may take 30 s.
const MARGIN: Duration = Duration::minutes(2);

/// Whether reviews should be sent here. Policies are loaded before a server exists, so it asks for the rest.
#[derive(Clone)]
pub struct Readiness {
    stopping: Arc<AtomicBool>,
    certificate: CertificateHandle,
    checks: Vec<ReadinessCheck>,
    notes: Vec<Note>,
}

impl Readiness {
    /// Ready for as long as there is a certificate, and it is valid for some time to come.
    pub fn new(certificate: CertificateHandle) -> Self {
        Self { stopping: Arc::default(), certificate, checks: Vec::new(), notes: Vec::new() }
    }

    /// From now on only ready while `check` says so too.
    pub fn require(&mut self, check: ReadinessCheck) {
        self.checks.push(check);
    }

    /// From now on said beside it.
    pub fn add_notes(&mut self, notes: impl IntoIterator<Item = Note>) {
        self.notes.extend(notes);
    }

    /// From now on not ready.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// What is said beside it now.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        self.notes.iter().filter_map(|note| note())
    }

    pub(crate) fn check(&self, now: OffsetDateTime) -> Result<(), &'static str> {
        if self.is_stopping() {
            return Err("stopping");
        }
        self.checks.iter().try_for_each(|check| check())?;
        let Some(certificate) = self.certificate.current() else {
            return Err("no certificate yet");
        };
        let validity = certificate.validity();
        match validity.state(now) {
            ValidityState::Valid if now.saturating_add(margin(validity)) > validity.not_after => {
                Err("certificate is about to expire")
            }
            ValidityState::Valid => Ok(()),
            ValidityState::NotYetValid => Err("certificate is not yet valid"),
            ValidityState::Expired => Err("certificate has expired"),
        }
    }
}

/// A certificate that lives for minutes cannot lose two of them.
fn margin(validity: Validity) -> Duration {
    MARGIN.min(validity.length() / 10)
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readiness")
            .field("stopping", &self.stopping)
            .field("checks", &self.checks.len())
            .field("notes", &self.notes.len())
            .finish_non_exhaustive()
    }
}
