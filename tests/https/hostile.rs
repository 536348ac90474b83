//! Clients that break the rules of TLS or HTTP, or take more than their share; the next one is served.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::channel::Channel;
use hyper::StatusCode;
use quorate_webhook::{ServerConfig, ServerLimits};
use rustls::version::TLS13;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::running::{Running, TIMEOUT, assert_reviews, config, review};
use quorate_tests::client::Protocol;

fn with(limits: ServerLimits) -> ServerConfig {
    ServerConfig { limits, ..config() }
}

/// Fails unless the server ends this connection.
async fn assert_closed(mut stream: impl AsyncReadExt + Unpin) {
    let mut rest = Vec::new();
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut rest)).await.expect("the server closes the connection");
}

#[tokio::test]
async fn survives_what_is_not_tls() {
    let server = Running::start(config()).await;
    for noise in [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0xff; 4096], &[0x16, 0x03, 0x01, 0xff, 0xff]] {
        let mut stream = TcpStream::connect(server.target.address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_closed(stream).await;
        server.assert_serves().await;
    }
    assert!(server.look("/metrics").await.contains("quorate_failed_handshakes_total 3"));
}

#[tokio::test]
async fn ends_a_handshake_that_never_comes() {
    let server =
        Running::start(with(ServerLimits { handshake: Duration::from_millis(50), ..ServerLimits::default() })).await;
    assert_closed(TcpStream::connect(server.target.address).await.unwrap()).await;
    server.assert_serves().await;
}

#[tokio::test]
async fn ends_connections_that_stay_silent() {
    let brief = Duration::from_millis(200);
    let server = Running::start(with(ServerLimits { idle: brief, ..ServerLimits::default() })).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut client = server.target.connect(protocol).await.unwrap();
        assert_reviews(&mut client, "only").await;
        let closed = async {
            while client.post("/validate", review("u", "")).await.is_ok() {
                sleep(brief * 3).await
            }
        };
        timeout(TIMEOUT, closed).await.expect("the server closes the connection");
    }
    server.assert_serves().await;
    assert!(server.look("/metrics").await.contains(r#"quorate_closed_connections_total{reason="idle"} 2"#));
}

#[tokio::test]
async fn turns_away_what_is_too_large_while_it_still_arrives() {
    let server = Running::start(ServerConfig { body_limit: 64 << 10, ..config() }).await;
    let mut client = server.target.connect(Protocol::Http2).await.unwrap();
    let (status, body) = client.post("/validate", review("big", &"x".repeat(1 << 20))).await.unwrap();
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(&body[..], br#"{"error":"the body is longer than 65536 bytes"}"#);
    assert_reviews(&mut client, "same-connection").await;
    server.assert_serves().await;
}

#[tokio::test]
async fn turns_away_heads_that_are_too_large() {
    let server = Running::start(config()).await;
    let mut stream = server.target.handshake(&[b"http/1.1"], &[&TLS13]).await.unwrap();
    let long = "a".repeat(64 << 10);
    let head = format!("POST /validate HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut answer)).await.expect("the server answers");
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    server.assert_serves().await;

    let mut client = server.target.connect(Protocol::Http2).await.unwrap();
    let outcome = client.post(&format!("/validate?{long}"), review("u", "")).await;
    assert!(outcome.is_err() || outcome.is_ok_and(|(status, _)| status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    server.assert_serves().await;
}

#[tokio::test]
async fn gives_up_on_a_body_that_stops_and_keeps_serving() {
    let server =
        Running::start(with(ServerLimits { receive: Duration::from_millis(50), ..ServerLimits::default() })).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut client = server.target.connect(protocol).await.unwrap();
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        sender.send_data(Bytes::from_static(b"{\"kind\":")).await.unwrap();
        let answer = timeout(TIMEOUT, client.post("/validate", Body::new(body))).await.expect("an answer");
        assert_eq!(answer.unwrap().0, StatusCode::REQUEST_TIMEOUT);
        server.assert_serves().await;
    }
}

#[tokio::test]
async fn forgets_a_client_that_leaves_in_the_middle() {
    let server = Running::start(with(ServerLimits { in_flight: 1, ..ServerLimits::default() })).await;
    let mut stream = server.target.handshake(&[b"http/1.1"], &[&TLS13]).await.unwrap();
    let head =
        "POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    drop(stream);
    let served = async {
        let mut client = server.target.connect(Protocol::Http2).await.unwrap();
        while client.post("/validate", review("next", "")).await.unwrap().0 != StatusCode::OK {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(TIMEOUT, served).await.expect("the only place is free again");
    assert!(server.look("/metrics").await.contains("quorate_reviews_in_flight 0"));
}
