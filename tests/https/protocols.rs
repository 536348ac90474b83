//! Which TLS and HTTP versions are spoken, with which certificate, and for how large a review.

use quorate_webhook::{CertificateSource, ServeError, ServerConfig};
use rustls::version::{TLS12, TLS13};

use crate::running::{Running, assert_allowed, assert_reviews, bind, config, review};
use quorate_tests::client::Protocol;

#[tokio::test]
async fn serves_each_http_version_over_each_tls_version() {
    let server = Running::start(config()).await;
    for version in [&TLS12, &TLS13] {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let mut client = server.target.connect_with(protocol, &[version]).await.unwrap();
            for uid in ["one", "two"] {
                assert_reviews(&mut client, uid).await;
            }
        }
    }
}

#[tokio::test]
async fn prefers_http_2_and_falls_back_to_http_1_without_alpn() {
    let server = Running::start(config()).await;
    let negotiated = async |offered: &[&[u8]]| {
        let stream = server.target.handshake(offered, &[&TLS13]).await.unwrap();
        stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)
    };
    assert_eq!(negotiated(&[b"http/1.1", b"h2"]).await.as_deref(), Some(&b"h2"[..]));
    assert_eq!(negotiated(&[b"http/1.1"]).await.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(negotiated(&[]).await, None);
}

#[tokio::test]
async fn passes_two_objects_of_3_mib_over_each_http_version() {
    let server = Running::start(config()).await;
    let body = review("big", &"x".repeat(3 << 20));
    assert!(body.len() > 6 << 20);
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut client = server.target.connect(protocol).await.unwrap();
        assert_allowed(&client.post("/mutate", body.clone()).await.unwrap(), "big");
        assert_reviews(&mut client, "small").await;
    }
}

#[tokio::test]
async fn does_not_start_without_a_usable_certificate_or_port() {
    let nowhere = std::path::PathBuf::from("no-such-folder/tls.crt");
    let certificate = CertificateSource::Files { chain: nowhere.clone(), key: nowhere };
    let error = bind(ServerConfig { certificate, ..config() }).await.err().unwrap();
    assert_eq!(error.to_string(), "no-such-folder/tls.crt: cannot be read");

    let first = Running::start(config()).await;
    let listen = first.addresses.webhook;
    let error = bind(ServerConfig { listen, ..config() }).await.err().unwrap();
    assert!(matches!(error, ServeError::Bind { .. }));
    assert_eq!(error.to_string(), format!("`{listen}` cannot be listened on"));
}
