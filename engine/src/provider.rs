//! The surroundings of one review: the object behind a sub-resource, and the recorded facts.
//! Does not fetch either; the doors do, before a review starts.

use kubernetes::related::{Reason, Related};
use serde::Deserialize;
use serde::de::IgnoredAny;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What a review knows besides the request.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// JSON text of the object behind a sub-resource or a reference, or of the list of those that depend on what is deleted.
    pub related: &'a Related<String>,
    /// JSON text, version 1. A key that is absent is unknown; an empty list is knowledge.
    pub facts: &'a str,
}

static NOT_GIVEN: Related<String> = Related::Unknown(Reason::NotGiven);

impl Context<'_> {
    /// Facts of which nothing is known.
    pub const NO_FACTS: &'static str = r#"{"version": 1}"#;

    /// No parent, no facts.
    pub const UNKNOWN: Context<'static> = Context { related: &NOT_GIVEN, facts: Self::NO_FACTS };
}

/// The two facts that the engine itself acts on; all others are the guests'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct HostFacts {
    pub(crate) now: Option<OffsetDateTime>,
    /// Pods or claims of the set exist already: a CREATE is a re-creation.
    pub(crate) has_remains: bool,
}

impl HostFacts {
    /// Unreadable facts are unknown facts: the door has checked them, and each guest reports them.
    pub(crate) fn read(facts: &str) -> Self {
        #[derive(Deserialize)]
        struct Wire {
            now: Option<String>,
            pods: Option<Vec<IgnoredAny>>,
            pvcs: Option<Vec<IgnoredAny>>,
        }
        let Ok(wire) = serde_json::from_str::<Wire>(facts) else {
            return Self::default();
        };
        let any = |list: Option<Vec<IgnoredAny>>| list.is_some_and(|list| !list.is_empty());
        Self {
            now: wire.now.and_then(|now| OffsetDateTime::parse(&now, &Rfc3339).ok()),
            has_remains: any(wire.pods) || any(wire.pvcs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remains_are_pods_or_claims() {
        assert!(HostFacts::read(r#"{"version":1,"pods":[{"name":"rqlite-0"}]}"#).has_remains);
        assert!(HostFacts::read(r#"{"version":1,"pods":[],"pvcs":[{}]}"#).has_remains);
        assert!(!HostFacts::read(r#"{"version":1,"pods":[],"pvcs":[]}"#).has_remains);
        assert!(!HostFacts::read(Context::NO_FACTS).has_remains);
    }

    #[test]
    fn unreadable_facts_are_unknown() {
        assert_eq!(HostFacts::read("{"), HostFacts::default());
        assert_eq!(HostFacts::read(r#"{"now":"yesterday"}"#).now, None);
        assert!(HostFacts::read(r#"{"now":"2026-11-22T10:00:00Z"}"#).now.is_some());
    }
}
