//! Registration as the API server reads it: which requests of which cases reach which entry.

mod backstop;
mod cases;
mod dependencies;
mod entries;
mod launches;
mod naming;
mod property;
mod server;
mod sets;

use kubernetes::admission::{Operation, Phase};
use kubernetes::request::Resource;
use rqlite::dependencies::Dependencies;

use super::entry::WebhookEntry;
use super::naming::Naming;
use super::requested::RequestedRules;
use super::{
    KnownSets, Narrowed, Registered, RequestMatch, SetName, built_in, dependencies as entries_of_dependencies, known,
};

/// Where a request on a StatefulSet goes: the names of the entries.
const FAIL: &[&str] = &["statefulsets.quorate.dev"];
const IGNORE: &[&str] = &["statefulsets-rest.quorate.dev"];
const NOT_RECOGNISED: &[&str] = &["statefulsets-not-recognised.quorate.dev"];
const NOT_SENT: &[&str] = &[];

/// Built in, and enforced.
fn policy(name: &str, phases: &[Phase], matches: Vec<RequestMatch>) -> Registered {
    Registered {
        name: name.to_owned(),
        phases: phases.to_vec(),
        matches,
        built_in: true,
        fails: true,
        narrowed: Narrowed::default(),
    }
}

fn matching(resource: Resource, operations: &[Operation]) -> RequestMatch {
    let matched = named_matching(resource.group, resource.plural, operations);
    RequestMatch { sub_resources: resource.sub_resource.iter().map(|name| (*name).to_owned()).collect(), ..matched }
}

/// Of a policy of one's own, which may name any resource.
fn named_matching(group: &str, plural: &str, operations: &[Operation]) -> RequestMatch {
    RequestMatch {
        groups: vec![group.to_owned()],
        versions: vec!["*".to_owned()],
        resources: vec![plural.to_owned()],
        sub_resources: Vec::new(),
        operations: operations.to_vec(),
        conditions: Vec::new(),
    }
}

/// As quorum-guard describes itself.
fn guard() -> Registered {
    use Operation::{Create, Delete, Update};
    let matches = vec![
        matching(Resource::STATEFUL_SETS, &[Create, Update, Delete]),
        matching(Resource::SCALES, &[Update]),
        matching(Resource::EVICTIONS, &[Create]),
        matching(Resource::AUTOSCALERS, &[Create, Update]),
        matching(Resource::NAMESPACES, &[Delete]),
        matching(Resource::SERVICES, &[Delete]),
        matching(Resource::CLAIMS, &[Delete]),
    ];
    policy("quorum-guard", &[Phase::Validate], matches)
}

/// As secret-mounts does.
fn mounts() -> Registered {
    let sets = matching(Resource::STATEFUL_SETS, &[Operation::Create, Operation::Update]);
    policy("secret-mounts", &[Phase::Mutate, Phase::Validate], vec![sets])
}

/// All validating entries of the built-in policies, with `db/rqlite` known where `names` has it.
fn validating(names: &[(&str, &str)]) -> Vec<WebhookEntry> {
    knowing(&sets(names))
}

/// The same where these sets are known.
fn knowing(sets: &KnownSets) -> Vec<WebhookEntry> {
    named(sets, Naming::Set)
}

/// The same where they are named in this way.
fn named(sets: &KnownSets, naming: Naming) -> Vec<WebhookEntry> {
    let policies = [guard(), mounts()];
    let asked = RequestedRules::by(&policies);
    let of_sets = known::validating(&asked, sets, naming);
    let server_owned = of_sets.into_iter().chain(entries_of_dependencies::validating(&asked, sets, naming));
    built_in::validating(&asked).into_iter().chain(server_owned).collect()
}

/// All mutating entries of the built-in policies.
fn mutating() -> Vec<WebhookEntry> {
    built_in::mutating(&RequestedRules::by(&[mounts()]))
}

/// Each with a Service `<name>-internal` and claims `file-<name>-<ordinal>`.
fn sets(names: &[(&str, &str)]) -> KnownSets {
    let set = |(namespace, name): &(&str, &str)| {
        let dependencies =
            Dependencies { services: [format!("{name}-internal")].into(), claims: [format!("file-{name}")].into() };
        (SetName { namespace: (*namespace).to_owned(), name: (*name).to_owned() }, dependencies)
    };
    names.iter().map(set).collect()
}
