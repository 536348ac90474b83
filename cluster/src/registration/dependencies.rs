//! The entries for what the known sets need: the deletion of a Namespace, a Service or a claim does not show that a cluster rests on it,
//! so these are named too. Written by the running server, as those of `known`.

use kubernetes::admission::Phase;
use kubernetes::request::Resource;

use super::entry::{Selectors, WebhookEntry, condition, rule};
use super::naming::{NameList, Naming};
use super::requested::RequestedRules;
use super::{KnownSets, cel, known};

/// Needed objects of one kind.
struct DependencyEntries {
    /// In the entry's name.
    what: &'static str,
    resource: Resource,
    names: Vec<NameList>,
    /// The CEL for a list of them.
    is_one_of: fn(&NameList) -> String,
}

pub(super) fn validating(asked: &RequestedRules<'_>, known: &KnownSets, naming: Naming) -> Vec<WebhookEntry> {
    let all = [namespaces(known, naming), services(known, naming), claims(known, naming)];
    all.iter().flat_map(|needed| needed.entries(asked)).collect()
}

fn namespaces(known: &KnownSets, naming: Naming) -> DependencyEntries {
    let all = known.keys().map(|set| (set.namespace.as_str(), ""));
    DependencyEntries {
        what: "namespaces",
        resource: Resource::NAMESPACES,
        names: naming.of_namespaces().lists(all),
        is_one_of: cel::is_known_namespace,
    }
}

fn services(known: &KnownSets, naming: Naming) -> DependencyEntries {
    let of_all = known.iter().flat_map(|(set, dependencies)| {
        dependencies.services.iter().map(|name| (set.namespace.as_str(), name.as_str()))
    });
    DependencyEntries {
        what: "services",
        resource: Resource::SERVICES,
        names: naming.lists(of_all),
        is_one_of: cel::is_known_object,
    }
}

fn claims(known: &KnownSets, naming: Naming) -> DependencyEntries {
    let of_all = known
        .iter()
        .flat_map(|(set, dependencies)| dependencies.claims.iter().map(|base| (set.namespace.as_str(), base.as_str())));
    DependencyEntries {
        what: "claims",
        resource: Resource::CLAIMS,
        names: naming.lists(of_all),
        is_one_of: cel::is_claim_of_known,
    }
}

impl DependencyEntries {
    /// While nobody answers refused like the deletion of a set: data does not come back, and where each is named nothing else is ever sent.
    fn entries(&self, asked: &RequestedRules<'_>) -> Vec<WebhookEntry> {
        let Some((operations, unreachable)) = asked.of(Phase::Validate, self.resource) else { return Vec::new() };
        let entry = |(index, list): (usize, &NameList)| WebhookEntry {
            selectors: Selectors::default(),
            name: known::name(self.what, index),
            failure_policy: unreachable,
            rule: rule(self.resource, &operations),
            conditions: vec![
                condition("known", (self.is_one_of)(list)),
                condition("not-a-cleaner", cel::not_a_system_deleter()),
            ],
        };
        self.names.iter().enumerate().map(entry).collect()
    }
}
