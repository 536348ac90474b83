//! What is known beside a request, said once for all policies: related objects, and the facts of a provider.
//! What the facts mean is for the provider and the guests; the engine hands them over.

use std::collections::HashMap;

use kubernetes::admission::Request;
use kubernetes::related::Related;
use quorate_document::Document;
use time::OffsetDateTime;

use crate::related::RelatedQuery;

/// Who knows facts, and under which names guests ask for them.
pub trait Provider: Send + Sync {
    /// What a configuration grants, and the first part of its facts' names.
    fn name(&self) -> &'static str;

    /// All of its facts, by their whole names.
    fn facts(&self) -> &'static [&'static str];
}

/// What is known beside one request. What is in neither map is not known.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// What manifests ask for by name.
    pub related: HashMap<RelatedQuery, Related<Vec<Document>>>,
    /// By the fact's name.
    pub facts: HashMap<String, Related<Vec<Document>>>,
    /// Of the object behind a request that does not carry it, so that its annotations count.
    pub subject: Option<Document>,
    /// When the request is evaluated. None: not known.
    pub now: Option<OffsetDateTime>,
    /// A creation of what is there in part already: no defect of the object is a new one.
    pub recreation: bool,
}

impl Prepared {
    /// The same request, of which no fact is known.
    pub(crate) fn without_facts(&self) -> Self {
        Self { facts: HashMap::new(), ..self.clone() }
    }

    /// Bytes of everything that a guest may read of this request: its CPU time grows with them.
    pub fn input_bytes(&self, request: &Request) -> usize {
        let objects = [&request.object, &request.old_object].into_iter().flatten();
        let facts = self.facts.values().filter_map(Related::found).flatten();
        objects.chain(facts).map(|document| document.as_json().len()).sum()
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// A provider of facts that no guest of the unit tests asks for.
    pub(crate) struct Weather;

    impl Provider for Weather {
        fn name(&self) -> &'static str {
            "weather"
        }

        fn facts(&self) -> &'static [&'static str] {
            &["weather/today"]
        }
    }
}
