//! Requests to the API server, so many at a time, until they are stopped; every answer is kept as a client sees it that reads everything.
//! Judges no answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, WARNING};
use hyper::{Method, Request};
use kube::client::Body;
use kube::{Client, Error};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::control_plane::ControlPlane;
use crate::kube_client;
use crate::wait::{block_on, eventually};

/// What is to be asked.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    pub method: Method,
    /// With its query: `/apis/apps/v1/namespaces/…?dryRun=All`.
    pub path: String,
    /// A merge patch where the method is PATCH.
    pub body: Value,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct ApiResponse {
    pub status: u16,
    /// The object, or a `Status` that says why there is none.
    pub body: Value,
    /// The texts of its warnings.
    pub warnings: Vec<String>,
    /// By which the audit log names the request.
    pub audit_id: String,
}

/// The turn of the request, and its answer; an error says why none came.
pub type RequestResult = (usize, Result<ApiResponse, String>);

/// Requests that are sent until they are stopped.
#[derive(Debug)]
pub struct Requests {
    outcomes: Arc<Mutex<Vec<RequestResult>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Requests {
    /// To the first API server, as the administrator, that many at a time, each with a pause behind its answer. `ask` makes the request of
    /// each turn.
    #[must_use]
    pub fn start(
        plane: &ControlPlane,
        concurrency: usize,
        pause: Duration,
        ask: impl Fn(usize) -> ApiRequest + Send + Sync + 'static,
    ) -> Self {
        let (outcomes, stop) = (Arc::<Mutex<Vec<RequestResult>>>::default(), Arc::<AtomicBool>::default());
        let worker = Worker {
            ask: Arc::new(ask),
            turn: Arc::default(),
            pause,
            outcomes: Arc::clone(&outcomes),
            stop: Arc::clone(&stop),
        };
        let kubeconfig = plane.kubeconfig().to_owned();
        let thread = thread::spawn(move || {
            block_on(async move {
                let client = kube_client::of(&kubeconfig).await;
                let mut tasks = JoinSet::new();
                for _ in 0..concurrency {
                    tasks.spawn(worker.clone().run(client.clone()));
                }
                while tasks.join_next().await.is_some() {}
            });
        });
        Self { outcomes, stop, thread: Some(thread) }
    }

    /// So far.
    pub fn outcomes(&self) -> Vec<RequestResult> {
        lock(&self.outcomes).clone()
    }

    /// Waits until so many more were answered.
    #[track_caller]
    pub fn go_on_for(&self, count: usize) {
        let goal = lock(&self.outcomes).len() + count;
        eventually("the requests to go on", || match lock(&self.outcomes).len() {
            answered if answered >= goal => Ok(()),
            answered => Err(format!("{answered} of {goal}")),
        });
    }

    /// Ends them, and gives all that was answered.
    #[must_use]
    pub fn stop(mut self) -> Vec<RequestResult> {
        self.end();
        self.outcomes()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.end();
    }
}

#[derive(Clone)]
struct Worker {
    ask: Arc<dyn Fn(usize) -> ApiRequest + Send + Sync>,
    turn: Arc<AtomicUsize>,
    pause: Duration,
    outcomes: Arc<Mutex<Vec<RequestResult>>>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    async fn run(self, client: Client) {
        while !self.stop.load(Ordering::SeqCst) {
            let turn = self.turn.fetch_add(1, Ordering::SeqCst);
            let answer = answer(&client, (self.ask)(turn)).await.map_err(|error| error.to_string());
            lock(&self.outcomes).push((turn, answer));
            tokio::time::sleep(self.pause).await;
        }
    }
}

async fn answer(client: &Client, asked: ApiRequest) -> Result<ApiResponse, Error> {
    let kind = if asked.method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let request = Request::builder().method(asked.method).uri(asked.path).header(CONTENT_TYPE, kind);
    let request = request.body(Body::from(asked.body.to_string().into_bytes())).expect("a request");
    let (head, body) = client.send(request).await?.into_parts();
    let bytes = body.collect_bytes().await?;
    Ok(ApiResponse {
        status: head.status.as_u16(),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        warnings: warnings(&head.headers),
        audit_id: head.headers.get("Audit-Id").map(text).unwrap_or_default(),
    })
}

impl ApiResponse {
    /// What a `Status` says.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// Whether a warning of this rule stands beside it.
    pub fn warns_of(&self, rule: &str) -> bool {
        self.warnings.iter().any(|warning| warning.starts_with(&format!("{rule}: ")))
    }
}

/// `299 - "the text, with \" and \\"` (RFC 7234, section 5.5).
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let quoted = |header: &HeaderValue| {
        let header = text(header);
        let quoted = header.split_once('"').map(|(_, rest)| rest.trim_end_matches('"'));
        quoted.unwrap_or(&header).replace("\\\"", "\"").replace("\\\\", "\\")
    };
    headers.get_all(WARNING).iter().map(quoted).collect()
}

fn text(header: &HeaderValue) -> String {
    String::from_utf8_lossy(header.as_bytes()).into_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
