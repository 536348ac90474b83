//! Where the served certificate comes from, and that it is replaced while requests are served.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quorate_certs::{Authority, Issued, ServingCertificate, Validity};
use quorate_webhook::{CertificateHandle, CertificateSource, ServerConfig};
use rustls::version::TLS13;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout};

use crate::running::{Running, TIMEOUT, assert_reviews, bind, config};
use quorate_tests::client::Protocol;

fn validity() -> Validity {
    Validity::starting(OffsetDateTime::now_utc(), time::Duration::days(1))
}

fn authority() -> Authority {
    Authority::issue(validity()).unwrap()
}

fn leaf(authority: &Authority) -> Issued {
    authority.leaf(&["127.0.0.1".to_owned()], validity()).unwrap()
}

/// The mount of a Secret as a kubelet keeps it: `tls.crt` -> `..data/tls.crt`, `..data` -> a folder, swapped by a rename.
struct Mount(TempDir);

impl Mount {
    fn new(issued: &Issued) -> Self {
        let mount = Self(tempfile::tempdir().unwrap());
        mount.swap("..0", issued);
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), mount.path(name)).unwrap();
        }
        mount
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn swap(&self, version: &str, issued: &Issued) {
        fs::create_dir(self.path(version)).unwrap();
        fs::write(self.path(version).join("tls.crt"), &issued.certificate).unwrap();
        fs::write(self.path(version).join("tls.key"), &issued.key).unwrap();
        symlink(version, self.path("..data_tmp")).unwrap();
        let before = fs::read_link(self.path("..data"));
        fs::rename(self.path("..data_tmp"), self.path("..data")).unwrap();
        if let Ok(before) = before {
            fs::remove_dir_all(self.path(before.to_str().unwrap())).unwrap();
        }
    }

    fn source(&self) -> CertificateSource {
        CertificateSource::Files { chain: self.path("tls.crt"), key: self.path("tls.key") }
    }
}

impl Running {
    async fn with(certificate: CertificateSource, authority: &Authority) -> Self {
        let bound = bind(ServerConfig { certificate, ..config() }).await.unwrap();
        assert_eq!(bound.authority(), None);
        Self::run(bound, &authority.anchor().to_pem())
    }

    async fn served(&self) -> Vec<u8> {
        let stream = self.target.handshake(&[b"h2"], &[&TLS13]).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    async fn assert_comes_to_serve(&self, issued: &Issued) {
        let wanted = der(issued);
        let served = async {
            while self.served().await != wanted {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(TIMEOUT, served).await.expect("the new certificate is served");
    }

    async fn assert_comes_to_show(&self, line: &str) {
        let shown = async {
            while !self.look("/metrics").await.contains(line) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(TIMEOUT, shown).await.expect(line);
    }
}

fn der(issued: &Issued) -> Vec<u8> {
    ServingCertificate::from_issued(issued).unwrap().der().to_vec()
}

#[tokio::test]
async fn follows_its_files_through_many_swaps_and_fails_no_call() {
    let authority = authority();
    let mount = Mount::new(&leaf(&authority));
    let server = Running::with(mount.source(), &authority).await;
    let target = server.target.clone();
    let load = tokio::spawn(async move {
        let mut open = target.connect(Protocol::Http2).await.unwrap();
        loop {
            assert_reviews(&mut open, "open").await;
            assert_reviews(&mut target.connect(Protocol::Http1).await.unwrap(), "new").await;
        }
    });
    for version in 1..=5 {
        let issued = leaf(&authority);
        mount.swap(&format!("..{version}"), &issued);
        server.assert_comes_to_serve(&issued).await;
    }
    // Faster than anybody looks.
    let mut last = leaf(&authority);
    for version in 6..=60 {
        last = leaf(&authority);
        mount.swap(&format!("..{version}"), &last);
    }
    server.assert_comes_to_serve(&last).await;
    assert!(!load.is_finished(), "a call failed");
    load.abort();
    assert!(server.look("/metrics").await.contains("quorate_certificate_not_after_seconds"));
    assert!(!server.look("/metrics").await.contains(r#"outcome="refused""#));
}

#[tokio::test]
async fn keeps_the_last_good_certificate_while_its_files_are_broken() {
    let authority = authority();
    let good = leaf(&authority);
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
    write(&chain, &good.certificate);
    write(&key, &good.key);
    let server = Running::with(CertificateSource::Files { chain: chain.clone(), key: key.clone() }, &authority).await;

    let next = leaf(&authority);
    write(&chain, &next.certificate);
    server.assert_comes_to_show(r#"quorate_certificate_changes_total{outcome="refused"} 1"#).await;
    write(&chain, &next.certificate[..200]);
    server.assert_comes_to_show(r#"quorate_certificate_changes_total{outcome="refused"} 2"#).await;
    fs::remove_file(&key).unwrap();
    server.assert_comes_to_show(r#"quorate_certificate_changes_total{outcome="refused"} 3"#).await;
    assert_eq!(server.served().await, der(&good));
    assert!(server.look("/readyz").await.starts_with("HTTP/1.1 200"));

    write(&chain, &next.certificate);
    write(&key, &next.key);
    server.assert_comes_to_serve(&next).await;
}

#[tokio::test]
async fn issues_its_own_certificate_again_in_time_by_the_same_ca() {
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateSource::Own { names, life: time::Duration::seconds(6) };
    let server = Running::start(ServerConfig { certificate, ..config() }).await;
    let first = server.served().await;
    let started = Instant::now();
    let mut last = first.clone();
    let mut renewals = 0;
    while renewals < 2 {
        assert!(started.elapsed() < TIMEOUT, "{renewals} renewals");
        server.assert_serves().await;
        assert!(server.look("/readyz").await.starts_with("HTTP/1.1 200"));
        let served = server.served().await;
        renewals += usize::from(served != last);
        last = served;
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn serves_what_it_is_handed_from_outside_and_nothing_before() {
    let authority = authority();
    let handle = CertificateHandle::new();
    let server = Running::with(CertificateSource::Handle(handle.clone()), &authority).await;
    assert!(server.target.connect(Protocol::Http2).await.is_err());
    assert!(server.look("/readyz").await.contains("not ready: no certificate yet"));
    for _ in 0..3 {
        let issued = leaf(&authority);
        handle.set(ServingCertificate::from_issued(&issued).unwrap());
        assert_eq!(server.served().await, der(&issued));
        server.assert_serves().await;
    }
    assert!(server.look("/readyz").await.starts_with("HTTP/1.1 200"));
}
