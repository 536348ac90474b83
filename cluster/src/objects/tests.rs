//! Which answers come from the cache, which from the API server, and what an error is.
//! The API server is a function here; the real one is asked in `tests/`.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request as HttpRequest, Response, StatusCode};
use kube::client::Body;
use kube::runtime::watcher::Event;
use kubernetes::lookup::{Lookup, ObjectVersion};
use kubernetes::related::{Reason, Related};
use kubernetes::request::Dependency;
use serde_json::{Value, json};
use tower::service_fn;

use super::*;
use crate::sets::tests::after;
use crate::stored::tests::set;

const RQLITE: &str = "rqlite/rqlite:9.1.3";

/// Answers with what stands under the path, 404 for anything else, 500 for `broken`. Remembers what was asked.
struct Server {
    asked: Arc<Mutex<Vec<String>>>,
    objects: ClusterObjects,
}

async fn server(objects: Value) -> Server {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let service = service_fn(move |request: HttpRequest<Body>| {
        let path = request.uri().path().to_owned();
        log.lock().unwrap().push(path.clone());
        let (code, body) = match objects.get(&path) {
            Some(Value::String(_)) => (500, json!({"kind": "Status", "code": 500, "message": "broken"})),
            Some(object) => (200, object.clone()),
            None => (404, json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "none"})),
        };
        let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
        let response = response.body(Body::from(body.to_string().into_bytes())).unwrap();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let client = Client::new(service, "default");
    let cached = vec![Event::Init, Event::InitApply(set("rqlite", RQLITE, "7")), Event::InitDone];
    Server { asked, objects: ClusterObjects::new(client, after(cached)) }
}

impl Server {
    async fn get(&self, of: &Lookup) -> Related<Document> {
        self.objects.get(of).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn counted(&self, source: &'static str) -> u64 {
        self.objects.lookups.0.get_or_create(&SourceLabel { source }).get()
    }
}

fn scale_of(name: &str, uid: &str, version: &str) -> Lookup {
    let version = ObjectVersion { uid: uid.to_owned(), resource_version: version.to_owned() };
    Lookup::Object {
        group: "apps".to_owned(),
        kind: "StatefulSet".to_owned(),
        namespace: "db".to_owned(),
        name: name.to_owned(),
        version: Some(version),
    }
}

fn target(kind: &str) -> Lookup {
    Lookup::Object {
        group: String::new(),
        kind: kind.to_owned(),
        namespace: "db".to_owned(),
        name: "rqlite".to_owned(),
        version: None,
    }
}

fn eviction_of(pod: &str) -> Lookup {
    Lookup::ControllerOf { namespace: "db".to_owned(), pod: pod.to_owned() }
}

fn live(name: &str, uid: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name, "namespace": "db", "uid": uid}})
}

fn pod(owner: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "rqlite-0", "ownerReferences": owner}})
}

fn owner(version: &str, kind: &str, uid: &str, controller: bool) -> Value {
    json!([{"apiVersion": version, "kind": kind, "name": "rqlite", "uid": uid, "controller": controller}])
}

const SET: &str = "/apis/apps/v1/namespaces/db/statefulsets/rqlite";
const POD: &str = "/api/v1/namespaces/db/pods/rqlite-0";

fn is_found(answer: &Related<Document>) -> bool {
    matches!(answer, Related::Found(set) if set.as_json().contains("\"rqlite\""))
}

#[tokio::test]
async fn a_scale_of_the_cached_version_asks_nobody() {
    let server = server(json!({})).await;
    assert!(is_found(&server.get(&scale_of("rqlite", "uid-of-rqlite", "7")).await));
    assert_eq!(server.asked(), Vec::<String>::new());
    assert_eq!(server.counted("cache"), 1);
}

#[tokio::test]
async fn a_scale_of_another_version_asks_once() {
    let server = server(json!({ SET: live("rqlite", "uid-of-rqlite") })).await;
    assert!(is_found(&server.get(&scale_of("rqlite", "uid-of-rqlite", "8")).await));
    assert_eq!(server.asked(), [SET]);
    assert_eq!((server.counted("cache"), server.counted("get")), (0, 1));
}

