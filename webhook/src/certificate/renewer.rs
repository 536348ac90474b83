//! Renews the certificate while the server runs: files are read again, one of our own is issued again.
//! Where somebody else has the handle there is nothing to renew.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use quorate_certs::{Authority, CertificateError, IssueError, ServingCertificate, Validity};
use rustls::crypto::CryptoProvider;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

use super::files::CertificateFiles;
use super::{CallerVerifier, CertificateHandle, CertificateSource};
use quorate_facts::Clock;

/// Content is compared, not watched for: a kubelet swaps symbolic links above the files, some file systems give no
/// notice at all, and watches run out. Three small files a second cost some microseconds.
const PERIOD: Duration = Duration::from_secs(1);

/// A CA of our own outside of a cluster lives no longer than its process, which ten years outlast.
const AUTHORITY_LIFE: time::Duration = time::Duration::days(3653);

pub(crate) struct CertificateRenewer {
    source: RenewalSource,
    callers: Option<Arc<CallerVerifier>>,
}

enum RenewalSource {
    Files(Box<CertificateFiles>),
    SelfIssued(Box<SelfIssued>),
    External,
}

/// Issued here, again and again, by one CA.
struct SelfIssued {
    authority: Authority,
    names: Vec<String>,
    life: time::Duration,
    handle: CertificateHandle,
}

/// Why there is no certificate to start with.
#[derive(Debug, thiserror::Error)]
pub enum FirstCertificateError {
    #[error(transparent)]
    Files(#[from] CertificateError),
    #[error("no certificate of our own: {0}")]
    Own(#[from] IssueError),
}

impl CertificateRenewer {
    /// Puts the first certificate into the handle.
    pub(crate) fn start(
        source: &CertificateSource,
        handle: CertificateHandle,
        callers: Option<Arc<CallerVerifier>>,
        now: OffsetDateTime,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, FirstCertificateError> {
        let source = match source {
            CertificateSource::Files { chain, key } => {
                RenewalSource::Files(Box::new(CertificateFiles::open(chain, key, provider, handle)?))
            }
            CertificateSource::Own { names, life } => {
                let authority = Authority::issue(Validity::starting(now, AUTHORITY_LIFE))?;
                let own = SelfIssued { authority, names: names.clone(), life: *life, handle };
                own.issue(now)?;
                RenewalSource::SelfIssued(Box::new(own))
            }
            CertificateSource::Handle(_) => RenewalSource::External,
        };
        Ok(Self { source, callers })
    }

    /// PEM of the CA that clients can only know from us.
    pub(crate) fn authority(&self) -> Option<String> {
        match &self.source {
            RenewalSource::SelfIssued(own) => Some(own.authority.anchor().to_pem()),
            RenewalSource::Files(_) | RenewalSource::External => None,
        }
    }

    /// Never ends.
    pub(crate) async fn run(mut self, clock: Clock) -> Infallible {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Reads files.
            let looked = spawn_blocking(move || {
                self.refresh(clock());
                self
            });
            match looked.await {
                Ok(renewer) => self = renewer,
                Err(failure) => {
                    error!(%failure, "certificate is no longer kept new");
                    return std::future::pending().await;
                }
            }
        }
    }

    fn refresh(&mut self, now: OffsetDateTime) {
        match &mut self.source {
            RenewalSource::Files(files) => files.refresh(),
            RenewalSource::SelfIssued(own) => own.refresh(now),
            RenewalSource::External => {}
        }
        if let Some(callers) = &self.callers {
            callers.refresh();
        }
    }
}

impl SelfIssued {
    fn refresh(&self, now: OffsetDateTime) {
        let is_due = self.handle.current().is_none_or(|current| current.validity().is_due(now));
        if is_due && let Err(problem) = self.issue(now) {
            self.handle.refuse(&problem);
        }
    }

    fn issue(&self, now: OffsetDateTime) -> Result<(), IssueError> {
        let issued = self.authority.leaf(&self.names, Validity::starting(now, self.life))?;
        self.handle.set(ServingCertificate::from_issued(&issued).map_err(|_| IssueError::Unreadable)?);
        Ok(())
    }
}
