//! Every case of the built-in policies, as requests to the API server: what rqlite's domain recognises must be sent, and what a policy
//! denies must be refused when nobody answers, where it may be.

use std::path::Path;

use kubernetes::manifest::StatefulSet;
use kubernetes::users::SYSTEM_DELETERS;
use quorate_cases::{Case, built_in, load};
use rqlite::cluster::RqliteSet;
use serde_json::Value;

use super::server::Request;
use super::validating;

fn cases() -> Vec<Case> {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    built_in().flat_map(|policy| load(&policies.join(policy))).collect()
}

fn is_detected(object: &Value) -> bool {
    serde_json::from_value::<StatefulSet>(object.clone()).is_ok_and(|set| RqliteSet::detect(&set).is_some())
}

fn is_on_set(case: &Case) -> bool {
    let request = &case.review["request"];
    request["resource"]["resource"] == "statefulsets" && request["subResource"].is_null()
}

/// What is denied and passes while nobody answers: growth, and updates that touch neither ordinals nor rqlited's launch, mounts and volumes.
const PASSING: &[&str] = &[
    "denies-a-file-once-vault-is-asked-no-more",
    "denies-an-authority-without-its-certificate",
    "denies-a-rolling-update-instead-of-deletions",
    "denies-a-container-that-is-renamed-as-it-becomes-a-native-sidecar",
    "denies-an-annotation-that-names-no-container-of-the-official-image",
    "denies-an-owner-of-another-kind",
    "denies-an-owner-of-another-name",
    "denies-an-owner-that-does-not-exist",
    "denies-an-owner-that-is-not-known",
    "denies-an-owner-that-quorate-may-not-get",
    "denies-an-update-that-asks-for-users-without-one-to-join-as",
    "denies-five-in-the-annotation-behind-the-reference",
    "denies-grace-period-taken-away",
    "denies-the-name-of-an-owner-changed",
    "denies-two-of-three-through-apply",
    "denies-zero-to-five-on-ephemeral-data",
    "denies-zero-to-five-with-no-claim-left",
];

/// What no policy looks at needs no call.
pub(super) fn is_unchanged(request: &Value) -> bool {
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
    request["operation"] == "DELETE" && SYSTEM_DELETERS.contains(&user)
}

#[test]
fn what_is_recognised_is_sent_and_what_is_denied_is_refused_when_nobody_answers() {
    let entries = validating(&[]);
    let mut passing = Vec::new();
    let mut sent = 0;
    for case in cases().iter().filter(|case| is_on_set(case)) {
        let request = &case.review["request"];
        if !is_detected(&request["object"]) && !is_detected(&request["oldObject"]) {
            continue;
        }
        let called = Request::of(&case.review).entries(&entries);
        if is_exempt(request) || is_unchanged(request) {
            assert_eq!(called, Vec::<String>::new(), "{case}");
            continue;
        }
        assert_eq!(called.len(), 1, "{case}: sent once, {called:?}");
        sent += 1;
        if case.expected.contains("deny ") {
            let passes = PASSING.contains(&case.name.as_str());
            let expected = if passes { "statefulsets-rest.quorate.dev" } else { "statefulsets.quorate.dev" };
            assert_eq!(called, [expected], "{case}");
            passing.extend(passes.then(|| case.name.clone()));
        }
    }
    assert!(sent > 300, "{sent} cases");
    assert_eq!(passing.len(), PASSING.len(), "{passing:?}");
}

#[test]
fn nothing_else_is_sent() {
    let entries = validating(&[]);
    let others: Vec<Case> = cases()
        .into_iter()
        .filter(is_on_set)
        .filter(|case| {
            let request = &case.review["request"];
            !is_detected(&request["object"]) && !is_detected(&request["oldObject"])
        })
        .collect();
    let guards = |entry: &String| entry != "statefulsets-not-recognised.quorate.dev";
    let sent: Vec<&str> = others
        .iter()
        .filter(|case| Request::of(&case.review).entries(&entries).iter().any(guards))
        .map(|case| case.name.as_str())
        .collect();
    // CEL cannot read a script; it sees the word.
    assert_eq!(sent, ["allows-5-to-1-of-a-script-that-only-asks-for-rqlited"], "of {}", others.len());
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
        assert_eq!(Request::of(&case.review).entries(&entries), expected, "{case}");
    }
    assert!(scales.len() > 50);
}

#[test]
fn what_speaks_of_rqlite_is_sent_and_never_refused_when_nobody_answers() {
    let entries = validating(&[]);
    let mut sent = 0;
    for case in cases().iter().filter(|case| is_on_set(case)) {
        let request = &case.review["request"];
        let is_guarded = is_detected(&request["object"]) || is_detected(&request["oldObject"]);
        if is_guarded || !case.expected.contains("quorum-guard/not-recognised") {
            continue;
        }
        let called = Request::of(&case.review).entries(&entries);
        assert_eq!(called, ["statefulsets-not-recognised.quorate.dev"], "{case}");
        sent += 1;
    }
    assert!(sent > 5, "{sent}");
}
