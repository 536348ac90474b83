//! Whom a certificate is about, and for how long.
//! Trusts nothing of it; what it says counts once it is verified.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::Validity;

/// Every name of a certificate (DER): its common names, then its DNS names, IP addresses, URIs and mail addresses.
/// None of what is no certificate.
pub fn names_of(certificate: &[u8]) -> Vec<String> {
    let Some(parsed) = parse(certificate) else { return Vec::new() };
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok()).map(str::to_owned);
    let mut names: Vec<String> = common.collect();
    names.extend(alternative_names(&parsed));
    names
}

pub(crate) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], parsed)) => Some(parsed),
        Ok(_) | Err(_) => None,
    }
}

pub(crate) fn validity(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    Validity { not_before: validity.not_before.to_datetime(), not_after: validity.not_after.to_datetime() }
}

pub(crate) fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    extension.value.general_names.iter().filter_map(text).collect()
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(text) | GeneralName::URI(text) | GeneralName::RFC822Name(text) = name {
        return Some((*text).to_owned());
    }
    let GeneralName::IPAddress(octets) = name else { return None };
    let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(*octets).map(IpAddr::from);
    v4.or(v6).ok().map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

    use super::names_of;

    #[test]
    fn lists_common_and_alternative_names_and_none_of_what_is_no_certificate() {
        let mut parameters = CertificateParams::new(["apiserver.example".to_owned(), "10.0.0.1".to_owned()]).unwrap();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::OrganizationName, "system:masters");
        parameters.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        parameters.subject_alt_names.push(SanType::URI("spiffe://cluster/apiserver".try_into().unwrap()));
        let certificate = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(
            names_of(certificate.der()),
            ["kube-apiserver", "apiserver.example", "10.0.0.1", "spiffe://cluster/apiserver"]
        );
        assert_eq!(names_of(b"junk"), Vec::<String>::new());
    }
}
