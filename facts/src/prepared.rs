//! What is known beside a request, as the engine takes it: facts by their names, each a document.

use std::collections::HashMap;

use kubernetes::admission::{Operation, Request};
use kubernetes::list::items;
use kubernetes::object::indexed;
use kubernetes::related::{Reason, Related};
use kubernetes::request::RequestKind;
use quorate_document::Document;
use quorate_engine::Prepared;
use rqlite::facts::Facts;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::provider::{CURRENT, DEPENDENTS, NOTHING_KNOWN, PARENT};

/// For one request: what stands behind it, and these facts.
pub fn prepared(request: &Request, related: &Related<Document>, facts: &Facts) -> Prepared {
    let text = facts.to_json().unwrap_or_else(|_| NOTHING_KNOWN.to_owned());
    of_facts(request, related, &text, facts)
}

/// The same of facts as somebody wrote them: guests report what they cannot read, so nothing is known of such facts here.
pub fn prepared_from_text(request: &Request, related: &Related<Document>, facts: &str) -> Prepared {
    let known = Facts::parse(facts).unwrap_or_default();
    of_facts(request, related, facts, &known)
}

fn of_facts(request: &Request, related: &Related<Document>, text: &str, facts: &Facts) -> Prepared {
    let kind = RequestKind::of(request);
    // Facts are about the StatefulSet: of the objects that refer to it, none is created again by what it left.
    let creates = kind == RequestKind::StatefulSet && request.operation == Operation::Create;
    let mut by_name = HashMap::from([(CURRENT.to_owned(), current(text))]);
    let mut subject = None;
    match kind {
        RequestKind::Scale | RequestKind::Eviction | RequestKind::Autoscaler => {
            subject = related.found().cloned();
            by_name.insert(PARENT.to_owned(), related.and_then(|set| known(std::iter::once(set.clone()))));
        }
        RequestKind::Dependency(_) => {
            by_name.insert(DEPENDENTS.to_owned(), related.and_then(|list| known(items(list))));
        }
        RequestKind::StatefulSet | RequestKind::Other => {}
    }
    let recreation = creates && has_remains(facts);
    Prepared { facts: by_name, subject, now: time_of(facts), recreation, ..Prepared::default() }
}

fn current(text: &str) -> Related<Vec<Document>> {
    match indexed(text) {
        Ok(facts) => Related::Found(vec![facts]),
        Err(error) => Related::Unknown(Reason::Failed(error.to_string())),
    }
}

/// A fact about each of the sets, version 1: its object.
fn known(sets: impl Iterator<Item = Document>) -> Related<Vec<Document>> {
    let fact = |set: Document| indexed(&format!(r#"{{"version":1,"object":{}}}"#, set.as_json()));
    match sets.map(fact).collect() {
        Ok(facts) => Related::Found(facts),
        Err(error) => Related::Unknown(Reason::Failed(error.to_string())),
    }
}

fn time_of(facts: &Facts) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(facts.now.as_deref()?, &Rfc3339).ok()
}

/// Pods or claims of the set are there already.
fn has_remains(facts: &Facts) -> bool {
    facts.pods.as_ref().is_some_and(|pods| !pods.is_empty())
        || facts.claims.as_ref().is_some_and(|claims| !claims.is_empty())
}

#[cfg(test)]
mod tests {
    use kubernetes::admission::GroupVersionResource;

    use super::*;

    fn of(operation: Operation, plural: &'static str, facts: &str) -> Prepared {
        let group = if plural == "statefulsets" { "apps" } else { "autoscaling" };
        let request = Request {
            resource: GroupVersionResource { group: group.into(), resource: plural.into(), ..Default::default() },
            ..Request::new("u", operation)
        };
        prepared_from_text(&request, &Related::Unknown(Reason::NothingBehind), facts)
    }

    #[test]
    fn a_creation_beside_pods_or_claims_is_one_again() {
        let created = |facts| of(Operation::Create, "statefulsets", facts).recreation;
        assert!(created(r#"{"version":1,"pods":[{"name":"rqlite-0"}]}"#));
        assert!(created(r#"{"version":1,"pods":[],"pvcs":[{"name":"data-rqlite-0"}]}"#));
        assert!(!created(r#"{"version":1,"pods":[],"pvcs":[]}"#));
        assert!(!created(NOTHING_KNOWN));
        let pods = r#"{"version":1,"pods":[{"name":"rqlite-0"}]}"#;
        assert!(!of(Operation::Update, "statefulsets", pods).recreation);
        assert!(!of(Operation::Create, "horizontalpodautoscalers", pods).recreation);
    }

    #[test]
    fn facts_that_cannot_be_read_say_nothing() {
        let prepared = of(Operation::Create, "statefulsets", "{");
        assert!(prepared.facts[CURRENT].is_unknown());
        assert_eq!((prepared.now, prepared.recreation), (None, false));
        assert_eq!(of(Operation::Create, "statefulsets", r#"{"version":1,"now":"yesterday"}"#).now, None);
        assert!(of(Operation::Create, "statefulsets", r#"{"version":1,"now":"2026-11-22T10:00:00Z"}"#).now.is_some());
    }
}
