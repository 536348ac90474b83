//! A server on free ports of the loopback, and a client's view of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use hyper::StatusCode;
use quorate_engine::{BreakGlass, PolicySet};
use quorate_fixtures::review;
use quorate_webhook::{Addresses, BoundServer, ReviewSources, ServeError, Server, ServerConfig};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use quorate_tests::client::{Client, Protocol, Target};

/// Longer than anything here takes, on the slowest machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) target: Target,
    pub(crate) addresses: Addresses,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<Result<(), ServeError>>,
}

/// Free ports, no policies, no grace.
pub(crate) fn config() -> ServerConfig {
    let mut config = ServerConfig { grace: Duration::ZERO, ..ServerConfig::default() };
    config.listen.set_port(0);
    config.metrics_listen.set_port(0);
    config
}

pub(crate) async fn bind(config: ServerConfig) -> Result<BoundServer, ServeError> {
    let policies = Arc::new(PolicySet::new(Vec::new(), BreakGlass::default()).unwrap());
    Server::bind(config, policies, ReviewSources::default(), OffsetDateTime::now_utc).await
}

impl Running {
    pub(crate) async fn start(config: ServerConfig) -> Self {
        let bound = bind(config).await.unwrap();
        let authority = bound.authority().expect("a certificate of its own");
        Self::run(bound, &authority)
    }

    pub(crate) fn run(bound: BoundServer, authority: &str) -> Self {
        let addresses = bound.addresses();
        let target = Target::new(addresses.webhook, authority).unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(bound.run(async { stopped.await.unwrap_or_default() }));
        Self { target, addresses, stop: Some(stop), server }
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take().expect("stopped once").send(()).expect("the server runs");
    }

    pub(crate) async fn outcome(self) -> Result<(), ServeError> {
        timeout(TIMEOUT, self.server).await.expect("the server stops").unwrap()
    }

    /// Fails where a new client is not served at once.
    pub(crate) async fn assert_serves(&self) {
        let mut client = self.target.connect(Protocol::Http2).await.unwrap();
        assert_reviews(&mut client, "next").await;
    }

    /// The whole answer, head and body, to a GET on the second port.
    pub(crate) async fn look(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.addresses.metrics).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(TIMEOUT, stream.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        answer
    }
}

/// A review of something that no policy knows, with this text in its object.
pub(crate) fn review(uid: &str, text: &str) -> String {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "db"},
        "data": {"text": text},
    });
    let mut review = review::of_change(Some(&map), Some(&map));
    review["request"]["uid"] = json!(uid);
    review.to_string()
}

#[track_caller]
pub(crate) fn assert_allowed(answer: &(StatusCode, Bytes), uid: &str) {
    let body: Value = serde_json::from_slice(&answer.1).unwrap();
    assert_eq!((answer.0, &body["response"]), (StatusCode::OK, &json!({"uid": uid, "allowed": true})));
}

pub(crate) async fn assert_reviews(client: &mut Client, uid: &str) {
    let answer = timeout(TIMEOUT, client.post("/validate?timeout=10s", review(uid, ""))).await;
    assert_allowed(&answer.expect("an answer in time").unwrap(), uid);
}
