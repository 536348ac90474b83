//! `/livez`, `/readyz` and `/metrics`.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use quorate_certs::Window;
use quorate_webhook::{Readiness, ServerConfig, Webhook};
use time::Duration;

use crate::support::{Answer, call, clock, no_policies, post, review, webhook};

fn set_up(certificate: Window) -> (Webhook, Readiness, Router) {
    let webhook = webhook(&ServerConfig::default(), no_policies());
    let readiness = Readiness::new(certificate);
    let operations = webhook.operations(readiness.clone());
    (webhook, readiness, operations)
}

fn valid() -> Window {
    Window::starting(clock(), Duration::days(1))
}

async fn look(routes: &Router, path: &str) -> Answer {
    call(routes, Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn is_ready_until_it_stops_and_alive_throughout() {
    let (_, readiness, operations) = set_up(valid());
    assert_eq!(look(&operations, "/readyz").await.status, StatusCode::OK);
    readiness.stop();
    let answer = look(&operations, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.text(), "not ready: stopping\n");
    assert_eq!(look(&operations, "/livez").await.status, StatusCode::OK);
}

#[tokio::test]
async fn is_not_ready_outside_the_life_of_its_certificate() {
    for (start, why) in [(-30, "certificate has expired"), (30, "certificate is not yet valid")] {
        let window = Window::starting(clock() + Duration::days(start), Duration::days(1));
        let (_, _, operations) = set_up(window);
        let answer = look(&operations, "/readyz").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.text(), format!("not ready: {why}\n"));
    }
}

#[tokio::test]
async fn counts_reviews_and_refusals() {
    let (webhook, _, operations) = set_up(valid());
    let routes = webhook.routes();
    for _ in 0..2 {
        call(&routes, post("/validate", review("u"))).await;
    }
    call(&routes, post("/mutate", review("u"))).await;
    call(&routes, post("/validate", "{")).await;
    call(&routes, post("/nowhere", "{}")).await;

    let answer = look(&operations, "/metrics").await;
    assert_eq!(answer.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text();
    for line in [
        r#"quorate_reviews_total{path="/validate",verdict="allowed",matched="no"} 2"#,
        r#"quorate_reviews_total{path="/mutate",verdict="allowed",matched="no"} 1"#,
        r#"quorate_refused_requests_total{reason="bad-envelope"} 1"#,
        r#"quorate_refused_requests_total{reason="no-such-path"} 1"#,
        r#"quorate_review_duration_seconds_count{path="/validate"} 2"#,
        r#"quorate_review_duration_seconds_bucket{le="0.00005""#,
        "quorate_reviews_in_flight 0",
        r#"quorate_build_info{version=""#,
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
