//! How the nodes of a set are asked: with which user, which CA, which client certificate. From a mounted Secret that the configuration
//! names, never from the workload's own arguments.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// One way to ask, and for which sets. The first one of a list that fits a set is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RqliteAccess {
    /// None: every namespace.
    pub namespace: Option<String>,
    /// Name of the StatefulSet. None: every set.
    pub set: Option<String>,
    /// A folder with the keys of a Secret as files: `username` and `password`, `ca.crt`, `tls.crt` and `tls.key`; each may be absent.
    /// Read anew for every look, so that a rotated Secret is taken up.
    pub folder: PathBuf,
    /// The name that the nodes' certificates hold; None: the pod's address.
    pub server_name: Option<String>,
}

/// Why a node cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("it serves HTTPS, and no CA is configured to check it by (`cluster.rqlite.access`)")]
    NoAuthority,
    #[error("it serves plain HTTP as far as its flags tell, and the configured access has a CA: for HTTPS alone")]
    ClearText,
    #[error("{} holds no usable PEM", .0.display())]
    NotPem(PathBuf),
    #[error("`{0}` is no server name")]
    ServerName(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl RqliteAccess {
    /// The one for a set.
    pub(crate) fn of<'a>(all: &'a [Self], namespace: &str, set: &str) -> Option<&'a Self> {
        let fits = |given: &Option<String>, name: &str| given.as_deref().is_none_or(|given| given == name);
        all.iter().find(|access| fits(&access.namespace, namespace) && fits(&access.set, set))
    }

    /// Itself, unless it is for HTTPS and the node is asked without: credentials that a CA protects go nowhere in clear text.
    pub(crate) fn allowing(&self, tls: bool) -> Result<&Self, AccessError> {
        if tls || self.read("ca.crt")?.is_none() { Ok(self) } else { Err(AccessError::ClearText) }
    }

    /// The value of `Authorization`; None: there is no user.
    pub(crate) fn authorization(&self) -> Result<Option<String>, AccessError> {
        let (Some(user), Some(password)) = (self.text("username")?, self.text("password")?) else { return Ok(None) };
        Ok(Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))))
    }

    /// The client's side of TLS.
    pub(crate) fn connector(&self) -> Result<TlsConnector, AccessError> {
        let authority = self.read("ca.crt")?.ok_or(AccessError::NoAuthority)?;
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates("ca.crt", &authority)? {
            roots.add(certificate)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match (self.read("tls.crt")?, self.read("tls.key")?) {
            (Some(chain), Some(key)) => {
                let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| AccessError::NotPem(self.path("tls.key")))?;
                config.with_client_auth_cert(self.certificates("tls.crt", &chain)?, key)?
            }
            (None, _) | (_, None) => config.with_no_client_auth(),
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// Whom the certificate must name.
    pub(crate) fn server_name(&self, address: std::net::IpAddr) -> Result<ServerName<'static>, AccessError> {
        match &self.server_name {
            Some(name) => ServerName::try_from(name.clone()).map_err(|_| AccessError::ServerName(name.clone())),
            None => Ok(ServerName::from(address)),
        }
    }

    fn certificates(&self, key: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, AccessError> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        all.ok().filter(|all| !all.is_empty()).ok_or_else(|| AccessError::NotPem(self.path(key)))
    }

    /// Without the line end that an editor leaves.
    fn text(&self, key: &str) -> Result<Option<String>, AccessError> {
        let bytes = self.read(key)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()))
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, AccessError> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AccessError::Unreadable { path, error }),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        Path::new(&self.folder).join(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(namespace: Option<&str>, set: Option<&str>, folder: &str) -> RqliteAccess {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        RqliteAccess { namespace: owned(namespace), set: owned(set), folder: folder.into(), server_name: None }
    }

    #[test]
    fn the_first_that_fits_a_set_is_taken() {
        let all = [access(Some("db"), Some("a"), "/1"), access(Some("db"), None, "/2"), access(None, None, "/3")];
        let of =
            |namespace, set| RqliteAccess::of(&all, namespace, set).map(|access| access.folder.display().to_string());
        assert_eq!(of("db", "a").as_deref(), Some("/1"));
        assert_eq!(of("db", "b").as_deref(), Some("/2"));
        assert_eq!(of("other", "a").as_deref(), Some("/3"));
        assert_eq!(RqliteAccess::of(&all[..1], "db", "b"), None);
    }

    #[test]
    fn a_user_needs_both_keys() {
        let folder = tempfile::tempdir().unwrap();
        let access = access(None, None, folder.path().to_str().unwrap());
        assert_eq!(access.authorization().unwrap(), None);
        fs::write(folder.path().join("username"), "quorate").unwrap();
        assert_eq!(access.authorization().unwrap(), None);
        fs::write(folder.path().join("password"), "secret\n").unwrap();
        assert_eq!(access.authorization().unwrap().as_deref(), Some("Basic cXVvcmF0ZTpzZWNyZXQ="));
    }

    #[test]
    fn credentials_with_a_ca_never_go_out_in_clear_text() {
        let folder = tempfile::tempdir().unwrap();
        let access = access(None, None, folder.path().to_str().unwrap());
        assert!(access.allowing(false).is_ok());
        fs::write(folder.path().join("ca.crt"), "any").unwrap();
        assert!(matches!(access.allowing(false), Err(AccessError::ClearText)));
        assert!(access.allowing(true).is_ok());
    }

    #[test]
    fn https_is_never_taken_unchecked() {
        let folder = tempfile::tempdir().unwrap();
        let access = access(None, None, folder.path().to_str().unwrap());
        assert!(matches!(access.connector(), Err(AccessError::NoAuthority)));
        fs::write(folder.path().join("ca.crt"), "no PEM").unwrap();
        assert!(matches!(access.connector(), Err(AccessError::NotPem(_))));
    }
}
