//! Who may call: TLS client certificates of given authorities, with given names.
//! Refused in the handshake, so that the request of an unknown caller is never read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::encoding::EncodeLabelSet;
use quorate_certs::{Anchor, names_of};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use tracing::{info, warn};

/// What is asked of a caller.
#[derive(Debug, Clone)]
pub struct CallerCheck {
    /// PEM: the CAs of callers' certificates. Read again when it changes.
    pub authority: PathBuf,
    /// Common names or alternative names, one of which the certificate must have; empty: any of these CAs will do.
    pub names: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    #[error("{}: cannot be read", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: found something that is no certificate, expected the CAs of the callers as PEM", path.display())]
    NotPem { path: PathBuf },
    #[error("{}: no certificate in it, expected the CAs of the callers as PEM", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{}: no CA that a client certificate can be verified with", path.display())]
    Unusable {
        path: PathBuf,
        #[source]
        source: rustls::server::VerifierBuilderError,
    },
}

/// Asks every client for a certificate. The authorities may change while it is in use.
#[derive(Debug)]
pub struct CallerVerifier {
    check: CallerCheck,
    provider: Arc<CryptoProvider>,
    current: RwLock<CurrentVerifier>,
}

#[derive(Debug)]
struct CurrentVerifier {
    text: Vec<u8>,
    verifier: Arc<dyn ClientCertVerifier>,
    /// The last text that was refused, so that it is refused once.
    refused: Option<Vec<u8>>,
}

impl CallerVerifier {
    pub fn open(check: CallerCheck, provider: Arc<CryptoProvider>) -> Result<Self, CallerError> {
        let text = read(&check.authority)?;
        let verifier = verifier(&check.authority, &text, &provider)?;
        Ok(Self { check, provider, current: RwLock::new(CurrentVerifier { text, verifier, refused: None }) })
    }

    /// Takes other authorities if the file has changed and can be used; else the last ones stay.
    pub(crate) fn refresh(&self) {
        let text = match read(&self.check.authority) {
            Ok(text) => text,
            Err(problem) => return self.refuse(Vec::new(), &problem),
        };
        if self.read_current(|current| current.text == text) {
            return;
        }
        match verifier(&self.check.authority, &text, &self.provider) {
            Ok(verifier) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = CurrentVerifier { text, verifier, refused: None };
                info!(file = %self.check.authority.display(), "callers' authorities taken");
            }
            Err(problem) => self.refuse(text, &problem),
        }
    }

    fn refuse(&self, text: Vec<u8>, problem: &CallerError) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.refused.as_ref() != Some(&text) {
            warn!(%problem, "callers' authorities not taken, the last ones are used on");
            current.refused = Some(text);
        }
    }

    fn read_current<T>(&self, read: impl FnOnce(&CurrentVerifier) -> T) -> T {
        read(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        self.read_current(|current| Arc::clone(&current.verifier))
    }
}

impl ClientCertVerifier for CallerVerifier {
    /// No hints: a caller has one certificate to give, and hints would tell unknown callers whom we trust.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier().verify_client_cert(end_entity, intermediates, now)?;
        let wanted = &self.check.names;
        if wanted.is_empty() {
            return Ok(verified);
        }
        let found = names_of(end_entity);
        if found.iter().any(|name| wanted.contains(name)) {
            return Ok(verified);
        }
        warn!(?found, ?wanted, "caller has a certificate for other names");
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier().supported_verify_schemes()
    }
}

/// Why a caller was refused, for metrics.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CallerLabel {
    reason: &'static str,
}

/// None for a handshake that did not fail for the caller's certificate.
pub(crate) fn caller_refusal(error: &std::io::Error) -> Option<CallerLabel> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let reason = if let Error::InvalidCertificate(problem) = error {
        let is_name = *problem == CertificateError::ApplicationVerificationFailure;
        if is_name { "wrong-name" } else { "untrusted" }
    } else if *error == Error::NoCertificatesPresented {
        "no-certificate"
    } else {
        return None;
    };
    Some(CallerLabel { reason })
}

fn read(path: &Path) -> Result<Vec<u8>, CallerError> {
    std::fs::read(path).map_err(|source| CallerError::File { path: path.to_owned(), source })
}

fn verifier(
    path: &Path,
    text: &[u8],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, CallerError> {
    let (anchors, whole) = Anchor::read_all(text);
    if !whole {
        return Err(CallerError::NotPem { path: path.to_owned() });
    }
    if anchors.is_empty() {
        return Err(CallerError::NoCertificate { path: path.to_owned() });
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(anchors.iter().map(|anchor| anchor.der().clone()));
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    builder.build().map_err(|source| CallerError::Unusable { path: path.to_owned(), source })
}
