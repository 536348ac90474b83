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

    /// Those of them that follow from the request and from what stands behind it: they are known wherever these are, and are others
    /// for another object.
    fn derived(&self) -> &'static [&'static str];

    /// What is known beside the same request with other objects: the derived facts are told again. A function of what it is given.
    fn refresh(&self, request: &Request, prepared: &Prepared) -> Prepared;
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
    /// The same request, of which no fact is known but those that follow from it.
    pub(crate) fn without_facts(&self, provider: &dyn Provider) -> Self {
        let derived = provider.derived();
        let stays = |(name, _): &(&String, &Related<Vec<Document>>)| derived.contains(&name.as_str());
        let facts = self.facts.iter().filter(stays).map(|(name, fact)| (name.clone(), fact.clone())).collect();
        Self { facts, ..self.clone() }
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

        fn derived(&self) -> &'static [&'static str] {
            &[]
        }

        fn refresh(&self, _: &Request, prepared: &Prepared) -> Prepared {
            prepared.clone()
        }
    }
}
