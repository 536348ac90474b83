//! A certificate authority of our own: made with a fresh key, read back from PEM, and issuing leaves.
//! Decides neither names nor lives, and keeps nothing.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};

use crate::{Anchor, Validity};

/// A CA with its key: ECDSA P-256 where it is ours.
#[derive(Clone)]
pub struct Authority {
    anchor: Anchor,
    key: String,
    issuer: Arc<Issuer<'static, KeyPair>>,
}

/// A certificate and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The leaf's own; its CA is not behind it.
    pub certificate: String,
    /// The private key, PKCS #8.
    pub key: String,
}

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A leaf for nobody: no client would take it.
    #[error("no name to issue a certificate for")]
    NoName,
    /// One of the names does not fit into a certificate.
    #[error("`{name}` is neither an IP address nor a DNS name")]
    Name {
        /// As it was asked for.
        name: String,
        /// What is wrong with it.
        #[source]
        source: rcgen::Error,
    },
    /// No key could be made, or nothing be signed with it.
    #[error("the certificate could not be made")]
    Signing(#[source] rcgen::Error),
    /// What was signed does not parse, or does not go with its key.
    #[error("the certificate that was made cannot be read back")]
    Unreadable,
}

impl Authority {
    /// A new CA with a fresh key. It may sign leaves and no further CA.
    ///
    /// # Errors
    /// [`IssueError::Signing`], [`IssueError::Unreadable`].
    pub fn issue(validity: Validity) -> Result<Self, IssueError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IssueError::Signing)?;
        let mut parameters = CertificateParams::default();
        // The name tells two CAs apart, so that a verifier with both need not try each.
        let id: String = parameters.key_identifier(&key).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        parameters.distinguished_name = subject(&format!("quorate CA {id}"));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (parameters.not_before, parameters.not_after) = (validity.not_before, validity.not_after);
        let certificate = parameters.self_signed(&key).map_err(IssueError::Signing)?;
        let anchor = Anchor::from_der(certificate.der().clone()).ok_or(IssueError::Unreadable)?;
        Self::of(anchor, key)
    }

    /// The CA of this key among those certificates; none where the text is no key, or belongs to none of them.
    pub fn find(anchors: &[Anchor], key: &str) -> Option<Self> {
        let key = KeyPair::from_pem(key).ok()?;
        let public = key.subject_public_key_info();
        let anchor = anchors.iter().find(|anchor| anchor.has_public_key(&public))?;
        Self::of(anchor.clone(), key).ok()
    }

    fn of(anchor: Anchor, key: KeyPair) -> Result<Self, IssueError> {
        let text = key.serialize_pem();
        let issuer = Issuer::from_ca_cert_der(anchor.der(), key).map_err(IssueError::Signing)?;
        Ok(Self { anchor, key: text, issuer: Arc::new(issuer) })
    }

    /// Its certificate: clients that trust it take its leaves.
    pub fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// The private key, PEM.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A serving certificate for these DNS names and IP addresses, with a fresh key. It never outlives its CA.
    ///
    /// ```
    /// use quorate_certs::{Authority, ServingCertificate, Validity};
    /// use time::macros::datetime;
    /// use time::{Duration, OffsetDateTime};
    ///
    /// const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
    /// let authority = Authority::issue(Validity::starting(NOW, Duration::days(30)))?;
    /// let names = ["quorate.quorate-system.svc".to_owned(), "10.0.0.7".to_owned()];
    /// let issued = authority.leaf(&names, Validity::starting(NOW, Duration::days(90)))?;
    ///
    /// let leaf = ServingCertificate::from_issued(&issued)?;
    /// assert!(leaf.covers(&names) && authority.anchor().signed(leaf.der()));
    /// assert_eq!(leaf.validity().not_after, authority.anchor().validity().not_after);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`IssueError::NoName`], [`IssueError::Name`], [`IssueError::Signing`].
    pub fn leaf(&self, names: &[String], validity: Validity) -> Result<Issued, IssueError> {
        let mut parameters = named(names)?;
        parameters.not_before = validity.not_before;
        parameters.not_after = validity.not_after.min(self.anchor.validity().not_after);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IssueError::Signing)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(IssueError::Signing)?;
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn named(names: &[String]) -> Result<CertificateParams, IssueError> {
    if names.is_empty() {
        return Err(IssueError::NoName);
    }
    for name in names {
        CertificateParams::new([name.clone()]).map_err(|source| IssueError::Name { name: name.clone(), source })?;
    }
    let mut parameters = CertificateParams::new(names).map_err(IssueError::Signing)?;
    parameters.distinguished_name = subject("quorate");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn subject(common_name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    subject
}

/// Keys are never shown.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("id", self.anchor.id()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{AuthorityId, ServingCertificate};

    const YEAR: Validity =
        Validity { not_before: datetime!(2026-01-01 00:00 UTC), not_after: datetime!(2026-12-31 00:00 UTC) };
    const QUARTER: Validity =
        Validity { not_before: datetime!(2026-01-01 00:00 UTC), not_after: datetime!(2026-03-31 00:00 UTC) };

    fn localhost() -> Vec<String> {
        vec!["localhost".to_owned()]
    }

    #[test]
    fn issues_a_leaf_that_reads_back_with_its_names_validity_and_issuer() {
        let authority = Authority::issue(YEAR).unwrap();
        let names = ["quorate.quorate-system.svc".to_owned(), "127.0.0.1".to_owned()];
        let leaf = ServingCertificate::from_issued(&authority.leaf(&names, QUARTER).unwrap()).unwrap();
        assert_eq!(leaf.names(), names);
        assert_eq!(leaf.validity(), QUARTER);
        assert_eq!(leaf.issuer(), Some(authority.anchor().id()));
        assert!(authority.anchor().signed(leaf.der()));
        assert!(!Authority::issue(YEAR).unwrap().anchor().signed(leaf.der()));
    }

    #[test]
    fn issues_again_after_it_was_read_back_from_pem() {
        let issued = Authority::issue(YEAR).unwrap();
        let (anchors, whole) = Anchor::read_all(issued.anchor().to_pem().as_bytes());
        assert!(whole);
        let read = Authority::find(&anchors, issued.key()).unwrap();
        let leaf = ServingCertificate::from_issued(&read.leaf(&localhost(), QUARTER).unwrap()).unwrap();
        assert!(issued.anchor().signed(leaf.der()));
    }

    #[test]
    fn finds_its_certificate_among_several_and_none_for_another_key() {
        let (first, second) = (Authority::issue(YEAR).unwrap(), Authority::issue(YEAR).unwrap());
        let both = [first.anchor().clone(), second.anchor().clone()];
        assert_eq!(Authority::find(&both, second.key()).unwrap().anchor(), second.anchor());
        assert!(Authority::find(&both[..1], second.key()).is_none());
        assert!(Authority::find(&both, "no key").is_none());
    }

    #[test]
    fn never_lets_a_leaf_outlive_it() {
        let authority = Authority::issue(QUARTER).unwrap();
        let leaf = ServingCertificate::from_issued(&authority.leaf(&localhost(), YEAR).unwrap()).unwrap();
        assert_eq!(leaf.validity().not_after, QUARTER.not_after);
    }

    #[test]
    fn has_a_key_and_a_name_of_its_own_each_time() {
        let (first, second) = (Authority::issue(YEAR).unwrap(), Authority::issue(YEAR).unwrap());
        assert_ne!(first.anchor().id(), second.anchor().id());
        assert_ne!(first.key(), second.key());
        let leaf = |authority: &Authority| authority.leaf(&localhost(), QUARTER).unwrap().key;
        assert_ne!(leaf(&first), leaf(&first));
    }

    #[test]
    fn never_shows_a_key_in_debug_output() {
        let authority = Authority::issue(YEAR).unwrap();
        let leaf = authority.leaf(&localhost(), QUARTER).unwrap();
        assert!(!format!("{authority:?} {leaf:?}").contains("PRIVATE KEY"));
    }

    #[test]
    fn refuses_a_name_that_no_certificate_can_carry() {
        let authority = Authority::issue(YEAR).unwrap();
        let names = ["good.example".to_owned(), "bücher.example".to_owned()];
        let error = authority.leaf(&names, QUARTER).unwrap_err();
        assert_eq!(error.to_string(), "`bücher.example` is neither an IP address nor a DNS name");
        assert_eq!(authority.leaf(&[], QUARTER).unwrap_err().to_string(), "no name to issue a certificate for");
    }

    #[test]
    fn reads_what_is_readable_of_a_bundle_and_says_that_there_is_more() {
        let (first, second) = (Authority::issue(YEAR).unwrap(), Authority::issue(YEAR).unwrap());
        let broken = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
        let text = crate::bundle([first.anchor(), first.anchor(), second.anchor()]);
        assert_eq!(Anchor::read_all(text.as_bytes()).0.len(), 2);
        let (anchors, whole) = Anchor::read_all(format!("{broken}{text}").as_bytes());
        assert_eq!((anchors.len(), whole), (2, false));
        assert_eq!(Anchor::read_all(b""), (Vec::new(), true));
        assert_eq!(Anchor::read_all(b"junk"), (Vec::new(), false));
        assert_eq!(AuthorityId::issuer_of(first.anchor().der()), Some(first.anchor().id().clone()));
    }
}
