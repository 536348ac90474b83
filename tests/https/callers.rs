//! Whose calls are taken, where callers are checked by their certificates.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quorate_webhook::{CallerCheck, ServerConfig};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::running::{Running, TIMEOUT, assert_reviews, bind, config, review};
use quorate_tests::client::{Failure, Protocol, Target};

/// A CA of callers.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn named(name: &str, alternative: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new([alternative.to_owned()]).unwrap();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = named("callers", "callers.example");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    fn caller(&self, name: &str, alternative: &str) -> Arc<CertifiedKey> {
        let mut parameters = named(name, alternative);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        Arc::new(CertifiedKey::from_der(vec![certificate.der().clone()], key, &provider).unwrap())
    }
}

struct Checked {
    server: Running,
    file: PathBuf,
    _folder: TempDir,
}

async fn checked(authority: &Authority, names: &[&str]) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callers.crt");
    fs::write(&file, &authority.pem).unwrap();
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let callers = Some(CallerCheck { authority: file.clone(), names });
    Checked { server: Running::start(ServerConfig { callers, ..config() }).await, file, _folder: folder }
}

/// In TLS 1.3 a client learns only after its handshake that it is refused.
async fn call(target: &Target, version: &'static rustls::SupportedProtocolVersion) -> Result<(), Failure> {
    let mut client = target.connect_with(Protocol::Http1, &[version]).await?;
    client.post("/validate", review("u", "")).await?;
    Ok(())
}

async fn assert_refused(server: &Running, target: &Target, reason: &str) {
    for (count, version) in [(1, &TLS13), (2, &TLS12)] {
        assert!(call(target, version).await.is_err());
        let line = format!(r#"quorate_refused_callers_total{{reason="{reason}"}} {count}"#);
        let counted = async {
            while !server.look("/metrics").await.contains(&line) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(TIMEOUT, counted).await.expect(&line);
    }
}

#[tokio::test]
async fn takes_calls_of_a_known_name_by_common_or_alternative_name() {
    let authority = Authority::new();
    let Checked { server, .. } = checked(&authority, &["kube-apiserver", "apiserver.example"]).await;
    for caller in [authority.caller("kube-apiserver", "other.example"), authority.caller("other", "apiserver.example")]
    {
        let target = server.target.clone().showing(caller);
        for protocol in [Protocol::Http1, Protocol::Http2] {
            assert_reviews(&mut target.connect(protocol).await.unwrap(), "known").await;
        }
    }
}

#[tokio::test]
async fn takes_calls_of_any_name_where_none_is_asked_for() {
    let authority = Authority::new();
    let Checked { server, .. } = checked(&authority, &[]).await;
    let target = server.target.clone().showing(authority.caller("anybody", "anybody.example"));
    assert_reviews(&mut target.connect(Protocol::Http2).await.unwrap(), "known").await;
}

#[tokio::test]
async fn refuses_and_counts_unknown_callers_and_still_answers_probes() {
    let authority = Authority::new();
    let Checked { server, .. } = checked(&authority, &["kube-apiserver"]).await;
    assert_refused(&server, &server.target, "no-certificate").await;
    let unknown = Authority::new().caller("kube-apiserver", "apiserver.example");
    assert_refused(&server, &server.target.clone().showing(unknown), "untrusted").await;
    let misnamed = authority.caller("system:node:a", "node.example");
    assert_refused(&server, &server.target.clone().showing(misnamed), "wrong-name").await;
    for path in ["/livez", "/readyz", "/metrics"] {
        assert!(server.look(path).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn follows_the_file_of_authorities_and_keeps_the_last_good_ones() {
    let (first, second) = (Authority::new(), Authority::new());
    let Checked { server, file, _folder } = checked(&first, &[]).await;
    let target = |authority: &Authority| server.target.clone().showing(authority.caller("a", "a.example"));
    fs::write(&file, "junk").unwrap();
    sleep(Duration::from_millis(1_200)).await;
    call(&target(&first), &TLS13).await.unwrap();
    fs::write(&file, format!("{}{}", first.pem, second.pem)).unwrap();
    let taken = async {
        while call(&target(&second), &TLS13).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(TIMEOUT, taken).await.expect("the new authority is taken");
    call(&target(&first), &TLS13).await.unwrap();
}

#[tokio::test]
async fn does_not_start_without_a_usable_authority_of_callers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callers.crt");
    for (text, said) in [
        (None, "cannot be read"),
        (Some(""), "no certificate in it, expected the CAs of the callers as PEM"),
        (Some("junk"), "found something that is no certificate, expected the CAs of the callers as PEM"),
    ] {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let callers = Some(CallerCheck { authority: file.clone(), names: Vec::new() });
        let error = bind(ServerConfig { callers, ..config() }).await.err().unwrap();
        assert_eq!(error.to_string(), format!("{}: {said}", file.display()));
    }
}
