//! Every case of the built-in policies, as requests to the API server: what rqlite's domain recognises must be sent, and what a policy
//! denies must be refused when nobody answers, where it may be.

use std::fs;
use std::path::{Path, PathBuf};

use quorate_sdk::cases::{Case, load};
use rqlite::cluster::RqliteSet;
use rqlite::manifest::StatefulSet;
use serde_json::Value;

use super::server::Request;
use super::validating;

const POLICIES: [&str; 4] = ["quorum-guard", "bootstrap-expect-lock", "remove-on-shutdown", "secret-mounts"];

fn cases() -> Vec<Case> {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    POLICIES.iter().flat_map(|policy| load(&policies.join(policy))).collect()
}

fn is_recognised(object: &Value) -> bool {
    serde_json::from_value::<StatefulSet>(object.clone()).is_ok_and(|set| RqliteSet::recognise(&set).is_some())
}

fn is_on_set(case: &Case) -> bool {
    let request = &case.review["request"];
    request["resource"]["resource"] == "statefulsets" && request["subResource"].is_null()
}

/// Updates that policies deny and that pass while nobody answers: each may be the cure of something worse.
fn may_pass(case: &Case) -> bool {
    let request = &case.review["request"];
    let (old, new) = (&request["oldObject"], &request["object"]);
    let grows = new["spec"]["replicas"].as_i64() > old["spec"]["replicas"].as_i64();
    let template = |object: &Value| object["spec"]["template"]["spec"]["containers"].clone();
    grows || template(old) == template(new)
}

/// What no policy looks at needs no call.
fn is_unchanged(request: &Value) -> bool {
    let annotations = |object: &Value| {
        let all = object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        all.into_iter().filter(|(key, _)| key.starts_with("quorate.dev/")).collect::<Vec<_>>()
    };
    let (old, new) = (&request["oldObject"], &request["object"]);
    old["spec"] == new["spec"]
        && old["metadata"]["ownerReferences"] == new["metadata"]["ownerReferences"]
        && annotations(old) == annotations(new)
}

fn is_exempt(request: &Value) -> bool {
    let user = request["userInfo"]["username"].as_str().unwrap_or_default();
    request["operation"] == "DELETE" && super::super::cel::CLEANERS.contains(&user)
}

#[test]
fn what_is_recognised_is_sent_and_what_is_denied_is_refused_when_nobody_answers() {
    let entries = validating(&[]);
    let mut passing = Vec::new();
    let mut sent = 0;
    for case in cases().iter().filter(|case| is_on_set(case)) {
        let request = &case.review["request"];
        let name = case.directory.display();
        if !is_recognised(&request["object"]) && !is_recognised(&request["oldObject"]) {
            continue;
        }
        let called = Request::of(&case.review).entries(&entries);
        if is_exempt(request) || is_unchanged(request) {
            assert_eq!(called, Vec::<String>::new(), "{name}");
            continue;
        }
        assert_eq!(called.len(), 1, "{name}: sent once, {called:?}");
        sent += 1;
        let denied = fs::read_to_string(case.directory.join("expect.txt")).unwrap().contains("deny ");
        if denied && called != ["statefulsets.quorate.dev"] {
            assert!(may_pass(case), "{name}: denied, but passes when nobody answers");
            passing.push(case.directory.clone());
        }
    }
    assert!(sent > 300, "{sent} cases");
    // Quorum-guard's growth while leaderless, owners and rollout strategies, and what starts with the next template change.
    let folders: std::collections::BTreeSet<String> = passing.iter().map(|path: &PathBuf| rule_of(path)).collect();
    println!("{folders:?}");
}

fn rule_of(case: &Path) -> String {
    let rule = case.parent().and_then(Path::file_name).unwrap_or_default();
    rule.to_string_lossy().into_owned()
}

#[test]
fn hardly_anything_else_is_sent() {
    let entries = validating(&[]);
    let others: Vec<Case> = cases()
        .into_iter()
        .filter(is_on_set)
        .filter(|case| {
            let request = &case.review["request"];
            !is_recognised(&request["object"]) && !is_recognised(&request["oldObject"])
        })
        .collect();
    let sent: Vec<&str> = others
        .iter()
        .filter(|case| !Request::of(&case.review).entries(&entries).is_empty())
        .map(|case| case.name.as_str())
        .collect();
    println!("{} of {}: {sent:?}", sent.len(), others.len());
    assert!(sent.len() * 2 <= others.len());
}

#[test]
fn a_scale_of_rqlites_is_sent_by_its_selector() {
    let entries = validating(&[]);
    let scales: Vec<Case> =
        cases().into_iter().filter(|case| case.review["request"]["subResource"] == "scale").collect();
    for case in &scales {
        let request = &case.review["request"];
        let count = |object: &str| request[object]["spec"]["replicas"].as_i64().unwrap_or(0);
        let expected: &[&str] = match count("object") - count("oldObject") {
            ..=-1 => &["scale.quorate.dev"],
            0 => &[],
            1.. => &["scale-rest.quorate.dev"],
        };
        assert_eq!(Request::of(&case.review).entries(&entries), expected, "{}", case.directory.display());
    }
    assert!(scales.len() > 50);
}
