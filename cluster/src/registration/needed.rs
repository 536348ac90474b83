//! The entries for what the known sets need: the deletion of a Namespace, a Service or a claim does not show that a cluster rests on it,
//! so these are named too. Kept by the running server, as those of `known`.

use kubernetes::admission::Phase;
use kubernetes::request::Resource;

use super::asked::Asked;
use super::entry::{Entry, condition, rule};
use super::naming::{Among, Naming};
use super::{KnownSets, cel, known};

/// Needed objects of one kind.
struct Needed {
    /// In the entry's name.
    what: &'static str,
    resource: Resource,
    names: Vec<Among>,
    /// The CEL for a list of them.
    is_one_of: fn(&Among) -> String,
}

pub(super) fn validating(asked: &Asked<'_>, known: &KnownSets, naming: Naming) -> Vec<Entry> {
    let all = [namespaces(known, naming), services(known, naming), claims(known, naming)];
    all.iter().flat_map(|needed| needed.entries(asked)).collect()
}

fn namespaces(known: &KnownSets, naming: Naming) -> Needed {
    let all = known.keys().map(|set| (set.namespace.as_str(), ""));
    Needed {
        what: "namespaces",
        resource: Resource::NAMESPACES,
        names: naming.of_namespaces().lists(all),
        is_one_of: cel::is_known_namespace,
    }
}

fn services(known: &KnownSets, naming: Naming) -> Needed {
    let of_all =
        known.iter().flat_map(|(set, needs)| needs.services.iter().map(|name| (set.namespace.as_str(), name.as_str())));
    Needed {
        what: "services",
        resource: Resource::SERVICES,
        names: naming.lists(of_all),
        is_one_of: cel::is_known_object,
    }
}

fn claims(known: &KnownSets, naming: Naming) -> Needed {
    let of_all =
        known.iter().flat_map(|(set, needs)| needs.claims.iter().map(|base| (set.namespace.as_str(), base.as_str())));
    Needed {
        what: "claims",
        resource: Resource::CLAIMS,
        names: naming.lists(of_all),
        is_one_of: cel::is_claim_of_known,
    }
}

impl Needed {
    /// While nobody answers refused like the deletion of a set: data does not come back, and where each is named nothing else is ever sent.
    fn entries(&self, asked: &Asked<'_>) -> Vec<Entry> {
        let Some((operations, unreachable)) = asked.of(Phase::Validate, self.resource) else { return Vec::new() };
        let entry = |(index, list): (usize, &Among)| Entry {
            name: known::name(self.what, index),
            unreachable,
            rule: rule(self.resource, &operations),
            conditions: vec![
                condition("known", (self.is_one_of)(list)),
                condition("not-a-cleaner", cel::not_a_cleaner()),
            ],
        };
        self.names.iter().enumerate().map(entry).collect()
    }
}
