//! "It does not exist" and "it is not known" are two answers, and what is not there is never something else.

use std::collections::HashMap;

use kubernetes::admission::{Operation, Phase};
use kubernetes::object::indexed;
use kubernetes::related::{Reason, Related};
use quorate_document::Document;
use quorate_engine::{BreakGlass, PolicySet, Prepared};
use quorate_tests::block_on;
use serde_json::json;

use crate::build::{LANGUAGES, Language};
use crate::values::{asked, config_map, request};

fn with_namespace(language: Language, namespace: Related<Vec<Document>>) -> Option<Vec<String>> {
    let policy = language.policy("probe", json!({"does": "namespace"}))?;
    let request = request(Operation::Create, &config_map("{}"));
    let set = PolicySet::new(vec![policy], BreakGlass::default()).unwrap();
    let queries = set.queries(Phase::Validate, &request);
    let related: HashMap<_, _> = queries.into_iter().map(|query| (query, namespace.clone())).collect();
    let review = block_on(set.review(Phase::Validate, &request, &Prepared { related, ..Prepared::default() }));
    Some(review.findings.into_iter().map(|one| format!("{:?}: {}", one.level, one.message)).collect())
}

#[test]
fn absent_and_unknown_differ() {
    let found = indexed(r#"{"metadata": {"name": "db"}}"#).unwrap();
    for language in LANGUAGES {
        let Some(there) = with_namespace(language, Related::Found(vec![found.clone()])) else { continue };
        assert_eq!(there, ["Warn: namespace db"], "{language:?}");
        assert_eq!(with_namespace(language, Related::Absent).unwrap(), ["Warn: no namespace"], "{language:?}");
        let unknown = with_namespace(language, Related::Unknown(Reason::NotReady)).unwrap();
        assert_eq!(unknown, ["NotJudged: related object `namespace` is not known yet"], "{language:?}");
        let failed = Related::Unknown(Reason::Failed("too many".into()));
        let failed = with_namespace(language, failed).unwrap();
        assert_eq!(failed.len(), 1, "{language:?}: {failed:?}");
        assert!(failed[0].starts_with("NotJudged: related object `namespace` could not be looked up: "), "{failed:?}");
    }
}

#[test]
fn what_the_manifest_does_not_ask_for_is_not_absent() {
    for language in LANGUAGES {
        let Some(policy) = language.policy("probe", json!({"does": "undeclared"})) else { continue };
        let verdict = asked(&policy, &config_map("{}")).unwrap();
        let messages: Vec<_> = verdict.answer.findings.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, ["related object `owners` is not declared in the policy's manifest"], "{language:?}");
    }
}

#[test]
fn a_deletion_has_no_object() {
    for language in LANGUAGES {
        let Some(policy) = language.policy("probe", json!({"does": "absent"})) else { continue };
        let mut request = request(Operation::Delete, &config_map("{}"));
        request.old_object = request.object.take();
        request.name = None;
        let verdict = block_on(policy.call(Phase::Validate, &request, &Prepared::default())).unwrap();
        let messages: Vec<_> = verdict.answer.findings.iter().map(|one| one.message.as_str()).collect();
        let says = [
            "object is not there",
            "oldObject is there",
            "name is not there",
            "subResource is not there",
            "podSpec is not there",
        ];
        assert_eq!(messages, says, "{language:?}");
    }
}

#[test]
fn what_is_granted_is_read() {
    let fact = indexed(r#"{"voters":3}"#).unwrap();
    let current = ("rqlite/current".to_owned(), Related::Found(vec![fact]));
    let facts = HashMap::from([current, ("rqlite/dependents".to_owned(), Related::Absent)]);
    let now = time::OffsetDateTime::from_unix_timestamp_nanos(1_796_000_000_123_000_000).ok();
    let prepared = Prepared { facts, now, ..Prepared::default() };
    for language in LANGUAGES {
        let Some(policy) = language.policy("granted", json!({})) else { continue };
        let request = request(Operation::Create, &config_map("{}"));
        let verdict = block_on(policy.call(Phase::Validate, &request, &prepared)).unwrap();
        let messages: Vec<_> = verdict.answer.findings.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(
            messages,
            ["1796000000123 2026-11-30T00:53:20.123Z", r#"{"voters":3}"#, "no dependents"],
            "{language:?}"
        );
    }
}
