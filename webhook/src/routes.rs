//! `POST /validate` and `/mutate`: HTTP on one side, a review on the other.
//! Opens no socket, so that tests call it directly.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use kubernetes::admission::Phase;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;
use tracing::debug;

use crate::body;
use crate::deadline::Deadline;
use crate::handler;
use crate::operations;
use crate::readiness::Readiness;
use crate::request_error::RequestError;
use crate::webhook::Webhook;

impl Webhook {
    /// What the API server calls.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/validate", post(|webhook, request| review(webhook, Phase::Validate, request)))
            .route("/mutate", post(|webhook, request| review(webhook, Phase::Mutate, request)))
            .method_not_allowed_fallback(async |State(webhook): State<Self>| webhook.refuse(RequestError::WrongMethod))
            .fallback(async |State(webhook): State<Self>| webhook.refuse(RequestError::NoSuchPath))
            .with_state(self.clone())
    }

    /// What probes and Prometheus call.
    pub fn operations(&self, readiness: Readiness) -> Router {
        operations::routes(Arc::clone(self.metrics()), readiness, self.clock())
    }

    fn refuse(&self, refusal: RequestError) -> Response {
        debug!(reason = refusal.reason(), %refusal, "request refused");
        self.metrics().count_refusal(&refusal);
        refusal.into_response()
    }

    async fn receive(&self, request: Request, deadline: Deadline) -> Result<Bytes, RequestError> {
        check_content_type(request.headers())?;
        let (head, body) = request.into_parts();
        let until = deadline.at.min(Instant::now() + self.bounds().receive);
        body::read(&head.headers, body, self.bounds().body_limit, until).await
    }
}

async fn review(State(webhook): State<Webhook>, phase: Phase, request: Request) -> Response {
    let arrived = Instant::now();
    let Ok(_permit) = webhook.bounds().in_flight.try_acquire() else {
        return webhook.refuse(RequestError::Overloaded { limit: webhook.bounds().in_flight_limit });
    };
    let _counted = InFlightGuard::in_flight(&webhook.metrics().in_flight);
    let deadline = Deadline::of(request.uri().query(), arrived);
    let answer = match webhook.receive(request, deadline).await {
        Ok(body) => handler::answer(&webhook, phase, &body, deadline).await,
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(json) => {
            webhook.metrics().time_review(phase, arrived.elapsed());
            ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
        }
        Err(refusal) => webhook.refuse(refusal),
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), RequestError> {
    let found = headers.get(header::CONTENT_TYPE);
    let essence =
        found.and_then(|value| value.to_str().ok()).map(|value| value.split(';').next().unwrap_or(value).trim());
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let found =
        found.map_or_else(|| "not given".to_owned(), |value| format!("`{}`", value.to_str().unwrap_or("not text")));
    Err(RequestError::WrongContentType { found })
}

/// Counts for as long as it lives, also when the client goes away and the review is dropped.
struct InFlightGuard<'a>(&'a Gauge);

impl<'a> InFlightGuard<'a> {
    fn in_flight(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
