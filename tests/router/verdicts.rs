//! Verdicts of the built-in policies, as the API server gets them.
//! One of each kind; what each rule decides is tested with its policy.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubernetes::lookup::Lookup;
use kubernetes::related::Related;
use quorate_engine::{BreakGlass, PolicySet};
use quorate_facts::{ObjectSource, RelatedFuture, found};
use quorate_fixtures::review;
use quorate_fixtures::set::rqlite_set;
use quorate_tests::{binding, builtin_with};
use quorate_webhook::ServerConfig;
use serde_json::{Value, json};

use crate::support::{call, post, webhook, webhook_with};

fn builtin() -> Arc<PolicySet> {
    static SET: OnceLock<Arc<PolicySet>> = OnceLock::new();
    let load = || {
        let break_glass = BreakGlass { groups: vec!["sre".to_owned()] };
        Arc::new(builtin_with(|_| binding(json!({})), break_glass))
    };
    Arc::clone(SET.get_or_init(load))
}

fn routes() -> Router {
    webhook(&ServerConfig::default(), builtin()).routes()
}

async fn response(routes: &Router, path: &str, review: &Value) -> Value {
    call(routes, post(path, review.to_string())).await.response()
}

fn scale(from: u32, to: u32) -> Value {
    review::scale("db", "rqlite", from, to)
}

/// Has one StatefulSet, `db/rqlite`.
struct OneSet(Value);

impl ObjectSource for OneSet {
    fn get<'a>(&'a self, of: &'a Lookup) -> RelatedFuture<'a> {
        let wanted = match of {
            Lookup::Object { group, kind, namespace, name, .. } => {
                [group, kind, namespace, name] == ["apps", "StatefulSet", "db", "rqlite"]
            }
            Lookup::ControllerOf { .. } | Lookup::DependentsOf { .. } => false,
        };
        let answer = if wanted { found(&self.0.to_string()) } else { Related::Absent };
        Box::pin(std::future::ready(answer))
    }
}

/// Never answers.
struct Silent;

impl ObjectSource for Silent {
    fn get<'a>(&'a self, _of: &'a Lookup) -> RelatedFuture<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn denies_scale_from_five_to_two_with_403() {
    let review = review::of_change(Some(&rqlite_set(5)), Some(&rqlite_set(2)));
    let response = response(&routes(), "/validate", &review).await;
    assert_eq!((&response["allowed"], &response["uid"]), (&json!(false), &review["request"]["uid"]));
    let status = &response["status"];
    assert_eq!((&status["code"], &status["reason"]), (&json!(403), &json!("Forbidden")));
    let message = status["message"].as_str().unwrap();
    assert!(
        message.starts_with("quorum-guard/scale-below-quorum: StatefulSet db/rqlite: replicas 5 -> 2"),
        "{message}"
    );
    assert_eq!(status["details"]["causes"][0]["reason"], "quorum-guard/scale-below-quorum");
    assert_eq!(status["details"]["causes"][0]["field"], "spec.replicas");
}

#[tokio::test]
async fn allows_scale_from_five_to_three_with_a_warning() {
    let review = review::of_change(Some(&rqlite_set(5)), Some(&rqlite_set(3)));
    let response = response(&routes(), "/validate", &review).await;
    assert_eq!(response["allowed"], true, "{response}");
    let warnings = response["warnings"].as_array().unwrap();
    assert!(!warnings.is_empty());
    assert!(warnings.iter().all(|warning| warning.as_str().unwrap().chars().count() <= 256));
}

#[tokio::test]
async fn leaves_a_set_that_is_not_rqlite_alone() {
    let nginx = |replicas: u32| {
        let mut set = rqlite_set(replicas);
        set["spec"]["template"]["spec"]["containers"] =
            json!([{"name": "web", "image": "nginx:1.29", "args": ["-bootstrap-expect=3"]}]);
        set
    };
    let review = review::of_change(Some(&nginx(5)), Some(&nginx(1)));
    for path in ["/validate", "/mutate"] {
        let response = response(&routes(), path, &review).await;
        assert_eq!(response, json!({"uid": review["request"]["uid"], "allowed": true}));
    }
}

