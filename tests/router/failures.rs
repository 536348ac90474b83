//! Policies that fail or take too long, as the API server hears of it; and that the next request is served.
//! How the engine stops a guest is tested with the engine.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use quorate_engine::{Binding, OnError, PolicyLimits};
use quorate_fixtures::review;
use quorate_fixtures::set::rqlite_set;
use quorate_webhook::{CertificateHandle, Readiness, ServerConfig, Webhook};
use serde_json::Value;

use crate::support::{call, post, webhook};
use quorate_tests::guest::{policy_a, policy_b, set, told};

/// The guest's first policy does as it is told, the second one always denies.
fn with(first: Binding) -> Webhook {
    webhook(&ServerConfig::default(), Arc::new(set(vec![policy_a(first), policy_b(told("deny"))])))
}

fn alone(binding: Binding) -> Router {
    webhook(&ServerConfig::default(), Arc::new(set(vec![policy_a(binding)]))).routes()
}

/// Would loop for a minute.
fn looping() -> Binding {
    Binding { limits: PolicyLimits { cpu: Duration::from_secs(60), ..PolicyLimits::default() }, ..told("loop") }
}

async fn response(routes: &Router, path: &str) -> Value {
    let review = review::of_change(None, Some(&rqlite_set(3)));
    call(routes, post(path, review.to_string())).await.response()
}

#[tokio::test]
async fn denies_what_a_policy_could_not_judge_and_says_all_denials() {
    let webhook = with(told("trap"));
    let response = response(&webhook.routes(), "/validate").await;
    assert_eq!(response["status"]["code"], 403);
    let message = response["status"]["message"].as_str().unwrap();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 2, "{message}");
    assert!(lines[0].starts_with("hostile-policy-a/not-judged: StatefulSet db/rqlite: not judged: "), "{message}");
    assert!(lines[1].starts_with("hostile-policy-b/denied: StatefulSet db/rqlite: "), "{message}");

    let operations = webhook.operations(Readiness::new(CertificateHandle::new()));
    let metrics = call(&operations, Request::get("/metrics").body(Body::empty()).unwrap()).await.text();
    for line in [
        r#"quorate_reviews_total{path="/validate",verdict="denied",matched="yes"} 1"#,
        r#"quorate_not_judged_total{policy="hostile-policy-a"} 1"#,
        r#"quorate_findings_total{rule="hostile-policy-b/denied",level="deny"} 1"#,
        r#"quorate_policies_duration_seconds_count{path="/validate"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn lets_pass_with_a_warning_where_on_error_says_so() {
    for on_error in [OnError::Warn, OnError::Allow] {
        let response = response(&alone(Binding { on_error: Some(on_error), ..told("trap") }), "/validate").await;
        assert_eq!(response["allowed"], true);
        let warning = response["warnings"][0].as_str().unwrap();
        assert!(warning.starts_with("hostile-policy-a/not-judged: StatefulSet db/rqlite: not judged: "), "{warning}");
    }
}

#[tokio::test]
async fn does_not_judge_what_takes_longer_than_the_api_server_waits() {
    let routes = alone(looping());
    let denied = response(&routes, "/validate?timeout=200ms").await;
    assert_eq!(
        denied["status"]["message"],
        "hostile-policy-a/not-judged: StatefulSet db/rqlite: not judged: no verdict within 180 ms, \
         the time the API server leaves for it; try again"
    );
    let mutated = response(&routes, "/mutate?timeout=200ms").await;
    assert_eq!(mutated["allowed"], true, "{mutated}");
    assert_eq!(mutated["warnings"].as_array().map(Vec::len), Some(1));

    let lenient = Binding { on_error: Some(OnError::Warn), ..looping() };
    assert_eq!(response(&alone(lenient), "/validate?timeout=200ms").await["allowed"], true);
}
