//! What the API server and the person at kubectl are told, for each kind of review.
//! Holds no policy; findings are made up.

use kubernetes::admission::{GroupVersionResource, Operation, Phase};
use quorate_document::{Limits, Patch};
use serde_json::{Value, json};

use super::*;

const SUBJECT: &str = "StatefulSet db/rqlite";

fn update() -> Request {
    Request::new("u-1", Operation::Update)
}

fn eviction() -> Request {
    Request {
        resource: GroupVersionResource { group: "".into(), version: "v1".into(), resource: "pods".into() },
        sub_resource: Some("eviction".into()),
        ..Request::new("u-2", Operation::Create)
    }
}

fn finding(level: Level, message: &str) -> Finding {
    Finding {
        rule: "quorum-guard/scale-below-quorum".to_owned(),
        level,
        message: message.to_owned(),
        field: "spec.replicas".to_owned(),
        remedy: "scale to 3".to_owned(),
        retry: false,
        retry_after_seconds: None,
        evidence: Vec::new(),
        of_shape: false,
    }
}

fn review(findings: Vec<Finding>) -> Review {
    Review {
        phase: Phase::Validate,
        verdict: Finding::verdict(&findings),
        findings,
        patch: Patch::default(),
        audit: Vec::new(),
        matched: vec!["quorum-guard".to_owned()],
    }
}

fn response(request: &Request, evaluated: Verdict, review: &Review) -> Value {
    let answer = AdmissionReview::new(request, SUBJECT, evaluated, review).unwrap();
    let mut answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answer["kind"], "AdmissionReview");
    answer["response"].take()
}

fn evaluated(request: &Request, findings: Vec<Finding>) -> Value {
    let review = review(findings);
    response(request, review.verdict, &review)
}

#[test]
fn allows_with_nothing_but_the_uid() {
    assert_eq!(evaluated(&update(), vec![]), json!({"uid": "u-1", "allowed": true}));
}

#[test]
fn denies_with_403_all_denials_and_a_cause_for_each_finding() {
    let findings = vec![
        finding(Level::Warn, "replicas 4 is even"),
        finding(Level::Deny, "replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3"),
        Finding { remedy: String::new(), field: String::new(), ..finding(Level::Deny, "second") },
    ];
    let line = "quorum-guard/scale-below-quorum: StatefulSet db/rqlite: ";
    assert_eq!(
        evaluated(&update(), findings),
        json!({
            "uid": "u-1",
            "allowed": false,
            "status": {
                "status": "Failure",
                "code": 403,
                "reason": "Forbidden",
                "message": format!("{line}replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3; scale to 3\n{line}second"),
                "details": {"group": "quorate.dev", "causes": [
                    {"reason": "quorum-guard/scale-below-quorum", "message": "replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3", "field": "spec.replicas"},
                    {"reason": "quorum-guard/scale-below-quorum/remedy", "message": "scale to 3", "field": "spec.replicas"},
                    {"reason": "quorum-guard/scale-below-quorum", "message": "second"},
                ]},
            },
            "warnings": [format!("{line}replicas 4 is even; scale to 3")],
        })
    );
}

#[test]
fn denies_an_eviction_that_may_pass_later_with_429() {
    let retry = Finding { retry: true, ..finding(Level::Deny, "2 of 3 voters would be left") };
    let status = |request: &Request, findings| evaluated(request, findings)["status"].clone();

    let later = status(&eviction(), vec![retry.clone()]);
    assert_eq!((&later["code"], &later["reason"]), (&json!(429), &json!("TooManyRequests")));
    assert_eq!(status(&eviction(), vec![finding(Level::Deny, "never")])["code"], 403);
    assert_eq!(status(&update(), vec![retry])["code"], 403);
}

#[test]
fn answers_an_eviction_that_was_not_judged_with_429() {
    let answered = review(vec![finding(Level::Deny, "not judged")]);
    assert_eq!(response(&eviction(), Verdict::NotJudged, &answered)["status"]["code"], 429);
    assert_eq!(response(&update(), Verdict::NotJudged, &answered)["status"]["code"], 403);
    assert_eq!(response(&eviction(), Verdict::Denied, &answered)["status"]["code"], 403);
}

#[test]
fn sends_a_patch_as_base64_and_none_with_a_denial() {
    let operations = json!([{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]);
    let patch = Patch::parse(&operations.to_string(), &Limits::DEFAULT).unwrap();
    let allowed = Review { patch: patch.clone(), phase: Phase::Mutate, ..review(vec![]) };
    let answer = response(&update(), Verdict::Allowed, &allowed);
    assert_eq!(answer["patchType"], "JSONPatch");
    let sent = STANDARD.decode(answer["patch"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), operations);

    let denied = Review { patch, ..review(vec![finding(Level::Deny, "no")]) };
    let answer = response(&update(), Verdict::Denied, &denied);
    assert_eq!((answer.get("patch"), answer.get("patchType")), (None, None));
}

#[test]
fn joins_audit_values_of_one_key() {
    let audit = [("break-glass", "one"), ("other", "two"), ("break-glass", "three")];
    let audit = audit.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let answer = response(&update(), Verdict::Allowed, &Review { audit, ..review(vec![]) });
    assert_eq!(answer["auditAnnotations"], json!({"break-glass": "one; three", "other": "two"}));
}

#[test]
fn cuts_warnings_to_what_the_api_server_passes_on() {
    let long = "ö".repeat(400);
    let answer = evaluated(&update(), vec![finding(Level::Warn, &long), finding(Level::Warn, "tab\tand\nline\u{7f}")]);
    let warnings = answer["warnings"].as_array().unwrap();
    let first = warnings[0].as_str().unwrap();
    assert_eq!(first.chars().count(), 256);
    assert!(first.ends_with("ö…"), "{first}");
    assert_eq!(warnings[1], "quorum-guard/scale-below-quorum: scale to 3");
    assert!(warnings[2].as_str().unwrap().contains("tab and line ; scale to 3"));
}

#[test]
fn sums_up_the_warnings_that_do_not_fit() {
    let all = |count| evaluated(&update(), vec![finding(Level::Warn, "one"); count])["warnings"].clone();
    assert_eq!(all(16).as_array().unwrap().len(), 16);
    let many = all(40);
    let many = many.as_array().unwrap();
    assert_eq!((many.len(), &many[15]), (16, &json!("quorate: 25 further warnings")));
}

#[test]
fn sums_up_the_denials_that_do_not_fit() {
    let answer = evaluated(&update(), vec![finding(Level::Deny, &"x".repeat(5000)); 64]);
    let message = answer["status"]["message"].as_str().unwrap();
    assert_eq!(message.lines().count(), 32);
    assert!(message.lines().all(|line| line.chars().count() <= 1000));
    assert!(message.ends_with("\nquorate: 33 further denials"));
    assert_eq!(answer["status"]["details"]["causes"].as_array().unwrap().len(), 64);
}

#[test]
fn answers_what_cannot_be_read_with_its_uid_and_403() {
    let answer =
        serde_json::to_value(AdmissionReview::unreadable("u-9", "the key `a` stands twice; keep one")).unwrap();
    assert_eq!(
        answer["response"],
        json!({"uid": "u-9", "allowed": false, "status": {
            "status": "Failure", "code": 403, "reason": "Forbidden",
            "message": "quorate: review not readable: the key `a` stands twice; keep one",
        }})
    );
}
