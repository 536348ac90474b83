//! What is known beside a request, as the engine takes it: facts by their names, each a document.

use std::collections::HashMap;

use kubernetes::admission::{Operation, Request};
use kubernetes::list::items;
use kubernetes::object::indexed;
use kubernetes::related::{Reason, Related};
use kubernetes::request::RequestKind;
use quorate_document::Document;
use quorate_engine::Prepared;
use rqlite::candidate::RqliteHint;
use rqlite::cluster::RqliteSet;
use rqlite::facts::Facts;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::provider::{CURRENT, DEPENDENTS, NOTHING_KNOWN, OBJECT, OLD_OBJECT, PARENT};
use crate::sets::{DecodedSet, RequestSets};

/// For one request: what stands behind it, and these facts.
pub fn prepared(request: &Request, related: &Related<Document>, sets: &RequestSets, facts: &Facts) -> Prepared {
    let text = facts.to_json().unwrap_or_else(|_| NOTHING_KNOWN.to_owned());
    of_facts(request, related, sets, &text, facts)
}

/// The same of facts as somebody wrote them: guests report what they cannot read, so nothing is known of such facts here.
pub fn prepared_from_text(request: &Request, related: &Related<Document>, facts: &str) -> Prepared {
    let known = Facts::parse(facts).unwrap_or_default();
    of_facts(request, related, &RequestSets::of(request, related), facts, &known)
}

/// What was known beside a request, with its objects recognised again.
pub(crate) fn refreshed(request: &Request, prepared: &Prepared) -> Prepared {
    // What stands behind a request is the same for another object of its own.
    if RequestKind::of(request) != RequestKind::StatefulSet {
        return prepared.clone();
    }
    let mut facts = prepared.facts.clone();
    facts.retain(|name, _| name != OBJECT && name != OLD_OBJECT);
    facts.extend(of_objects(request, &RequestSets::of(request, &Related::Absent)));
    Prepared { facts, ..prepared.clone() }
}

fn of_facts(request: &Request, related: &Related<Document>, sets: &RequestSets, text: &str, facts: &Facts) -> Prepared {
    let kind = RequestKind::of(request);
    // Facts are about the StatefulSet: of the objects that refer to it, none is created again by what it left.
    let creates = kind == RequestKind::StatefulSet && request.operation == Operation::Create;
    let mut by_name = HashMap::from([(CURRENT.to_owned(), current(text))]);
    let mut subject = None;
    match kind {
        RequestKind::Scale | RequestKind::Eviction | RequestKind::Autoscaler => {
            subject = related.found().cloned();
            let parent = |set: &Document| known(std::iter::once((set.clone(), sets.parent.clone())));
            by_name.insert(PARENT.to_owned(), related.and_then(parent));
        }
        RequestKind::Dependency(_) => {
            let read = |set: Document| {
                let read = DecodedSet::of(set.clone()).ok();
                (set, read)
            };
            by_name.insert(DEPENDENTS.to_owned(), related.and_then(|list| known(items(list).map(read))));
        }
        RequestKind::StatefulSet => by_name.extend(of_objects(request, sets)),
        RequestKind::Other => {}
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

/// A StatefulSet under review, as it is to be and as it was, each where it is there.
fn of_objects(request: &Request, sets: &RequestSets) -> Vec<(String, Related<Vec<Document>>)> {
    let read = |name: &str, given: &Option<Document>, set: &Option<DecodedSet>, beside: &Option<DecodedSet>| {
        given.as_ref()?;
        let unreadable = || Related::Unknown(Reason::Failed("it has not the shape of a StatefulSet".to_owned()));
        let fact = |set: &DecodedSet| known_texts(std::iter::once(reading(set, beside.as_ref()).to_string()));
        Some((name.to_owned(), set.as_ref().map_or_else(unreadable, fact)))
    };
    let new = read(OBJECT, &request.object, &sets.new, &None);
    let old = read(OLD_OBJECT, &request.old_object, &sets.old, &sets.new);
    new.into_iter().chain(old).collect()
}

/// A fact about each of the sets, version 1: its object, and what it was recognised as. Where it cannot be read, the object alone.
fn known(sets: impl Iterator<Item = (Document, Option<DecodedSet>)>) -> Related<Vec<Document>> {
    known_texts(sets.map(|(object, set)| {
        let reading = set.map_or_else(|| json!({ "version": rqlite::reading::VERSION }), |set| reading(&set, None));
        let reading = reading.to_string();
        format!(r#"{{"object":{},{}"#, object.as_json(), reading.strip_prefix('{').unwrap_or_default())
    }))
}

fn known_texts(facts: impl Iterator<Item = String>) -> Related<Vec<Document>> {
    match facts.map(|fact| indexed(&fact)).collect() {
        Ok(facts) => Related::Found(facts),
        Err(error) => Related::Unknown(Reason::Failed(error.to_string())),
    }
}

/// What the set was recognised as (`docs/facts.md`); `next` is the one that takes its place.
fn reading(set: &DecodedSet, next: Option<&DecodedSet>) -> Value {
    let own = set.rqlite.as_deref();
    let mut fact = json!({ "version": rqlite::reading::VERSION, "set": own.map(rqlite::reading::set) });
    let mut add = |key: &str, value: Value| fact.as_object_mut().map(|members| members.insert(key.to_owned(), value));
    if own.is_none()
        && let Some(hint) = RqliteHint::of(&set.set)
    {
        add("hint", rqlite::reading::hint(&hint));
    }
    if let Some(next) = next.and_then(|next| next.rqlite.as_deref()) {
        let others = RqliteSet::others(&set.set, own, next);
        if !others.is_empty() {
            add("others", rqlite::reading::nodes(&others));
        }
    }
    fact
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