#[tokio::test]
async fn patches_what_is_created_and_denies_nothing_in_mutate() {
    let review = review::of_change(None, Some(&rqlite_set(3)));
    let response = response(&routes(), "/mutate", &review).await;
    assert_eq!((&response["allowed"], &response["patchType"]), (&json!(true), &json!("JSONPatch")), "{response}");
    let patch = STANDARD.decode(response["patch"].as_str().unwrap()).unwrap();
    let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
    let mut object = review["request"]["object"].clone();
    json_patch::patch(&mut object, &patch).unwrap();
    let args = object["spec"]["template"]["spec"]["containers"][0]["args"].to_string();
    assert!(args.contains("-raft-cluster-remove-shutdown=true"), "{args}");
}

#[tokio::test]
async fn judges_a_scale_by_the_set_that_the_source_finds() {
    let parents = Arc::new(OneSet(rqlite_set(5)));
    let routes = webhook_with(&ServerConfig::default(), builtin(), parents).routes();
    let denied = response(&routes, "/validate", &scale(5, 2)).await;
    let message = denied["status"]["message"].as_str().unwrap();
    assert!(message.starts_with("quorum-guard/scale-below-quorum: StatefulSet db/rqlite: "), "{message}");
    assert_eq!(response(&routes, "/validate", &scale(5, 3)).await["allowed"], true);
}

#[tokio::test]
async fn denies_a_decrease_whose_set_is_unknown_and_warns_of_growth() {
    let routes = routes();
    let denied = response(&routes, "/validate", &scale(3, 1)).await;
    let message = denied["status"]["message"].as_str().unwrap();
    assert_eq!(denied["status"]["code"], 403);
    assert!(message.starts_with("quorum-guard/not-judged: StatefulSet db/rqlite: "), "{message}");

    let grown = response(&routes, "/validate", &scale(3, 5)).await;
    assert_eq!(grown["allowed"], true);
    assert_eq!(grown["warnings"].as_array().map(Vec::len), Some(1), "{grown}");
}

#[tokio::test]
async fn answers_an_eviction_without_its_set_with_429() {
    let response = response(&routes(), "/validate", &review::eviction("db", "rqlite-0")).await;
    assert_eq!(response["status"]["code"], 429, "{response}");
    assert_eq!(response["status"]["reason"], "TooManyRequests");
    let message = response["status"]["message"].as_str().unwrap();
    assert!(message.starts_with("quorum-guard/not-judged: Pod db/rqlite-0: "), "{message}");
    // A remedy of the command line is none here.
    assert!(message.ends_with("; try again"), "{message}");
}

#[tokio::test]
async fn does_not_wait_for_a_parent_longer_than_half_of_its_time() {
    let routes = webhook_with(&ServerConfig::default(), builtin(), Arc::new(Silent)).routes();
    let grows = scale(3, 5);
    let answer = tokio::time::timeout(Duration::from_secs(5), response(&routes, "/validate?timeout=1s", &grows));
    assert_eq!(answer.await.expect("an answer in time")["allowed"], true);
}

#[tokio::test]
async fn uses_break_glass_by_its_own_clock_and_says_so_in_the_audit() {
    let review = |until: &str| {
        let mut new = rqlite_set(2);
        let value = format!("quorum-guard/scale-below-quorum until={until} disks are gone");
        new["metadata"]["annotations"] = json!({"quorate.dev/break-glass": value});
        let mut review = review::of_change(Some(&rqlite_set(5)), Some(&new));
        review["request"]["userInfo"] = json!({"username": "bob", "groups": ["sre"]});
        review
    };
    let routes = routes();
    // The clock of these tests stands at 10:00.
    let opened = response(&routes, "/validate", &review("2026-11-22T12:00:00Z")).await;
    assert_eq!(opened["allowed"], true, "{opened}");
    assert!(opened["auditAnnotations"].to_string().contains("quorum-guard/scale-below-quorum"), "{opened}");
    let expired = response(&routes, "/validate", &review("2026-11-22T09:59:59Z")).await;
    assert_eq!(expired["allowed"], false, "{expired}");
}
