//! A certificate that leaves are verified with, as it stands in a `caBundle`, and the name by which a leaf calls it.
//! Holds no key; whoever signs is an `Authority`.

use std::fmt;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

use crate::Validity;
use crate::subject::{parse, validity};

/// The key identifier of a CA, in hex: its certificate says it of itself, and each of its leaves says it of its issuer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorityId(String);

/// One trusted certificate. Two are equal when their bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    der: CertificateDer<'static>,
    id: AuthorityId,
    validity: Validity,
}

impl AuthorityId {
    /// Who signed this certificate (DER), by its own word; None where it does not say, or is no certificate.
    pub fn issuer_of(certificate: &[u8]) -> Option<Self> {
        let parsed = parse(certificate)?;
        let named = parsed.iter_extensions().find_map(|extension| {
            let ParsedExtension::AuthorityKeyIdentifier(identifier) = extension.parsed_extension() else { return None };
            identifier.key_identifier.as_ref().map(|identifier| Self::hex(identifier.0))
        });
        // A certificate that signed itself need not name itself.
        named.or_else(|| (parsed.subject() == parsed.issuer()).then(|| Self::of(&parsed)))
    }

    fn of(certificate: &X509Certificate<'_>) -> Self {
        let own = certificate.iter_extensions().find_map(|extension| {
            let ParsedExtension::SubjectKeyIdentifier(identifier) = extension.parsed_extension() else { return None };
            Some(Self::hex(identifier.0))
        });
        own.unwrap_or_else(|| Self::hex(&certificate.public_key().subject_public_key.data))
    }

    fn hex(bytes: &[u8]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Anchor {
    /// None for what is no certificate.
    pub fn from_der(der: CertificateDer<'static>) -> Option<Self> {
        let parsed = parse(&der)?;
        let (id, validity) = (AuthorityId::of(&parsed), validity(&parsed));
        Some(Self { der, id, validity })
    }

    /// Every certificate of a PEM text, each once, in its order; and whether that was all there is in it. An empty text is read whole.
    pub fn read_all(text: &[u8]) -> (Vec<Self>, bool) {
        let (mut anchors, mut whole) = (Vec::new(), true);
        for item in CertificateDer::pem_slice_iter(text) {
            match item.ok().and_then(Self::from_der) {
                Some(anchor) if !anchors.contains(&anchor) => anchors.push(anchor),
                Some(_) => {}
                None => whole = false,
            }
        }
        let is_blank = text.iter().all(u8::is_ascii_whitespace);
        let whole = whole && (is_blank || !anchors.is_empty());
        (anchors, whole)
    }

    /// One block `CERTIFICATE`, its lines ended by `\n`.
    pub fn to_pem(&self) -> String {
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("CERTIFICATE", self.der.as_ref()), config)
    }

    /// By which its leaves name it.
    pub fn id(&self) -> &AuthorityId {
        &self.id
    }

    /// When it is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Whether this certificate's key signed that one (DER).
    pub fn signed(&self, certificate: &[u8]) -> bool {
        let (Some(own), Some(other)) = (parse(&self.der), parse(certificate)) else { return false };
        own.subject() == other.issuer() && other.verify_signature(Some(own.public_key())).is_ok()
    }

    /// Whether this is its public key, as DER.
    pub(crate) fn has_public_key(&self, spki: &[u8]) -> bool {
        parse(&self.der).is_some_and(|parsed| parsed.public_key().raw == spki)
    }
}

/// The PEM text of several, one behind the other: what a `caBundle` holds, before its base64.
pub fn bundle<'a>(anchors: impl IntoIterator<Item = &'a Anchor>) -> String {
    anchors.into_iter().map(Anchor::to_pem).collect()
}
