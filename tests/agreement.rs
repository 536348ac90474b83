//! The command line gives the server's answer: on generated inputs `quorate review`'s path through the built components, the webhook's two calls,
//! and the native evaluation of `quorate-native-tests` agree. A hundredth of the inputs of the property test: each costs some milliseconds.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use kubernetes::lookup::Lookup;
use kubernetes::refusal::rule_of_remedy;
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::{BreakGlass, PolicySet};
use quorate_facts::{FactSource, FactsFuture, FactsRequest, ObjectSource, RelatedFuture, found, known};
use quorate_native_tests::evaluate::{self, Evaluated};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::request::any_request;
use quorate_native_tests::run::{Broken, hold};
use quorate_tests::{binding, block_on, builtin_with};
use quorate_webhook::{ReviewSources, ServerConfig, Webhook};
use rqlite::facts::Facts;
use serde_json::{Value, json};
use time::macros::datetime;
use tower::ServiceExt;

fn policies() -> Arc<PolicySet> {
    static SET: OnceLock<Arc<PolicySet>> = OnceLock::new();
    let load = || Arc::new(builtin_with(|_| binding(json!({})), BreakGlass::default()));
    Arc::clone(SET.get_or_init(load))
}

/// Knows what the input knows, whoever asks.
struct Known(EvaluationInput);

impl ObjectSource for Known {
    fn get<'a>(&'a self, _of: &'a Lookup) -> RelatedFuture<'a> {
        known(self.0.related.and_then(|object| found(&object.to_string())))
    }
}

impl FactSource for Known {
    fn facts<'a>(&'a self, _about: &'a FactsRequest<'a>) -> FactsFuture<'a> {
        Box::pin(std::future::ready(Facts::parse(&self.0.facts.to_string()).unwrap()))
    }
}

/// What a path says, in common terms.
#[derive(Debug, PartialEq)]
struct CommonVerdict {
    allowed: bool,
    denied_by: BTreeSet<String>,
    object: Value,
}

#[test]
fn the_native_judge_the_command_line_and_the_server_agree() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("property");
    hold("agreement", 30, &folder, &any_request(), |asked| {
        let input = asked.input();
        let native = evaluate::evaluate(&input);
        // What nobody judges follows `onError` in the server.
        if native.verdict() == evaluate::Verdict::NotJudged {
            return Ok(());
        }
        let (native, offline, server) = (of_native(&native), offline(&input), server(&input));
        if native == offline && offline == server {
            return Ok(());
        }
        Err(Broken::new(format!("native: {native:?}\noffline: {offline:?}\nserver: {server:?}"), [("input", input)]))
    });
}

fn of_native(evaluated: &Evaluated) -> CommonVerdict {
    let denied_by = evaluated.denials().map(|finding| finding.rule.clone()).collect();
    CommonVerdict { allowed: !evaluated.denied(), denied_by, object: evaluated.object.clone() }
}

fn offline(input: &EvaluationInput) -> CommonVerdict {
    let review = quorate_tests::evaluate(&policies(), &input.review, &input.related, &input.facts.to_string());
    let denied = review.findings.iter().filter(|finding| finding.level == Level::Deny);
    let mut object = input.review["request"]["object"].clone();
    let patch: json_patch::Patch = serde_json::from_str(&review.patch.to_string()).unwrap();
    json_patch::patch(&mut object, &patch).unwrap();
    CommonVerdict {
        allowed: review.verdict == Verdict::Allowed,
        denied_by: denied.map(|finding| finding.rule.clone()).collect(),
        object,
    }
}

/// `/mutate`, its patch applied, `/validate`.
fn server(input: &EvaluationInput) -> CommonVerdict {
    let known = Arc::new(Known(input.clone()));
    let sources = ReviewSources {
        known: quorate_facts::Sources { objects: known.clone(), facts: known },
        ..ReviewSources::default()
    };
    let routes =
        Webhook::new(&ServerConfig::default(), policies(), sources, || datetime!(2026-11-22 10:00 UTC)).routes();
    let mut review = input.review.clone();
    let mutated = response(&routes, "/mutate", &review);
    if let Some(patch) = mutated["patch"].as_str() {
        let patch: json_patch::Patch = serde_json::from_slice(&STANDARD.decode(patch).unwrap()).unwrap();
        json_patch::patch(&mut review["request"]["object"], &patch).unwrap();
    }
    let evaluated = response(&routes, "/validate", &review);
    let causes = evaluated["status"]["details"]["causes"].as_array().cloned().unwrap_or_default();
    let denied_by = causes.iter().filter_map(|cause| cause["reason"].as_str());
    let denied_by = denied_by.filter(|reason| rule_of_remedy(reason).is_none()).map(str::to_owned).collect();
    CommonVerdict { allowed: evaluated["allowed"] == true, denied_by, object: review["request"]["object"].take() }
}

fn response(routes: &Router, path: &str, review: &Value) -> Value {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(review.to_string()))
        .unwrap();
    block_on(async {
        let answer = routes.clone().oneshot(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice::<Value>(&body).unwrap()["response"].take()
    })
}
