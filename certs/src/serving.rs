//! Reads a certificate chain and its key, as PEM, into what a TLS server needs.
//! Does not judge whether a client will trust it, nor whether it is valid now.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::subject::{alternative_names, validity};
use crate::{AuthorityId, Issued, Validity};

/// A chain whose first certificate fits the key.
#[derive(Debug, Clone)]
pub struct ServingCertificate {
    key: Arc<CertifiedKey>,
    names: Vec<String>,
    validity: Validity,
    issuer: Option<AuthorityId>,
}

/// PEM text and the name under which an error speaks of it.
#[derive(Clone, Copy)]
pub struct Pem<'a> {
    /// The file that it is from, or a name for what is from no file.
    pub origin: &'a Path,
    /// Blocks of PEM. What stands between them is skipped.
    pub text: &'a [u8],
}

/// Why a chain and its key cannot be served. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{}: cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A block has no end, or no base64 in it.
    #[error("{}: not PEM: {problem}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No block `CERTIFICATE`.
    #[error("{}: no certificate in it", path.display())]
    NoCertificate {
        /// The file of the chain.
        path: PathBuf,
    },
    /// No block of a private key: PKCS #8, PKCS #1 or SEC 1.
    #[error("{}: no private key in it", path.display())]
    NoKey {
        /// The file of the key.
        path: PathBuf,
    },
    /// A block `CERTIFICATE` that holds none.
    #[error("{}: certificate {position} of the chain cannot be parsed", path.display())]
    Malformed {
        /// The file of the chain.
        path: PathBuf,
        /// In the chain, from 1.
        position: usize,
    },
    /// The key is none that the provider signs with.
    #[error("{}: private key is of a kind that TLS cannot use here", path.display())]
    UnusableKey {
        /// The file of the key.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// The first certificate has another public key.
    #[error("{}: private key does not belong to the certificate in {}", key.display(), chain.display())]
    Mismatch {
        /// The file of the key.
        key: PathBuf,
        /// The file of the chain.
        chain: PathBuf,
    },
}

impl ServingCertificate {
    /// Reads both files; the chain has the server's own certificate first.
    ///
    /// # Errors
    /// When a file cannot be read, else as [`ServingCertificate::from_pem`].
    pub fn read(chain: &Path, key: &Path, provider: &CryptoProvider) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| CertificateError::File { path: path.to_owned(), source })
        };
        let (chain_text, key_text) = (read(chain)?, read(key)?);
        let pem = |origin, text| Pem { origin, text };
        Self::from_pem(pem(chain, &chain_text), pem(key, &key_text), provider)
    }

    /// Reads what an [`Authority`](crate::Authority) has issued.
    ///
    /// # Errors
    /// None of what [`Authority::leaf`](crate::Authority::leaf) has returned.
    pub fn from_issued(issued: &Issued) -> Result<Self, CertificateError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let pem = |origin, text| Pem { origin: Path::new(origin), text };
        Self::from_pem(
            pem("issued certificate", issued.certificate.as_bytes()),
            pem("issued key", issued.key.as_bytes()),
            &provider,
        )
    }

    /// Reads a chain, the server's own certificate first, and its key, for this provider of cryptography.
    ///
    /// # Errors
    /// When either is no PEM of its kind, or the key is not that of the first certificate.
    pub fn from_pem(chain: Pem<'_>, key: Pem<'_>, provider: &CryptoProvider) -> Result<Self, CertificateError> {
        let certificates = chain.certificates()?;
        let (names, validity) = chain.leaf(&certificates)?;
        let issuer = certificates.first().and_then(|leaf| AuthorityId::issuer_of(leaf));
        let key_der = key.private_key()?;
        let certified = CertifiedKey::from_der(certificates, key_der, provider).map_err(|source| {
            if matches!(source, rustls::Error::InconsistentKeys(_)) {
                CertificateError::Mismatch { key: key.origin.to_owned(), chain: chain.origin.to_owned() }
            } else {
                CertificateError::UnusableKey { path: key.origin.to_owned(), source }
            }
        })?;
        Ok(Self { key: Arc::new(certified), names, validity, issuer })
    }

    /// Chain and key, as a resolver of rustls gives them.
    pub fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// DNS names and IP addresses of the first certificate.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// When the first certificate is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The CA that signed the first certificate, by that certificate's own word.
    pub fn issuer(&self) -> Option<&AuthorityId> {
        self.issuer.as_ref()
    }

    /// The first certificate's bytes (DER).
    pub fn der(&self) -> &[u8] {
        self.key.cert.first().map(AsRef::as_ref).unwrap_or_default()
    }

    /// Whether it is good for every one of these names, each written out in it: a wildcard stands for no other name here.
    pub fn covers(&self, names: &[String]) -> bool {
        names.iter().all(|name| self.names.iter().any(|own| own.eq_ignore_ascii_case(name)))
    }
}

