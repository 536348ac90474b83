//! The same cases through the server and through `quorate check`: the same verdict, in the same words.
//! The server is asked as the API server asks it (`policies/*/cases`), `check` is given the manifests.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use quorate_cases::Case;
use quorate_engine::{Binding, BreakGlass, PolicyLimits, PolicySet, RuntimeLimits, WasmRuntime};
use quorate_webhook::{ReviewSources, ServerConfig, Webhook};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::common;

/// Far above what a guest needs, for a busy machine and a debug build.
const CPU: Duration = Duration::from_secs(2);

/// What the server says to one case: lines as its warnings and its denial have them.
struct Served {
    allowed: bool,
    lines: Vec<String>,
}

/// What `check` says to it: of every finding the whole line, and the second one that the server makes of a long warning's remedy.
struct Checked {
    allowed: bool,
    lines: Vec<[String; 2]>,
}

impl Served {
    /// The same verdict; every line of the server is one of `check`, as far as it goes, and every line of `check` is one of the server.
    fn agrees(&self, check: &Checked) -> bool {
        let begins = |line: &String, [whole, remedy]: &[String; 2]| {
            let shown = line.trim_end_matches('…');
            whole.starts_with(shown) || remedy.starts_with(shown)
        };
        let is_said = |line: &String| check.lines.iter().any(|lines| begins(line, lines));
        let is_served =
            |lines: &[String; 2]| self.lines.iter().any(|line| lines[0].starts_with(line.trim_end_matches('…')));
        self.allowed == check.allowed && self.lines.iter().all(is_said) && check.lines.iter().all(is_served)
    }
}

#[test]
fn check_says_what_the_server_says() {
    let cases = plain_cases();
    assert!(cases.len() > 100, "only {} cases", cases.len());
    let by_server = by_server(&cases);
    let by_check = by_check(&cases);
    let mut differences = Vec::new();
    for (name, server) in &by_server {
        let check = by_check.get(name).unwrap_or_else(|| panic!("{name}"));
        if !server.agrees(check) {
            let (served, checked) = (server.lines.join("\n  "), check.lines.concat().join("\n  "));
            let (by_server, by_check) = (server.allowed, check.allowed);
            differences.push(format!("--- {name}\nserver {by_server}\n  {served}\ncheck {by_check}\n  {checked}"));
        }
    }
    assert!(differences.is_empty(), "{} of {} differ\n{}", differences.len(), cases.len(), differences.join("\n"));
}

/// Cases that are nothing but StatefulSets: no facts, no settings, no user, nothing behind the request.
fn plain_cases() -> Vec<Case> {
    let policies = common::repository().join("policies");
    let modules = quorate_builtin::modules().iter();
    let all = modules.flat_map(|module| quorate_cases::load(&policies.join(module.name)));
    let is_plain = |case: &Case| {
        let request = &case.review["request"];
        // An autoscaler's target would be another case's set.
        let is_set = request["kind"]["kind"] == "StatefulSet";
        let by_anybody = request["userInfo"]["username"] == "alice" && request["options"] == json!({});
        let facts: Value = serde_json::from_str(&case.facts).unwrap();
        let nothing_known = facts == json!({ "version": 1 }) && case.related.found().is_none();
        is_set && by_anybody && nothing_known && case.settings == json!({}) && case.mutates
    };
    // Its set was injected into a probe without a scheme; the API server fills that in before it asks, and so does `check`.
    let is_sent = |case: &Case| !case.name.ends_with("patches-the-git-manifest-back-to-the-live-one");
    all.filter(|case| is_plain(case) && is_sent(case)).collect()
}

/// `quorum-guard/cases/scale-below-quorum/denies-3-to-1-through-apply`.
fn name(case: &Case) -> String {
    let file = case.file.strip_prefix(common::repository().join("policies")).unwrap();
    file.with_extension("").join(&case.name).display().to_string()
}

