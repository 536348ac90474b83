//! The second port, and the order in which a server stops.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::channel::Channel;
use quorate_webhook::{ServeError, ServerConfig};
use rustls::version::TLS13;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::running::{Running, TIMEOUT, assert_allowed, assert_reviews, config, review};
use quorate_tests::client::Protocol;

#[tokio::test]
async fn answers_probes_and_scrapes_on_the_second_port() {
    let server = Running::start(config()).await;
    server.assert_serves().await;
    for (path, wanted) in [("/livez", "ok"), ("/readyz", "ok"), ("/metrics", "quorate_reviews_total{")] {
        let answer = server.look(path).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(wanted), "{answer}");
    }
    assert!(server.look("/validate").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn stops_at_once_when_nothing_is_under_way() {
    let mut server = Running::start(config()).await;
    let mut idle = server.target.connect(Protocol::Http2).await.unwrap();
    assert_reviews(&mut idle, "before").await;
    server.stop();
    let address = server.target.address;
    server.outcome().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn is_unready_first_and_still_serves_during_its_grace() {
    let mut server = Running::start(ServerConfig { grace: Duration::from_secs(1), ..config() }).await;
    assert!(server.look("/readyz").await.starts_with("HTTP/1.1 200"));
    server.stop();
    let unready = async {
        while !server.look("/readyz").await.contains("not ready: stopping") {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TIMEOUT, unready).await.expect("unready");
    server.assert_serves().await;
    server.outcome().await.unwrap();
}

#[tokio::test]
async fn lets_a_review_under_way_end() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut server = Running::start(config()).await;
        let mut client = server.target.connect(protocol).await.unwrap();
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        let answer = tokio::spawn(async move { client.post("/validate", Body::new(body)).await });
        sender.send_data(Bytes::from_static(b" ")).await.unwrap();
        let under_way = async {
            while !server.look("/metrics").await.contains("quorate_reviews_in_flight 1") {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(TIMEOUT, under_way).await.expect("a review under way");

        server.stop();
        let refused = async {
            while TcpStream::connect(server.target.address).await.is_ok() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(TIMEOUT, refused).await.expect("no new connections");
        sender.send_data(Bytes::from(review("last", ""))).await.unwrap();
        drop(sender);
        assert_allowed(&answer.await.unwrap().unwrap(), "last");
        server.outcome().await.unwrap();
    }
}

#[tokio::test]
async fn cuts_what_does_not_end_within_the_drain() {
    let mut server = Running::start(ServerConfig { drain: Duration::from_millis(100), ..config() }).await;
    let mut client = server.target.connect(Protocol::Http2).await.unwrap();
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
    let answer = tokio::spawn(async move { client.post("/validate", Body::new(body)).await });
    sender.send_data(Bytes::from_static(b" ")).await.unwrap();
    let silent = server.target.handshake(&[b"http/1.1"], &[&TLS13]).await.unwrap();
    while !server.look("/metrics").await.contains("quorate_reviews_in_flight 1") {
        sleep(Duration::from_millis(5)).await;
    }
    server.stop();
    let outcome = server.outcome().await;
    assert!(matches!(outcome, Err(ServeError::Cut { connections: 1, .. })), "{outcome:?}");
    assert!(answer.await.unwrap().is_err());
    drop(silent);
}
