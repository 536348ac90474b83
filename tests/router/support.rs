//! A webhook to call, and requests for it.
//! Asserts nothing.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use quorate_engine::{BreakGlass, PolicySet};
use quorate_facts::ObjectSource;
use quorate_fixtures::review;
use quorate_webhook::{ReviewSources, ServerConfig, Webhook};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;
use tower::ServiceExt;

/// The clock of all these tests.
pub(crate) fn clock() -> OffsetDateTime {
    datetime!(2026-11-22 10:00 UTC)
}

pub(crate) fn no_policies() -> Arc<PolicySet> {
    Arc::new(PolicySet::new(Vec::new(), BreakGlass::default()).unwrap())
}

pub(crate) fn webhook(config: &ServerConfig, policies: Arc<PolicySet>) -> Webhook {
    Webhook::new(config, policies, ReviewSources::default(), clock)
}

pub(crate) fn webhook_with(config: &ServerConfig, policies: Arc<PolicySet>, objects: Arc<dyn ObjectSource>) -> Webhook {
    Webhook::new(
        config,
        policies,
        ReviewSources {
            known: quorate_facts::Sources { objects, ..quorate_facts::Sources::default() },
            ..ReviewSources::default()
        },
        clock,
    )
}

/// A server without policies: everything that can be read is allowed.
pub(crate) fn empty() -> Router {
    webhook(&ServerConfig::default(), no_policies()).routes()
}

/// A review of something that no policy knows.
pub(crate) fn review(uid: &str) -> String {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "db"}});
    let mut review = review::of_change(None, Some(&map));
    review["request"]["uid"] = json!(uid);
    review.to_string()
}

pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body.into()).unwrap()
}

pub(crate) struct RouterResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Bytes,
}

impl RouterResponse {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The `response` of an AdmissionReview.
    #[track_caller]
    pub(crate) fn response(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()["response"].take()
    }

    /// The `error` of a refusal.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) async fn call(routes: &Router, request: Request<Body>) -> RouterResponse {
    let (head, body) = routes.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    RouterResponse { status: head.status, headers: head.headers, body }
}
