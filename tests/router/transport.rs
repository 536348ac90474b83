//! Requests as HTTP: what is served, what is turned away, and that the next one is served after it.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use http_body_util::channel::Channel;
use quorate_webhook::{ServerConfig, ServerLimits};
use serde_json::json;

use crate::support::{call, empty, no_policies, post, review, webhook};

fn with(limits: ServerLimits) -> Router {
    webhook(&ServerConfig { limits, ..ServerConfig::default() }, no_policies()).routes()
}

/// A body that can be fed and kept open.
fn open_body() -> (http_body_util::channel::Sender<Bytes, io::Error>, Body) {
    let (sender, body) = Channel::new(1);
    (sender, Body::new(body))
}

async fn assert_serves(routes: &Router) {
    let answer = call(routes, post("/validate", review("next"))).await;
    assert_eq!(answer.response(), json!({"uid": "next", "allowed": true}));
}

#[tokio::test]
async fn allows_what_no_policy_knows_on_both_paths() {
    for path in ["/validate", "/mutate", "/validate?timeout=5s"] {
        let answer = call(&empty(), post(path, review("u-1"))).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(
            answer.json(),
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                   "response": {"uid": "u-1", "allowed": true}})
        );
    }
}

#[tokio::test]
async fn refuses_other_paths_and_methods() {
    let routes = empty();
    let answer = call(&routes, post("/", review("u"))).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.error(), "no such path; send reviews to /validate or /mutate");

    for method in ["GET", "PUT", "DELETE"] {
        let request = Request::builder().method(method).uri("/validate").body(Body::empty()).unwrap();
        let answer = call(&routes, request).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers["allow"], "POST");
        assert_eq!(answer.error(), "only POST is served here; send an AdmissionReview");
    }
}

#[tokio::test]
async fn refuses_what_is_not_declared_as_json() {
    let routes = empty();
    let send = async |content_type: Option<&str>| {
        let mut request = Request::post("/validate");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        call(&routes, request.body(Body::from(review("u"))).unwrap()).await
    };
    let answer = send(Some("application/vnd.kubernetes.protobuf")).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(answer.error(), "the content type is `application/vnd.kubernetes.protobuf`, not application/json");
    assert_eq!(send(None).await.error(), "the content type is not given, not application/json");
    assert_eq!(send(Some("Application/JSON; charset=utf-8")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn refuses_a_body_above_the_limit_whether_it_says_so_or_not() {
    let routes = webhook(&ServerConfig { body_limit: 1000, ..ServerConfig::default() }, no_policies()).routes();
    let mut declared = post("/validate", "{}");
    declared.headers_mut().insert("content-length", "1001".parse().unwrap());
    let streamed = post("/validate", vec![b' '; 1001]);
    for request in [declared, streamed] {
        let answer = call(&routes, request).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.error(), "the body is longer than 1000 bytes");
        assert_serves(&routes).await;
    }
    let mut exact = review("exact");
    exact.push_str(&" ".repeat(1000 - exact.len()));
    assert_eq!(call(&routes, post("/validate", exact)).await.response()["uid"], "exact");
}

#[tokio::test]
async fn serves_two_objects_of_3_mib() {
    let object = json!({"metadata": {"name": "settings"}, "data": {"text": "x".repeat(3 << 20)}});
    let mut review: serde_json::Value = serde_json::from_str(&review("big")).unwrap();
    review["request"]["operation"] = json!("UPDATE");
    review["request"]["object"] = object.clone();
    review["request"]["oldObject"] = object;
    let answer = call(&empty(), post("/validate", review.to_string())).await;
    assert_eq!(answer.response(), json!({"uid": "big", "allowed": true}));
}

#[tokio::test]
async fn says_what_is_wrong_with_an_envelope_and_serves_the_next_one() {
    let routes = empty();
    let whole = review("u-1");
    let truncated = "{\"kind\":\"AdmissionReview\",\"request\":{".to_owned();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let wrong_kind = r#"{"kind":"ConfigMap","apiVersion":"v1"}"#.to_owned();
    let bodies: [(Vec<u8>, &str); 6] = [
        (Vec::new(), "not JSON"),
        (truncated.into(), "not JSON"),
        (vec![0xff, 0xfe, 0x00, 0x7b], "byte 0 is not UTF-8"),
        (deep.into(), "nested deeper"),
        (wrong_kind.into(), "found kind `ConfigMap` of `v1`"),
        (b"null".to_vec(), "not an AdmissionReview"),
    ];
    for (body, wanted) in bodies {
        let answer = call(&routes, post("/validate", body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wanted}");
        assert!(answer.error().contains(wanted), "{}", answer.error());
        assert_serves(&routes).await;
    }
    assert_eq!(call(&routes, post("/validate", whole)).await.response()["allowed"], true);
}

#[tokio::test]
async fn answers_an_unreadable_review_with_its_uid_where_it_has_one() {
    let routes = empty();
    let beta = review("u-beta").replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1");
    let twice = review("u-twice").replace(r#""dryRun":false"#, r#""dryRun":false,"dryRun":true"#);
    let operation = review("u-op").replace(r#""CREATE""#, r#""RENAME""#);
    for (body, uid, wanted) in [
        (beta, "u-beta", "`admission.k8s.io/v1beta1`"),
        (twice, "u-twice", "`request.dryRun` stands twice"),
        (operation, "u-op", "RENAME"),
    ] {
        let response = call(&routes, post("/validate", body)).await.response();
        assert_eq!((&response["uid"], &response["allowed"]), (&json!(uid), &json!(false)));
        assert_eq!(response["status"]["code"], 403);
        assert_eq!(response["status"]["reason"], "Forbidden");
        let message = response["status"]["message"].as_str().unwrap();
        assert!(message.starts_with("quorate: review not readable: ") && message.contains(wanted), "{message}");
    }
    assert_serves(&routes).await;
}

#[tokio::test]
async fn gives_up_on_a_body_that_does_not_arrive() {
    let routes = with(ServerLimits { receive: Duration::from_millis(20), ..ServerLimits::default() });
    let (_sender, body) = open_body();
    let answer = call(&routes, post("/validate", body)).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.error(), "the body did not arrive in time");

    let (_sender, body) = open_body();
    let patient = with(ServerLimits::default());
    let answer = call(&patient, post("/validate?timeout=20ms", body)).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_serves(&patient).await;
}

#[tokio::test]
async fn reports_a_body_that_breaks_off() {
    let routes = empty();
    let (sender, broken) = open_body();
    sender.abort(io::Error::other("reset"));
    let answer = call(&routes, post("/validate", broken)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.error(), "the body broke off");
    assert_serves(&routes).await;
}

#[tokio::test]
async fn sheds_what_exceeds_the_requests_in_flight_and_recovers() {
    let routes = with(ServerLimits { in_flight: 1, ..ServerLimits::default() });
    let (mut sender, body) = open_body();
    let first = tokio::spawn({
        let routes = routes.clone();
        async move { call(&routes, post("/validate", body)).await }
    });
    sender.send_data(Bytes::from_static(b" ")).await.unwrap();
    tokio::task::yield_now().await;

    let answer = call(&routes, post("/validate", review("shed"))).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.error(), "1 requests are under way already; try again");

    sender.send_data(Bytes::from(review("first"))).await.unwrap();
    drop(sender);
    assert_eq!(first.await.unwrap().response()["uid"], "first");
    assert_serves(&routes).await;
}
