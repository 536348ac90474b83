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
    taken: Pair,
    doubt: Option<Doubt>,
}

#[derive(PartialEq, Eq)]
struct Pair {
    chain: Vec<u8>,
    key: Vec<u8>,
}

/// What could not be used, and whether that has been said.
struct Doubt {
    found: Result<Pair, String>,
    is_said: bool,
}

impl CertificateFiles {
    /// Reads both; the chain has the server's own certificate first.
    pub(crate) fn open(
        chain: &Path,
        key: &Path,
        provider: Arc<CryptoProvider>,
        handle: CertificateHandle,
    ) -> Result<Self, CertificateError> {
        let taken = Pair::read(chain, key)?;
        let files = Self { chain: chain.to_owned(), key: key.to_owned(), provider, handle, taken, doubt: None };
        files.handle.set(files.parse(&files.taken)?);
        Ok(files)
    }

    /// Takes what is there now, if it differs and can be used. Somebody may be writing at this moment, or swap both
    /// files between our two reads: what cannot be used is spoken of when it is still there at the next look.
    pub(crate) fn look(&mut self) {
        let (found, problem) = match Pair::read(&self.chain, &self.key) {
            Ok(pair) if pair == self.taken => {
                self.doubt = None;
                return;
            }
            Ok(pair) => match self.parse(&pair) {
                Ok(certificate) => {
                    self.handle.set(certificate);
                    (self.taken, self.doubt) = (pair, None);
                    return;
                }
                Err(problem) => (Ok(pair), problem.to_string()),
            },
            Err(problem) => (Err(problem.to_string()), problem.to_string()),
        };
        match &mut self.doubt {
            Some(doubt) if doubt.found == found => {
                if !doubt.is_said {
                    self.handle.refuse(&problem);
                    doubt.is_said = true;
                }
            }
            doubt => *doubt = Some(Doubt { found, is_said: false }),
        }
    }

    fn parse(&self, pair: &Pair) -> Result<ServingCertificate, CertificateError> {
        let pem = |origin, text| Pem { origin, text };
        ServingCertificate::from_pem(pem(&self.chain, &pair.chain), pem(&self.key, &pair.key), &self.provider)
    }
}

impl Pair {
    fn read(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| CertificateError::File { path: path.to_owned(), source })
        };
        Ok(Self { chain: read(chain)?, key: read(key)? })
    }
}
