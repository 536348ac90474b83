//! A certificate in two files that somebody else replaces: read again when their content has changed.
//! A pair that cannot be used never replaces one that is served.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quorate_certs::{CertificateError, Pem, ServingCertificate};
use rustls::crypto::CryptoProvider;

use super::CertificateHandle;

pub(crate) struct CertificateFiles {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    handle: CertificateHandle,
    served: CertificatePair,
    rejected: Option<RejectedPair>,
}

#[derive(PartialEq, Eq)]
struct CertificatePair {
    chain: Vec<u8>,
    key: Vec<u8>,
}

/// What could not be used, and whether that has been said.
struct RejectedPair {
    found: Result<CertificatePair, String>,
    is_logged: bool,
}

impl CertificateFiles {
    /// Reads both; the chain has the server's own certificate first.
    pub(crate) fn open(
        chain: &Path,
        key: &Path,
        provider: Arc<CryptoProvider>,
        handle: CertificateHandle,
    ) -> Result<Self, CertificateError> {
        let served = CertificatePair::read(chain, key)?;
        let files = Self { chain: chain.to_owned(), key: key.to_owned(), provider, handle, served, rejected: None };
        files.handle.set(files.parse(&files.served)?);
        Ok(files)
    }

    /// Takes what is there now, if it differs and can be used. Somebody may be writing at this moment, or swap both
    /// files between our two reads: what cannot be used is spoken of when it is still there at the next look.
    pub(crate) fn refresh(&mut self) {
        let (found, problem) = match CertificatePair::read(&self.chain, &self.key) {
            Ok(pair) if pair == self.served => {
                self.rejected = None;
                return;
            }
            Ok(pair) => match self.parse(&pair) {
                Ok(certificate) => {
                    self.handle.set(certificate);
                    (self.served, self.rejected) = (pair, None);
                    return;
                }
                Err(problem) => (Ok(pair), problem.to_string()),
            },
            Err(problem) => (Err(problem.to_string()), problem.to_string()),
        };
        match &mut self.rejected {
            Some(rejected) if rejected.found == found => {
                if !rejected.is_logged {
                    self.handle.refuse(&problem);
                    rejected.is_logged = true;
                }
            }
            rejected => *rejected = Some(RejectedPair { found, is_logged: false }),
        }
    }

    fn parse(&self, pair: &CertificatePair) -> Result<ServingCertificate, CertificateError> {
        let pem = |origin, text| Pem { origin, text };
        ServingCertificate::from_pem(pem(&self.chain, &pair.chain), pem(&self.key, &pair.key), &self.provider)
    }
}

impl CertificatePair {
    fn read(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| CertificateError::File { path: path.to_owned(), source })
        };
        Ok(Self { chain: read(chain)?, key: read(key)? })
    }
}