#[tokio::test]
async fn a_set_made_anew_is_not_the_parent_of_an_older_scale() {
    let server = server(json!({ SET: live("rqlite", "uid-new") })).await;
    assert_eq!(server.get(&scale_of("rqlite", "uid-of-rqlite", "8")).await, Related::Unknown(Reason::Replaced));
}

#[tokio::test]
async fn an_error_is_unknown_and_only_404_is_absent() {
    let broken = server(json!({ SET: "broken" })).await;
    assert!(matches!(broken.get(&scale_of("rqlite", "uid-of-rqlite", "8")).await, Related::Unknown(Reason::Failed(_))));
    assert_eq!(broken.counted("error"), 1);
    let empty = server(json!({})).await;
    assert_eq!(empty.get(&scale_of("rqlite", "uid-of-rqlite", "8")).await, Related::Absent);
    assert_eq!(empty.counted("error"), 0);
}

#[tokio::test]
async fn an_autoscalers_target_may_be_any_cached_version() {
    let server = server(json!({})).await;
    assert!(is_found(&server.get(&target("StatefulSet")).await));
    assert_eq!(server.get(&target("Deployment")).await, Related::Unknown(Reason::NotRead));
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_evicted_pod_stands_for_the_set_that_controls_it() {
    let ours = owner("apps/v1", "StatefulSet", "uid-of-rqlite", true);
    let server = server(json!({ POD: pod(ours) })).await;
    assert!(is_found(&server.get(&eviction_of("rqlite-0")).await));
    assert_eq!(server.asked(), [POD]);
}

#[tokio::test]
async fn a_pod_of_no_stateful_set_has_no_parent() {
    for owners in [
        Value::Null,
        owner("apps/v1", "ReplicaSet", "uid-of-rqlite", true),
        owner("apps.kruise.io/v1beta1", "StatefulSet", "uid-of-rqlite", true),
        owner("apps/v1", "StatefulSet", "uid-of-rqlite", false),
    ] {
        let server = server(json!({ POD: pod(owners.clone()) })).await;
        assert_eq!(server.get(&eviction_of("rqlite-0")).await, Related::Absent, "{owners}");
    }
}

#[tokio::test]
async fn a_pod_whose_set_is_gone_has_no_parent() {
    let older = owner("apps/v1", "StatefulSet", "uid-older", true);
    let replaced = server(json!({ POD: pod(older.clone()), SET: live("rqlite", "uid-of-rqlite") })).await;
    assert_eq!(replaced.get(&eviction_of("rqlite-0")).await, Related::Absent);
    assert_eq!(replaced.asked(), [POD, SET]);
    let unreadable = server(json!({ POD: pod(older), SET: "broken" })).await;
    assert!(matches!(unreadable.get(&eviction_of("rqlite-0")).await, Related::Unknown(Reason::Failed(_))));
    let gone = server(json!({})).await;
    assert_eq!(gone.get(&eviction_of("rqlite-0")).await, Related::Absent);
}

#[tokio::test]
async fn a_deleted_object_stands_for_the_sets_that_need_it() {
    let server = server(json!({})).await;
    let of = |dependency, namespace: &str, name: &str| Lookup::DependentsOf {
        dependency,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let Related::Found(list) = server.get(&of(Dependency::Service, "db", "rqlite-internal")).await else {
        panic!("not found")
    };
    let list: Value = list.decode().unwrap();
    assert_eq!(list["kind"], "StatefulSetList");
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["metadata"]["name"], "rqlite");
    assert!(matches!(server.get(&of(Dependency::Namespace, "db", "db")).await, Related::Found(_)));
    assert_eq!(server.get(&of(Dependency::Service, "db", "rqlite")).await, Related::Absent);
    assert_eq!(server.get(&of(Dependency::Namespace, "other", "other")).await, Related::Absent);
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn nobody_knows_who_needs_an_object_before_the_first_list() {
    let client = Client::new(service_fn(|_: HttpRequest<Body>| async { unasked() }), "default");
    let objects = ClusterObjects::new(client, SetCache::new().0);
    let of =
        Lookup::DependentsOf { dependency: Dependency::Namespace, namespace: "db".to_owned(), name: "db".to_owned() };
    assert_eq!(objects.get(&of).await, Related::Unknown(Reason::NotReady));
}

fn unasked() -> Result<Response<Body>, Infallible> {
    panic!("nobody is to be asked")
}
