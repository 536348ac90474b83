//! How long a request may take, what is asked again, and what a watch makes of a server that fails. The server is a function here, and the
//! clock is tokio's; a real one behind a real network is in `tests/cluster/tests/cut_off.rs`.

use std::sync::{Arc, Mutex};

use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};
use kube::api::PostParams;
use kube::{Api, Error};
use serde_json::{Value, json};
use tokio::time::{advance, timeout};

use super::*;
use crate::watch::{STALE_AFTER, WatchHandle, WatchHealth};

const LIMIT: Duration = Duration::from_secs(5);

/// What the server does with a request.
enum ServerBehaviour {
    Says(u16, Value),
    /// The head of an answer, and then nothing.
    Begins,
    Nothing,
}

/// A client of that server, and the paths that were asked for.
fn client(
    version: Version,
    server: impl Fn(&str) -> ServerBehaviour + Clone + Send + 'static,
) -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<Body>| {
        let line = format!("{} {}", request.method(), request.uri());
        let does = server(&line);
        log.lock().unwrap().push(line);
        async move {
            let (status, body) = match does {
                ServerBehaviour::Says(status, body) => {
                    (status, Full::new(Bytes::from(body.to_string())).map_err(BoxError::from).boxed_unsync())
                }
                ServerBehaviour::Begins => (200, StreamBody::new(futures_util::stream::pending()).boxed_unsync()),
                ServerBehaviour::Nothing => std::future::pending().await,
            };
            let mut answer = Response::new(body);
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            *answer.version_mut() = version;
            Ok::<BoundedResponse, BoxError>(answer)
        }
    });
    (Client::new(Bounded { service, limit: LIMIT, requester: Requester::default() }, "default"), asked)
}

fn list() -> ServerBehaviour {
    ServerBehaviour::Says(
        200,
        json!({ "metadata": { "resourceVersion": "7" }, "items": [{ "metadata": { "name": "a", "namespace": "db" } }] }),
    )
}

fn refusal(status: u16) -> ServerBehaviour {
    ServerBehaviour::Says(
        status,
        json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": "not now" }),
    )
}

fn maps(client: Client) -> Api<ConfigMap> {
    Api::namespaced(client, "db")
}

#[tokio::test(start_paused = true)]
async fn every_request_ends_in_time_and_says_what_it_was_for() {
    let servers: [fn(&str) -> ServerBehaviour; 2] = [|_| ServerBehaviour::Nothing, |_| ServerBehaviour::Begins];
    for does in servers {
        let (client, _) = client(Version::HTTP_2, does);
        let from = Instant::now();
        let error = maps(client).get("peers").await.unwrap_err();
        assert_eq!(from.elapsed(), LIMIT);
        let told = "no answer of the API server within 5 s to GET /api/v1/namespaces/db/configmaps/peers";
        assert!(error.to_string().ends_with(told), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_now_is_asked_for_again_while_there_is_time() {
    for status in [429, 503, 504] {
        let (client, asked) = client(Version::HTTP_2, move |_| refusal(status));
        let from = Instant::now();
        let error = maps(client).get("peers").await.unwrap_err();
        assert!(matches!(error, Error::Api(told) if told.code == status));
        assert!(from.elapsed() < LIMIT);
        assert_eq!(asked.lock().unwrap().len(), 6, "at 0, 0.1, 0.3, 0.7, 1.5 and 3.1 s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_and_a_failure_of_another_kind_are_told_at_once() {
    let (server, asked) = client(Version::HTTP_2, |line| refusal(if line.starts_with("GET") { 500 } else { 503 }));
    maps(server.clone()).get("peers").await.unwrap_err();
    maps(server).create(&PostParams::default(), &ConfigMap::default()).await.unwrap_err();
    assert_eq!(asked.lock().unwrap().len(), 2);
}

/// What a watch of claims keeps to while the server does that.
fn follow(client: Client) -> (WatchHandle, tokio::task::JoinHandle<()>) {
    let watched = WatchHandle::new("PersistentVolumeClaims");
    let own = watched.clone();
    let task =
        tokio::spawn(async move { match own.follow(Api::<PersistentVolumeClaim>::all(client), None, |_| {}).await {} });
    (watched, task)
}

async fn await_open(watched: &WatchHandle, limit: Duration) {
    let open = async {
        while watched.health() != WatchHealth::Open {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(limit, open).await.expect("the watch is open");
    assert!(watched.is_reliable());
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_open_again_ten_seconds_after_four_minutes_of_any_failure() {
    const WELL: Duration = Duration::from_secs(240);
    let failures: [fn() -> ServerBehaviour; 5] =
        [|| refusal(429), || refusal(503), || refusal(500), || ServerBehaviour::Nothing, || ServerBehaviour::Begins];
    for failure in failures {
        let begun = Instant::now();
        let server = move |line: &str| match begun.elapsed() < WELL {
            true => failure(),
            false if line.contains("watch=true") => ServerBehaviour::Begins,
            false => list(),
        };
        let (client, _) = client(Version::HTTP_2, server);
        let (watched, task) = follow(client);
        sleep(WELL - Duration::from_millis(1)).await;
        assert!(!watched.is_reliable());
        await_open(&watched, STALE_AFTER).await;
        task.abort();
    }
}

/// A watch that is open when the server goes silent: over HTTP/1.1 it ends by itself, and none can be opened.
#[tokio::test(start_paused = true)]
async fn over_http_1_a_silent_server_is_found_out_within_ten_seconds() {
    let begun = Instant::now();
    let silent = Duration::from_secs(60);
    let server = move |line: &str| match line.contains("watch=true") {
        _ if begun.elapsed() >= silent => ServerBehaviour::Nothing,
        true => ServerBehaviour::Begins,
        false => list(),
    };
    let (client, asked) = client(Version::HTTP_11, server);
    let (watched, task) = follow(client);
    await_open(&watched, STALE_AFTER).await;
    sleep(silent - Duration::from_secs(1)).await;
    assert!(watched.is_reliable());
    sleep(STALE_AFTER + Duration::from_secs(1)).await;
    assert!(!watched.is_reliable());
    let lists = asked.lock().unwrap().iter().filter(|line| !line.contains("watch=true")).count();
    assert!(lists <= 2, "{lists} lists");
    task.abort();
}

/// Its connection is asked: an HTTP/2 ping.
#[tokio::test(start_paused = true)]
async fn over_http_2_a_watch_stays_open() {
    let server = |line: &str| if line.contains("watch=true") { ServerBehaviour::Begins } else { list() };
    let (client, asked) = client(Version::HTTP_2, server);
    let (watched, task) = follow(client);
    await_open(&watched, STALE_AFTER).await;
    for _ in 0..60 {
        advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!((watched.health(), asked.lock().unwrap().len()), (WatchHealth::Open, 2));
    task.abort();
}