impl Pem<'_> {
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
        let certificates = CertificateDer::pem_slice_iter(self.text)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|problem| self.not_pem(&problem))?;
        if certificates.is_empty() {
            return Err(CertificateError::NoCertificate { path: self.origin.to_owned() });
        }
        Ok(certificates)
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, CertificateError> {
        match PrivateKeyDer::from_pem_slice(self.text) {
            Ok(key) => Ok(key),
            Err(PemError::NoItemsFound) => Err(CertificateError::NoKey { path: self.origin.to_owned() }),
            Err(problem) => Err(self.not_pem(&problem)),
        }
    }

    /// Parses the whole chain, so that a broken intermediate is found now and not by the first client.
    fn leaf(&self, chain: &[CertificateDer<'_>]) -> Result<(Vec<String>, Validity), CertificateError> {
        let mut first = None;
        for (index, certificate) in chain.iter().enumerate() {
            let parsed = match X509Certificate::from_der(certificate) {
                Ok(([], parsed)) => parsed,
                Ok(_) | Err(_) => {
                    return Err(CertificateError::Malformed { path: self.origin.to_owned(), position: index + 1 });
                }
            };
            first.get_or_insert_with(|| (alternative_names(&parsed), validity(&parsed)));
        }
        first.ok_or_else(|| CertificateError::NoCertificate { path: self.origin.to_owned() })
    }

    fn not_pem(&self, problem: &PemError) -> CertificateError {
        CertificateError::NotPem { path: self.origin.to_owned(), problem: problem.to_string() }
    }
}

/// The text may be a private key: it is never shown.
impl fmt::Debug for Pem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pem").field("origin", &self.origin).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::Authority;

    fn issued() -> Issued {
        let validity =
            Validity { not_before: datetime!(2026-01-01 00:00 UTC), not_after: datetime!(2026-03-31 00:00 UTC) };
        Authority::issue(validity).unwrap().leaf(&["localhost".to_owned(), "::1".to_owned()], validity).unwrap()
    }

    fn read(chain: &str, key: &str) -> Result<ServingCertificate, CertificateError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let pem = |origin, text| Pem { origin: Path::new(origin), text };
        ServingCertificate::from_pem(pem("tls.crt", chain.as_bytes()), pem("tls.key", key.as_bytes()), &provider)
    }

    #[track_caller]
    fn refused(chain: &str, key: &str, message: &str) {
        assert_eq!(read(chain, key).unwrap_err().to_string(), message);
    }

    #[test]
    fn reads_a_chain_and_its_key_with_names_of_every_kind() {
        let issued = issued();
        let chain = format!("{}{}", issued.certificate, self::issued().certificate);
        let serving = read(&chain, &issued.key).unwrap();
        assert_eq!(serving.names(), ["localhost", "::1"]);
        assert_eq!(serving.key().cert.len(), 2);
        assert_eq!(serving.validity().not_after, datetime!(2026-03-31 00:00 UTC));
    }

    #[test]
    fn names_the_file_that_lacks_a_certificate_or_a_key() {
        let issued = issued();
        refused("", &issued.key, "tls.crt: no certificate in it");
        refused(&issued.key, &issued.key, "tls.crt: no certificate in it");
        refused(&issued.certificate, &issued.certificate, "tls.key: no private key in it");
    }

    #[test]
    fn names_both_files_when_the_key_belongs_to_another_certificate() {
        refused(
            &issued().certificate,
            &issued().key,
            "tls.key: private key does not belong to the certificate in tls.crt",
        );
    }

    #[test]
    fn says_which_certificate_of_the_chain_is_broken() {
        let issued = issued();
        let broken = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
        refused(
            &format!("{}{broken}", issued.certificate),
            &issued.key,
            "tls.crt: certificate 2 of the chain cannot be parsed",
        );
    }

    #[test]
    fn says_that_a_cut_off_file_is_not_pem() {
        let issued = issued();
        let cut: String = issued.certificate.chars().take(100).collect();
        let message = read(&cut, &issued.key).unwrap_err().to_string();
        assert!(message.starts_with("tls.crt: not PEM: "), "{message}");
    }

    #[test]
    fn refuses_a_key_that_is_none() {
        let key = "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n";
        refused(&issued().certificate, key, "tls.key: private key is of a kind that TLS cannot use here");
    }

    #[test]
    fn names_the_path_of_a_file_that_is_not_there() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let nowhere = Path::new("no-such-folder/tls.crt");
        let error = ServingCertificate::read(nowhere, nowhere, &provider).unwrap_err();
        assert_eq!(error.to_string(), "no-such-folder/tls.crt: cannot be read");
    }
}
