//! Issues a self-signed serving certificate.
//! Decides neither its names nor its life, and keeps no key.

use std::fmt;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};

use crate::Window;

/// A certificate and its key, as PEM. The certificate is its own trust anchor: it is what goes into `caBundle`.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("no name to issue a certificate for")]
    NoName,
    #[error("`{name}` is neither an IP address nor a DNS name")]
    Name {
        name: String,
        #[source]
        source: rcgen::Error,
    },
    #[error("the certificate could not be made")]
    Signing(#[source] rcgen::Error),
}

/// A self-signed ECDSA P-256 certificate for these DNS names and IP addresses, with a fresh key.
pub fn issue(names: &[String], window: Window) -> Result<Issued, IssueError> {
    let mut parameters = parameters(names)?;
    parameters.not_before = window.not_before;
    parameters.not_after = window.not_after;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IssueError::Signing)?;
    let certificate = parameters.self_signed(&key).map_err(IssueError::Signing)?;
    Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn parameters(names: &[String]) -> Result<CertificateParams, IssueError> {
    if names.is_empty() {
        return Err(IssueError::NoName);
    }
    for name in names {
        CertificateParams::new([name.clone()]).map_err(|source| IssueError::Name { name: name.clone(), source })?;
    }
    let mut parameters = CertificateParams::new(names).map_err(IssueError::Signing)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "quorate");
    parameters.distinguished_name = subject;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::ServingCertificate;

    const WINDOW: Window =
        Window { not_before: datetime!(2026-01-01 00:00 UTC), not_after: datetime!(2026-03-31 00:00 UTC) };

    #[test]
    fn issues_a_certificate_that_reads_back_with_its_names_and_window() {
        let names = ["quorate.quorate.svc".to_owned(), "127.0.0.1".to_owned()];
        let issued = issue(&names, WINDOW).unwrap();
        let serving = ServingCertificate::from_issued(&issued).unwrap();
        assert_eq!(serving.names(), names);
        assert_eq!(serving.window(), WINDOW);
    }

    #[test]
    fn never_shows_the_key_in_debug_output() {
        let issued = issue(&["localhost".to_owned()], WINDOW).unwrap();
        assert!(!format!("{issued:?}").contains("PRIVATE KEY"));
    }

    #[test]
    fn issues_a_new_key_each_time() {
        let names = ["localhost".to_owned()];
        assert_ne!(issue(&names, WINDOW).unwrap().key, issue(&names, WINDOW).unwrap().key);
    }

    #[test]
    fn refuses_a_name_that_no_certificate_can_carry() {
        let names = ["good.example".to_owned(), "bücher.example".to_owned()];
        let error = issue(&names, WINDOW).unwrap_err();
        assert_eq!(error.to_string(), "`bücher.example` is neither an IP address nor a DNS name");
        assert_eq!(issue(&[], WINDOW).unwrap_err().to_string(), "no name to issue a certificate for");
    }
}
