//! The related objects and the facts, as the engine takes them.

use kubernetes::admission::{Operation, Request};
use kubernetes::related::Related;
use kubernetes::request::RequestKind;
use quorate_document::Document;
use quorate_engine::Prepared;
use rqlite::facts::Facts;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::provider::NOTHING_KNOWN;

/// For one request: what stands behind it, and these facts.
pub fn prepared(request: &Request, related: Related<Document>, facts: &Facts) -> Prepared {
    let text = facts.to_json().unwrap_or_else(|_| NOTHING_KNOWN.to_owned());
    of_facts(request, related, text, facts)
}

/// The same of facts as somebody wrote them: guests report what they cannot read, so nothing is known of such facts here.
pub fn prepared_from_text(request: &Request, related: Related<Document>, facts: &str) -> Prepared {
    let known = Facts::parse(facts).unwrap_or_default();
    of_facts(request, related, facts.to_owned(), &known)
}

fn of_facts(request: &Request, related: Related<Document>, text: String, facts: &Facts) -> Prepared {
    // Facts are about the StatefulSet: of the objects that refer to it, none is created again by what it left.
    let creates = RequestKind::of(request) == RequestKind::StatefulSet && request.operation == Operation::Create;
    Prepared { related, facts: text, now: time_of(facts), recreation: creates && has_remains(facts) }
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
    use kubernetes::related::Reason;

    use super::*;

    fn of(operation: Operation, plural: &'static str, facts: &str) -> Prepared {
        let group = if plural == "statefulsets" { "apps" } else { "autoscaling" };
        let request = Request {
            resource: GroupVersionResource { group: group.into(), resource: plural.into(), ..Default::default() },
            ..Request::new("u", operation)
        };
        prepared_from_text(&request, Related::Unknown(Reason::NothingBehind), facts)
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
    fn facts_that_cannot_be_read_are_handed_on_and_say_nothing() {
        let prepared = of(Operation::Create, "statefulsets", "{");
        assert_eq!((prepared.facts.as_str(), prepared.now, prepared.recreation), ("{", None, false));
        assert_eq!(of(Operation::Create, "statefulsets", r#"{"version":1,"now":"yesterday"}"#).now, None);
        assert!(of(Operation::Create, "statefulsets", r#"{"version":1,"now":"2026-11-22T10:00:00Z"}"#).now.is_some());
    }
}
