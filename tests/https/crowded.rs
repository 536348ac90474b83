//! All connections held by clients that keep them: incomplete heads and prefaces, slow readers. The next one is served all the same.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::channel::Channel;
use hyper::client::conn::http2;
use hyper::{Request, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use quorate_webhook::{ServerConfig, ServerLimits};
use rustls::version::TLS13;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use crate::running::{Running, TIMEOUT, assert_reviews, config, review};
use quorate_tests::client::{Client, Protocol, Target};

const CONNECTIONS: usize = 24;
/// What a caller may have to wait for an answer, whoever else holds the connections.
const SOON: Duration = Duration::from_secs(1);
/// Far longer than the test: whoever goes has not gone by himself.
const NEVER: Duration = Duration::from_secs(600);

const HTTP_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";
const HALF_HEAD: &[u8] = b"POST /validate HTTP/1.1\r\nX-a: ";
const HALF_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

fn crowded() -> ServerConfig {
    let limits = ServerLimits {
        connections: CONNECTIONS,
        head: NEVER,
        handshake: NEVER,
        idle: NEVER,
        ..ServerLimits::default()
    };
    ServerConfig { limits, ..config() }
}

/// A connection on which that much was sent after the handshake.
async fn begun(target: &Target, alpn: &[u8], sent: &[u8]) -> TlsStream<TcpStream> {
    let mut stream = target.handshake(&[alpn], &[&TLS13]).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream.flush().await.unwrap();
    stream
}

async fn assert_answers_soon(server: &Running, protocol: Protocol) -> Client {
    let asked = async {
        let mut client = server.target.connect(protocol).await.unwrap();
        assert_reviews(&mut client, "next").await;
        client
    };
    timeout(SOON, asked).await.expect("an answer within a second")
}

async fn open(server: &Running) -> String {
    let text = server.look("/metrics").await;
    let line = text.lines().find(|line| line.starts_with("quorate_connections ")).unwrap();
    line.to_owned()
}

async fn await_all_held(server: &Running) {
    let wanted = format!("quorate_connections {CONNECTIONS}");
    let held = async {
        while open(server).await != wanted {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TIMEOUT, held).await.expect("all connections held");
}

#[tokio::test]
async fn half_heads_and_half_prefaces_give_way() {
    for (alpn, sent) in [(HTTP_1, HALF_HEAD), (HTTP_2, HALF_PREFACE), (HTTP_1, b""), (HTTP_2, b"")] {
        let server = Running::start(crowded()).await;
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            held.push(begun(&server.target, alpn, sent).await);
        }
        await_all_held(&server).await;
        for protocol in [Protocol::Http1, Protocol::Http2] {
            assert_answers_soon(&server, protocol).await;
        }
        assert!(server.look("/readyz").await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn clients_that_never_begin_their_handshake_give_way() {
    let server = Running::start(crowded()).await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        held.push(TcpStream::connect(server.target.address).await.unwrap());
    }
    await_all_held(&server).await;
    assert_answers_soon(&server, Protocol::Http2).await;
}

#[tokio::test]
async fn slow_readers_give_way() {
    let server = Running::start(crowded()).await;
    let whole = review("slow", "");
    let head = format!(
        "POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        whole.len()
    );
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS / 2 {
        held.push(begun(&server.target, HTTP_1, format!("{head}{whole}").as_bytes()).await);
    }
    let mut windowless = JoinSet::new();
    for _ in 0..CONNECTIONS - held.len() {
        windowless.spawn(read_nothing(server.target.clone(), whole.clone()));
    }
    let reviewed = async {
        let line = format!(r#"quorate_reviews_total{{path="/validate",verdict="allowed",matched="no"}} {CONNECTIONS}"#);
        while !server.look("/metrics").await.contains(&line) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TIMEOUT, reviewed).await.expect("every slow reader's request is answered");
    await_all_held(&server).await;
    for protocol in [Protocol::Http2, Protocol::Http1] {
        assert_answers_soon(&server, protocol).await;
    }
}

/// Over HTTP/2 with a window of nothing: the answer's body can never be sent.
async fn read_nothing(target: Target, body: String) {
    let stream = TokioIo::new(target.handshake(&[HTTP_2], &[&TLS13]).await.unwrap());
    let mut client = http2::Builder::new(TokioExecutor::new());
    client.initial_stream_window_size(0);
    let (mut sender, connection) = client.handshake::<_, Body>(stream).await.unwrap();
    let request = Request::post("https://localhost/validate").header(header::CONTENT_TYPE, "application/json");
    let answer = sender.send_request(request.body(Body::from(body)).unwrap());
    let (_answer, _) = tokio::join!(answer, connection);
}

/// The API server's connection is never the one that goes while another has asked for nothing yet.
#[tokio::test]
async fn a_connection_that_is_used_stays_while_half_heads_come_and_go() {
    let server = Running::start(crowded()).await;
    let mut used = assert_answers_soon(&server, Protocol::Http2).await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        held.push(begun(&server.target, HTTP_1, HALF_HEAD).await);
        sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..CONNECTIONS {
        held.push(begun(&server.target, HTTP_2, HALF_PREFACE).await);
        assert_reviews(&mut used, "same-connection").await;
    }
    assert!(server.look("/metrics").await.contains(r#"quorate_closed_connections_total{reason="displaced"}"#));
}

#[tokio::test]
async fn a_head_that_never_comes_to_its_end_is_not_waited_for() {
    let limits = ServerLimits { head: Duration::from_millis(200), idle: NEVER, ..ServerLimits::default() };
    let server = Running::start(ServerConfig { limits, ..config() }).await;
    let mut held = Vec::new();
    for (alpn, sent) in [(HTTP_1, HALF_HEAD), (HTTP_2, HALF_PREFACE), (HTTP_1, b""), (HTTP_2, b"")] {
        held.push(begun(&server.target, alpn, sent).await);
    }
    // A later head, behind a whole request.
    let first = "GET /validate HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut later = begun(&server.target, HTTP_1, first.as_bytes()).await;
    let mut answer = [0; 12];
    later.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 405");
    later.write_all(HALF_HEAD).await.unwrap();
    held.push(later);
    let count = held.len();
    for mut stream in held {
        let mut rest = Vec::new();
        let _ = timeout(TIMEOUT, stream.read_to_end(&mut rest)).await.expect("the server closes the connection");
    }
    let line = format!(r#"quorate_closed_connections_total{{reason="late"}} {count}"#);
    assert!(server.look("/metrics").await.contains(&line));
}

/// Here every connection has a review under way, so nobody can give way.
#[tokio::test]
async fn says_that_it_is_not_ready_while_newcomers_wait_in_vain() {
    let limits = ServerLimits { connections: 1, receive: NEVER, ..ServerLimits::default() };
    let server = Running::start(ServerConfig { limits, ..config() }).await;
    let mut client = server.target.connect(Protocol::Http2).await.unwrap();
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
    let under_way = tokio::spawn(async move { client.post("/validate?timeout=30s", Body::new(body)).await });
    sender.send_data(Bytes::from_static(b" ")).await.unwrap();
    let target = server.target.clone();
    let waits = tokio::spawn(async move { target.connect(Protocol::Http1).await });
    let comes_to_say = async |status: &str| {
        let said = async {
            while !server.look("/readyz").await.starts_with(status) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(TIMEOUT, said).await.expect(status);
    };
    comes_to_say("HTTP/1.1 503").await;
    assert!(server.look("/readyz").await.contains("not ready: no connection can be taken"));
    under_way.abort();
    timeout(TIMEOUT, waits).await.expect("the newcomer is taken").unwrap().unwrap();
    comes_to_say("HTTP/1.1 200").await;
}