fn by_server(cases: &[Case]) -> BTreeMap<String, Served> {
    let runtime =
        WasmRuntime::new(RuntimeLimits { instances: 2, ..RuntimeLimits::default() }, &quorate_facts::PROVIDER).unwrap();
    let limits = PolicyLimits { cpu: CPU, ..PolicyLimits::default() };
    let binding = || Binding { grants: None, limits, ..Binding::default() };
    let modules = quorate_builtin::modules().iter();
    let policies = modules.map(|module| runtime.load(module.name, module.wasm, binding()).unwrap()).collect();
    let policies = Arc::new(PolicySet::new(policies, BreakGlass::default()).unwrap());
    let routes =
        Webhook::new(&ServerConfig::default(), policies, ReviewSources::default(), time::OffsetDateTime::now_utc)
            .routes();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let post = |path: &str, review: &Value| -> Value {
        let request = Request::post(format!("{path}?timeout=30s")).header("content-type", "application/json");
        let request = request.body(Body::from(review.to_string())).unwrap();
        let response = runtime.block_on(routes.clone().oneshot(request)).unwrap();
        let body = runtime.block_on(response.into_body().collect()).unwrap().to_bytes();
        serde_json::from_slice::<Value>(&body).unwrap()["response"].take()
    };
    let ask = |case: &Case| {
        let mut review = case.review.clone();
        // Nothing of it is done, so that no case counts on what another one takes away.
        review["request"]["dryRun"] = Value::Bool(true);
        let mutated = post("/mutate", &review);
        if let Some(patch) = mutated["patch"].as_str() {
            let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, patch).unwrap();
            let patch: json_patch::Patch = serde_json::from_slice(&bytes).unwrap();
            json_patch::patch(&mut review["request"]["object"], &patch).unwrap();
        }
        let validated = post("/validate", &review);
        let warned = [&mutated, &validated].into_iter().flat_map(|answer| strings(&answer["warnings"]));
        let denied = validated["status"]["message"].as_str().unwrap_or_default().lines().map(str::to_owned);
        Served { allowed: validated["allowed"].as_bool().unwrap(), lines: denied.chain(warned).collect() }
    };
    cases.iter().map(|case| (name(case), ask(case))).collect()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// One run for creations, one for updates and one for deletions: the sets of all cases have the same few names.
fn by_check(cases: &[Case]) -> BTreeMap<String, Checked> {
    let mut found = BTreeMap::new();
    for operation in ["CREATE", "UPDATE", "DELETE"] {
        let root = tempfile::tempdir().unwrap();
        for side in ["base", "head"] {
            fs::create_dir(root.path().join(side)).unwrap();
        }
        for case in cases.iter().filter(|case| case.review["request"]["operation"] == operation) {
            write(case, "oldObject", &root.path().join("base"));
            write(case, "object", &root.path().join("head"));
        }
        let names = quorate_builtin::modules().iter().map(|module| module.name);
        let patient = names.map(|name| format!("  {name}: {{limits: {{cpuMilliseconds: {}}}}}\n", CPU.as_millis()));
        fs::write(root.path().join("quorate.yaml"), format!("policies:\n{}", patient.collect::<String>())).unwrap();
        let args = [
            "check",
            "--base-dir",
            "base",
            "--head-dir",
            "head",
            "--config",
            "quorate.yaml",
            "-o",
            "json",
            "--as",
            // A user's deletions are none of a manifest's removal, as kubectl's are not.
            if operation == "DELETE" { "flux" } else { "alice" },
        ];
        let output = common::command(root.path(), &args).output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(json["unreadable"], Value::Array(vec![]), "{operation}");
        for change in json["changes"].as_array().unwrap() {
            let file = change["at"]["file"].as_str().unwrap();
            found.insert(file.trim_end_matches("/set.yaml").to_owned(), by_change(change));
        }
        // What did not change was not asked about; the server has nothing to say to it either.
        for case in cases.iter().filter(|case| case.review["request"]["operation"] == operation) {
            found.entry(name(case)).or_insert(Checked { allowed: true, lines: Vec::new() });
        }
    }
    found
}

fn write(case: &Case, object: &str, side: &Path) {
    let folder = side.join(name(case));
    fs::create_dir_all(&folder).unwrap();
    let object = &case.review["request"][object];
    if !object.is_null() {
        fs::write(folder.join("set.yaml"), object.to_string()).unwrap();
    }
}

fn by_change(change: &Value) -> Checked {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let subject = format!("{} {}/{}", text(&change["kind"]), text(&change["namespace"]), text(&change["name"]));
    let lines = |finding: &Value| {
        let (rule, message, remedy) = (text(&finding["rule"]), text(&finding["message"]), text(&finding["remedy"]));
        let stop = if remedy.is_empty() { "" } else { "; " };
        [format!("{rule}: {subject}: {message}{stop}{remedy}"), format!("{rule}: {remedy}")]
    };
    // The server denies what it could not judge (`onError`).
    let allowed = change["verdict"] == "allowed";
    Checked { allowed, lines: change["findings"].as_array().unwrap().iter().map(lines).collect() }
}
