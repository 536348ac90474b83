//! Elections on a clock that the test moves, and against an API server that is a function.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use k8s_openapi::jiff::SignedDuration;
use kube::client::Body;
use tokio::task::JoinHandle;
use tower::service_fn;

use super::*;

const PATH: &str = "/apis/coordination.k8s.io/v1/namespaces/quorate-system/leases/quorate-leader";

/// The API server as far as a Lease needs it.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<ServerState>>);

#[derive(Default)]
struct ServerState {
    lease: Option<Value>,
    version: u64,
    answers: Answers,
    /// Somebody writes a label before the next patch arrives.
    edits: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Answers {
    #[default]
    Well,
    Busy,
    Never,
}

impl Server {
    fn client(&self) -> Client {
        let server = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        Client::new(service, "quorate-system")
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let answers = self.0.lock().unwrap().answers;
        if answers == Answers::Never {
            return pending().await;
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let (code, object) = match (answers, parts.method, parts.uri.path()) {
            (Answers::Busy, ..) => failure(500, "InternalError"),
            (_, Method::GET, "/api/v1/namespaces/quorate-system/services/quorate") => {
                (200, json!({"metadata": {"name": "quorate", "uid": "u"}}))
            }
            (_, Method::GET, PATH) => {
                self.0.lock().unwrap().lease.clone().map_or(failure(404, "NotFound"), |lease| (200, lease))
            }
            (_, Method::PATCH, PATH) => self.0.lock().unwrap().patch(&serde_json::from_slice(&body).unwrap()),
            (_, Method::POST, _) => self.0.lock().unwrap().create(serde_json::from_slice(&body).unwrap()),
            (_, method, path) => panic!("{method} {path}"),
        };
        let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
        response.body(Body::from(object.to_string().into_bytes())).unwrap()
    }

    fn set(&self, change: impl FnOnce(&mut ServerState)) {
        change(&mut self.0.lock().unwrap());
    }

    fn lease(&self) -> Value {
        self.0.lock().unwrap().lease.clone().unwrap()
    }
}

impl ServerState {
    fn store(&mut self, mut lease: Value) -> (u16, Value) {
        self.version += 1;
        lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.lease = Some(lease.clone());
        (200, lease)
    }

    fn create(&mut self, lease: Value) -> (u16, Value) {
        if self.lease.is_some() { failure(409, "AlreadyExists") } else { self.store(lease) }
    }

    fn patch(&mut self, patch: &Value) -> (u16, Value) {
        let Some(mut lease) = self.lease.clone() else { return failure(404, "NotFound") };
        if std::mem::take(&mut self.edits) {
            lease["metadata"]["labels"] = json!({"edited": "by hand"});
            lease = self.store(lease).1;
        }
        if patch["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"] {
            return failure(409, "Conflict");
        }
        json_patch::merge(&mut lease, patch);
        self.store(lease)
    }
}

fn failure(code: u16, reason: &str) -> (u16, Value) {
    (code, json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason}))
}

/// A replica that takes part.
struct Replica {
    leads: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Replica {
    fn start(server: &Server, identity: &str) -> Self {
        let config = ClusterConfig { identity: identity.to_owned(), ..ClusterConfig::in_namespace("quorate-system") };
        let (leads, stop) = (watch::Sender::new(false), watch::Sender::new(false));
        let listening = leads.subscribe();
        let task = tokio::spawn(run(server.client(), config, leads, stop.subscribe()));
        Self { leads: listening, stop, task }
    }

    fn leads(&self) -> bool {
        *self.leads.borrow()
    }

    /// How long it takes until it leads, or does so no longer.
    async fn until(&mut self, leads: bool) -> Duration {
        let began = Instant::now();
        self.leads.wait_for(|is| *is == leads).await.unwrap();
        began.elapsed()
    }

    /// Without a word, as by a power failure.
    fn die(self) {
        self.task.abort();
    }
}

fn held_by(identity: &str, renewed: Timestamp) -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "quorate-leader", "resourceVersion": "0"},
        "spec": {"holderIdentity": identity, "leaseDurationSeconds": 15, "renewTime": MicroTime(renewed), "leaseTransitions": 4}})
}

fn seconds(range: std::ops::RangeInclusive<u64>) -> std::ops::RangeInclusive<Duration> {
    Duration::from_secs(*range.start())..=Duration::from_secs(*range.end())
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_the_other_takes_over_when_it_dies() {
    let server = Server::default();
    let mut first = Replica::start(&server, "first");
    first.until(true).await;
    let mut second = Replica::start(&server, "second");
    sleep(Duration::from_secs(600)).await;
    assert!(first.leads() && !second.leads());
    first.die();
    let took = second.until(true).await;
    assert!(seconds(10..=17).contains(&took), "{took:?}");
    assert_eq!(server.lease()["spec"]["holderIdentity"], "second");
    assert_eq!(server.lease()["spec"]["leaseTransitions"], 1);
    assert_eq!(server.lease()["metadata"]["ownerReferences"][0]["name"], "quorate");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_keeps_nobody_from_leading() {
    for hours in [-1000, 1000] {
        let server = Server::default();
        let wrong = Timestamp::now() + SignedDuration::from_hours(hours);
        server.set(|state| drop(state.store(held_by("dead", wrong))));
        let took = Replica::start(&server, "well").until(true).await;
        assert!(seconds(15..=17).contains(&took), "{hours} h: {took:?}");
        assert_eq!(server.lease()["spec"]["leaseTransitions"], 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_clock_is_behind_stays_one() {
    let server = Server::default();
    let config = ClusterConfig { identity: "behind".to_owned(), ..ClusterConfig::in_namespace("quorate-system") };
    let mut behind = Candidate::new(server.client(), config, || Timestamp::now() - SignedDuration::from_hours(1000));
    let leads = watch::Sender::new(false);
    behind.turn(&leads).await;
    behind.turn(&leads).await;
    let other = Replica::start(&server, "other");
    for _ in 0..100 {
        let pause = behind.turn(&leads).await;
        assert!(*leads.borrow() && !other.leads());
        sleep(pause).await;
    }
}

#[tokio::test(start_paused = true)]
async fn never_two_lead_at_once() {
    for trouble in [Answers::Busy, Answers::Never] {
        let server = Server::default();
        let mut first = Replica::start(&server, "first");
        first.until(true).await;
        server.set(|state| state.answers = trouble);
        let took = first.until(false).await;
        assert!(took <= LEADS_FOR, "{took:?}");
        server.set(|state| state.answers = Answers::Well);
        assert!(first.until(true).await <= LEASE_DURATION + RETRY_INTERVAL);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_stops_gives_it_up() {
    let server = Server::default();
    let mut first = Replica::start(&server, "first");
    first.until(true).await;
    let mut second = Replica::start(&server, "second");
    first.stop.send_replace(true);
    first.task.await.unwrap();
    assert!(second.until(true).await <= RETRY_INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_or_edited_costs_nobody_the_lead() {
    let server = Server::default();
    let mut first = Replica::start(&server, "first");
    first.until(true).await;
    server.set(|state| state.edits = true);
    sleep(LEADS_FOR * 2).await;
    assert_eq!(server.lease()["metadata"]["labels"]["edited"], "by hand");
    assert!(first.leads());
    server.set(|state| state.lease = None);
    let lost = tokio::time::timeout(LEADS_FOR, first.leads.wait_for(|leads| !leads)).await;
    assert!(lost.is_err());
    assert_eq!(server.lease()["spec"]["holderIdentity"], "first");
}
