//! The entries for what the known sets need: the deletion of a Namespace, a Service or a claim does not show that a cluster rests on it,
//! so these are named too. Kept by the running server, as those of `known`.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;
use quorate_engine::Phase;

use super::asked::{Asked, CLAIMS, NAMESPACES, Resource, SERVICES};
use super::entry::{Entry, condition, rule};
use super::{KnownSets, cel, known};

/// Needed objects of one kind.
struct Needed {
    /// In the entry's name.
    what: &'static str,
    resource: Resource,
    scope: &'static str,
    names: BTreeSet<String>,
    /// The CEL for a list of them.
    is_one_of: fn(&str) -> String,
}

pub(super) fn validating(asked: &Asked<'_>, known: &KnownSets) -> Vec<Entry> {
    [namespaces(known), services(known), claims(known)].iter().flat_map(|needed| needed.entries(asked)).collect()
}

fn namespaces(known: &KnownSets) -> Needed {
    Needed {
        what: "namespaces",
        resource: NAMESPACES,
        // A Namespace counts as cluster-scoped (k8s.io/apiserver, `rules.Matcher`), though its request names it as its own namespace.
        scope: "Cluster",
        names: known.keys().map(|set| set.namespace.clone()).collect(),
        is_one_of: cel::is_known_namespace,
    }
}

fn services(known: &KnownSets) -> Needed {
    let of_all = known.iter().flat_map(|(set, needs)| needs.services.iter().map(|name| (&set.namespace, name)));
    Needed {
        what: "services",
        resource: SERVICES,
        scope: "Namespaced",
        names: of_all.map(|(namespace, name)| format!("{namespace}/{name}")).collect(),
        is_one_of: cel::is_known_object,
    }
}

fn claims(known: &KnownSets) -> Needed {
    let of_all = known.iter().flat_map(|(set, needs)| needs.claims.iter().map(|base| (&set.namespace, base)));
    Needed {
        what: "claims",
        resource: CLAIMS,
        scope: "Namespaced",
        names: of_all.map(|(namespace, base)| format!("{namespace}/{base}")).collect(),
        is_one_of: cel::is_claim_of_known,
    }
}

impl Needed {
    /// While nobody answers refused like the deletion of a set: data does not come back, and nothing else is ever sent.
    fn entries(&self, asked: &Asked<'_>) -> Vec<Entry> {
        let Some((operations, unreachable)) = asked.of(Phase::Validate, self.resource) else { return Vec::new() };
        let (group, plural, _) = self.resource;
        let entry = |(index, list): (usize, &String)| Entry {
            name: known::name(self.what, index),
            unreachable,
            rule: RuleWithOperations { scope: Some(self.scope.to_owned()), ..rule(group, "v1", plural, &operations) },
            conditions: vec![
                condition("known", (self.is_one_of)(list)),
                condition("not-a-cleaner", cel::not_a_cleaner()),
            ],
        };
        known::lists(self.names.iter().cloned()).iter().enumerate().map(entry).collect()
    }
}
