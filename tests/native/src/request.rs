//! Any request about any set with any facts.

use crate::change::{Edit, edited, edits};
use crate::evaluation_input::EvaluationInput;
use crate::facts::{Facts, facts};
use crate::set::{Set, set};
use proptest::prelude::*;

#[derive(Debug, Clone)]
pub enum Request {
    Create,
    Update(Vec<Edit>),
    Scale(i64),
    Delete,
    /// By index from the first ordinal.
    Evict(usize),
}

/// A set, what is known of it, and what is asked.
#[derive(Debug, Clone)]
pub struct GeneratedRequest {
    pub set: Set,
    pub facts: Facts,
    pub request: Request,
}

impl GeneratedRequest {
    pub fn input(&self) -> EvaluationInput {
        let (set, facts) = (self.set.json(), self.facts.json(&self.set));
        match &self.request {
            Request::Create => EvaluationInput::create(&set, &facts),
            Request::Update(edits) => EvaluationInput::update(&set, &edited(&self.set, edits).json(), &facts),
            Request::Scale(to) => EvaluationInput::scale(&set, *to, &facts),
            Request::Delete => EvaluationInput::delete(&set, &facts),
            Request::Evict(index) => EvaluationInput::evict(&set, &self.set.pod(*index), &facts),
        }
    }
}

/// A set with facts that fit its count, as often as not.
pub fn known(sets: impl Strategy<Value = Set>) -> impl Strategy<Value = (Set, Facts)> {
    sets.prop_flat_map(|set| {
        let facts = facts(set.count());
        (Just(set), facts)
    })
}

pub fn any_request() -> impl Strategy<Value = GeneratedRequest> {
    let request = prop_oneof![
        2 => Just(Request::Create),
        5 => edits().prop_map(Request::Update),
        3 => (0_i64..10).prop_map(Request::Scale),
        1 => Just(Request::Delete),
        2 => (0_usize..9).prop_map(Request::Evict),
    ];
    (known(set()), request).prop_map(|((set, facts), request)| GeneratedRequest { set, facts, request })
}
