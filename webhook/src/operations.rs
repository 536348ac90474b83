//! `/livez`, `/readyz` and `/metrics`, for probes and Prometheus.
//! Serves no reviews; whether the server is ready is asked anew each time.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::metrics::Metrics;
use crate::readiness::Readiness;
use quorate_facts::Clock;

#[derive(Clone)]
struct Operations {
    metrics: Arc<Metrics>,
    readiness: Readiness,
    clock: Clock,
}

pub(crate) fn routes(metrics: Arc<Metrics>, readiness: Readiness, clock: Clock) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Operations { metrics, readiness, clock })
}

async fn readyz(State(operations): State<Operations>) -> Response {
    let (status, first) = match operations.readiness.check((operations.clock)()) {
        Ok(()) => (StatusCode::OK, "ok".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}")),
    };
    let notes = operations.readiness.notes();
    let lines: String = std::iter::once(first).chain(notes).map(|line| line + "\n").collect();
    (status, lines).into_response()
}

async fn render(State(operations): State<Operations>) -> Response {
    const OPEN_METRICS: HeaderValue =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    match operations.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
