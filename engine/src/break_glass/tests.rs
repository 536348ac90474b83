//! When an annotation turns a denial into a warning, and what is said when it does not.
//! Does not run a guest.

use quorate_document::Document;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::*;
use crate::provider::Prepared;
use kubernetes::admission::{Operation, Phase};
use kubernetes::object::indexed;
use kubernetes::verdict::Verdict;

const NOTE: &str =
    "quorum-guard/scale-below-quorum,quorum-guard/scale-to-zero until=2026-11-22T12:00:00Z two nodes are on fire";

fn noted(note: &str) -> Document {
    indexed(&json!({"metadata": {"annotations": {"quorate.dev/break-glass": note}}}).to_string()).unwrap()
}

fn denied(level: Level) -> Review {
    let found = Finding::new("quorum-guard", "scale-below-quorum", level, "replicas 5 -> 2");
    let finding = Finding { remedy: "scale to 3".to_owned(), ..found };
    Review::new(Phase::Validate, vec![finding])
}

fn request(object: &Document) -> Request {
    Request {
        username: "alice".into(),
        groups: vec!["dba".into()],
        object: Some(object.clone()),
        ..Request::new("u", Operation::Update)
    }
}

fn at(now: Option<&str>) -> Prepared {
    let now = now.map(|now| OffsetDateTime::parse(now, &Rfc3339).unwrap());
    Prepared { now, ..Prepared::default() }
}

fn evaluate(config: &BreakGlass, request: &Request, prepared: &Prepared, review: &mut Review) {
    apply(config, request, prepared, review);
}

fn applied(note: &str, groups: &[&str], now: Option<&str>) -> Review {
    let object = noted(note);
    let mut review = denied(Level::Deny);
    let config = BreakGlass { groups: groups.iter().map(|group| (*group).to_owned()).collect() };
    evaluate(&config, &request(&object), &at(now), &mut review);
    review.verdict = Finding::verdict(&review.findings);
    review
}

const TEN: Option<&str> = Some("2026-11-22T10:00:00Z");

#[track_caller]
fn stands(note: &str, groups: &[&str], now: Option<&str>, why: &str) {
    let review = applied(note, groups, now);
    assert_eq!(review.verdict, Verdict::Denied);
    assert_eq!(review.findings[0].remedy, format!("scale to 3; break-glass is not honoured: {why}"));
    assert!(review.audit.is_empty());
}

#[test]
fn warns_with_user_end_and_reason() {
    let review = applied(NOTE, &["sre", "dba"], TEN);
    assert_eq!(review.verdict, Verdict::Allowed);
    assert_eq!(review.findings[0].level, Level::Warn);
    assert_eq!(
        review.findings[0].message,
        "replicas 5 -> 2 (break-glass by `alice` until 2026-11-22T12:00:00Z: two nodes are on fire)"
    );
    let used = "quorum-guard/scale-below-quorum by `alice` until 2026-11-22T12:00:00Z: two nodes are on fire";
    assert_eq!(review.audit, [("break-glass".to_owned(), used.to_owned())]);
}

#[test]
fn denies_and_says_why_the_annotation_does_not_help() {
    stands(NOTE, &["dba"], Some("2026-11-22T12:00:00Z"), "it ended at 2026-11-22T12:00:00Z");
    stands(NOTE, &["dba"], Some("2026-11-21T11:59:59Z"), "it ends more than 24 h from now");
    stands(NOTE, &["dba"], None, "the time is not known");
    stands(NOTE, &[], TEN, "no group is in `breakGlass.groups`");
    stands(NOTE, &["sre"], TEN, "`alice` is in none of `breakGlass.groups`");
    stands("quorum-guard/cluster-deleted until=2026-11-22T12:00:00Z why", &["dba"], TEN, "it does not name this rule");
    stands("quorum-guard/scale-below-quorum until=2026-11-22T12:00:00Z  ", &["dba"], TEN, "it gives no reason");
    for malformed in
        ["", "yes", "quorum-guard/scale-below-quorum", "quorum-guard/scale-below-quorum until=tomorrow why"]
    {
        stands(malformed, &["dba"], TEN, "it must read `<policy>/<rule> until=<RFC 3339> <reason>`");
    }
}

#[test]
fn holds_from_the_parent_and_the_old_object_too() {
    let (noted, plain) = (noted(NOTE), indexed("{}").unwrap());
    let config = BreakGlass { groups: vec!["dba".to_owned()] };
    let subject = Some(noted.clone());
    let by_parent = Prepared { subject, ..at(TEN) };
    let mut review = denied(Level::Deny);
    evaluate(&config, &request(&plain), &by_parent, &mut review);
    assert_eq!(review.findings[0].level, Level::Warn);
    let mut review = denied(Level::Deny);
    evaluate(&config, &Request { old_object: Some(noted), ..request(&plain) }, &at(TEN), &mut review);
    assert_eq!(review.findings[0].level, Level::Warn);
}

#[test]
fn one_valid_annotation_beats_an_outdated_one() {
    let (outdated, valid) = (noted("quorum-guard/scale-below-quorum until=2026-11-20T00:00:00Z past"), noted(NOTE));
    let config = BreakGlass { groups: vec!["dba".to_owned()] };
    let mut review = denied(Level::Deny);
    evaluate(&config, &Request { old_object: Some(valid), ..request(&outdated) }, &at(TEN), &mut review);
    assert_eq!(review.findings[0].level, Level::Warn);
}

#[test]
fn never_allows_what_was_not_judged() {
    let object = noted(NOTE);
    let mut review = denied(Level::NotJudged);
    evaluate(&BreakGlass { groups: vec!["dba".to_owned()] }, &request(&object), &at(None), &mut review);
    assert_eq!((review.findings, review.audit), (denied(Level::NotJudged).findings, Vec::new()));
}

#[test]
fn a_denial_without_an_annotation_is_left_alone() {
    let object = indexed(r#"{"metadata": {}}"#).unwrap();
    let mut review = denied(Level::Deny);
    evaluate(&BreakGlass::default(), &request(&object), &at(None), &mut review);
    assert_eq!((review.findings, review.audit), (denied(Level::Deny).findings, Vec::new()));
}

#[test]
fn a_reason_cannot_smuggle_words_that_clients_act_on() {
    let review = applied(&NOTE.replace("two nodes are on fire", "it\u{202e} is\nimmutable"), &["dba"], TEN);
    assert!(review.findings[0].message.ends_with(": it  cannot be changed)"), "{}", review.findings[0].message);
}
