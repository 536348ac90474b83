//! `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use quorate_certs::{Authority, ServingCertificate, Validity};
use quorate_cluster::Note;
use quorate_webhook::{CertificateHandle, CertificateSource, Readiness, ServerConfig, Webhook};
use time::Duration;

use crate::support::{RouterResponse, call, clock, no_policies, post, review, webhook};

fn certificate(validity: Validity) -> ServingCertificate {
    let issued = Authority::issue(validity).unwrap().leaf(&["localhost".to_owned()], validity).unwrap();
    ServingCertificate::from_issued(&issued).unwrap()
}

fn set_up(validity: Validity) -> (Webhook, Readiness, Router) {
    set_up_with(certificate(validity).into())
}

fn set_up_with(handle: CertificateHandle) -> (Webhook, Readiness, Router) {
    let certificate = CertificateSource::Handle(handle.clone());
    let webhook = webhook(&ServerConfig { certificate, ..ServerConfig::default() }, no_policies());
    let readiness = Readiness::new(handle);
    let operations = webhook.operations(readiness.clone());
    (webhook, readiness, operations)
}

fn valid() -> Validity {
    Validity::starting(clock(), Duration::days(1))
}

async fn look(routes: &Router, path: &str) -> RouterResponse {
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

/// Watches that are stale, above all (decision 12).
#[tokio::test]
async fn what_is_said_beside_it_makes_it_no_less_ready() {
    let handle = CertificateHandle::from(certificate(valid()));
    let (webhook, mut readiness) = (webhook(&ServerConfig::default(), no_policies()), Readiness::new(handle));
    let note: Note = Arc::new(|| Some("Pods: the watch is stale for 11 s".to_owned()));
    readiness.add_notes([note, Arc::new(|| None)]);
    let operations = webhook.operations(readiness);
    for path in ["/readyz", "/readyz?verbose"] {
        let answer = look(&operations, path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text(), "ok\nPods: the watch is stale for 11 s\n");
    }
}

#[tokio::test]
async fn is_not_ready_outside_the_life_of_its_certificate() {
    for (start, why) in [(-30, "certificate has expired"), (30, "certificate is not yet valid")] {
        let validity = Validity::starting(clock() + Duration::days(start), Duration::days(1));
        let (_, _, operations) = set_up(validity);
        let answer = look(&operations, "/readyz").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.text(), format!("not ready: {why}\n"));
    }
}

#[tokio::test]
async fn is_not_ready_before_its_certificate_ends() {
    let ending =
        |end: Duration, length: Duration| Validity { not_before: clock() + end - length, not_after: clock() + end };
    for (end, length, status) in [
        (Duration::seconds(121), Duration::days(90), StatusCode::OK),
        (Duration::seconds(119), Duration::days(90), StatusCode::SERVICE_UNAVAILABLE),
        // A short life has a short margin.
        (Duration::seconds(7), Duration::seconds(60), StatusCode::OK),
        (Duration::seconds(5), Duration::seconds(60), StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let (_, _, operations) = set_up(ending(end, length));
        let answer = look(&operations, "/readyz").await;
        assert_eq!(answer.status, status, "{end} before its end");
        if status != StatusCode::OK {
            assert_eq!(answer.text(), "not ready: certificate is about to expire\n");
        }
    }
}

#[tokio::test]
async fn is_ready_when_it_is_given_a_certificate_and_shows_when_that_one_ends() {
    let handle = CertificateHandle::new();
    let (_, _, operations) = set_up_with(handle.clone());
    assert_eq!(look(&operations, "/readyz").await.text(), "not ready: no certificate yet\n");
    assert!(look(&operations, "/metrics").await.text().contains("quorate_certificate_not_after_seconds 0"));
    let valid = certificate(valid());
    handle.set(valid.clone());
    handle.set(valid.clone());
    handle.refuse(&"tls.key: no private key in it");
    assert_eq!(look(&operations, "/readyz").await.status, StatusCode::OK);
    let text = look(&operations, "/metrics").await.text();
    for line in [
        format!("quorate_certificate_not_after_seconds {}", valid.validity().not_after.unix_timestamp()).as_str(),
        r#"quorate_certificate_changes_total{outcome="taken"} 1"#,
        r#"quorate_certificate_changes_total{outcome="refused"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
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
