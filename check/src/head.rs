//! What stands behind a request, in the state that is to be: the StatefulSet that an autoscaler points at, or those that need what is
//! deleted. Pods are in no repository.

use kubernetes::admission::Request;
use kubernetes::defaults::defaulted;
use kubernetes::list;
use kubernetes::lookup::Lookup;
use kubernetes::manifest::StatefulSet;
use kubernetes::object::indexed;
use kubernetes::related::{Reason, Related};
use kubernetes::request::{Dependency, RequestKind, group_of};
use quorate_document::Document;
use quorate_facts::{NamedFuture, ObjectSource, RelatedFuture, RelatedQuery, found, known};
use rqlite::dependencies::Dependencies;
use serde::Deserialize;
use serde_json::Value;

use super::object::Object;
use super::way::Way;

/// The objects of the state that is to be, as a change of this scope sees them.
pub(super) struct HeadObjects<'h> {
    pub(super) objects: &'h [Object],
    /// Several clusters may each have an object of the same name: the one of the change's own scope comes first.
    pub(super) scope: &'h str,
    pub(super) way: &'h Way,
}

impl ObjectSource for HeadObjects<'_> {
    fn get<'a>(&'a self, of: &'a Lookup) -> RelatedFuture<'a> {
        known(match of {
            // No policy reads another kind, and the server does not look for one.
            Lookup::Object { group, kind, .. }
                if RequestKind::of_reference(group, kind) != RequestKind::StatefulSet =>
            {
                Related::Unknown(Reason::NotRead)
            }
            Lookup::Object { namespace, name, .. } => self.set(namespace, name),
            Lookup::DependentsOf { dependency, namespace, name } => self.dependents(*dependency, namespace, name),
            Lookup::ControllerOf { .. } => Related::Unknown(Reason::NotGiven),
        })
    }

    /// What is not in the repository may be in the cluster.
    fn named<'a>(&'a self, query: &'a RelatedQuery, request: &'a Request) -> NamedFuture<'a> {
        let namespace = request.namespace.as_deref();
        let object = match query {
            RelatedQuery::Namespace => namespace.and_then(|name| self.find("", "Namespace", None, name)),
            RelatedQuery::Reference { api_version, kind, name } => {
                self.find(group_of(api_version), kind, namespace, name)
            }
            RelatedQuery::Parent | RelatedQuery::Owners => None,
        };
        let document = object.and_then(|object| indexed(&object.value.to_string()).ok());
        let named = document.map_or(Related::Unknown(Reason::NotGiven), |document| Related::Found(vec![document]));
        Box::pin(std::future::ready(named))
    }
}

impl HeadObjects<'_> {
    fn find(&self, group: &str, kind: &str, namespace: Option<&str>, name: &str) -> Option<&Object> {
        let is_it = |object: &&Object| {
            let id = &object.id;
            (id.group.as_str(), id.kind.as_str(), id.name.as_str()) == (group, kind, name)
                && id.namespace.as_deref() == namespace
                && self.is_reached(object)
        };
        self.objects.iter().find(is_it)
    }

    /// In the cluster that the change's way leads to, as far as both are known.
    fn is_reached(&self, object: &Object) -> bool {
        !self.way.is_known() || !object.way.is_known() || object.way.cluster() == self.way.cluster()
    }

    /// The sets of the namespace in the cluster that the change's way leads to.
    fn sets_in(&self, namespace: &str) -> impl Iterator<Item = &Object> {
        let there = move |object: &&Object| {
            object.id.request_kind() == RequestKind::StatefulSet
                && object.id.namespace.as_deref() == Some(namespace)
                && self.is_reached(object)
        };
        self.objects.iter().filter(there)
    }

    fn set(&self, namespace: &str, name: &str) -> Related<Document> {
        let named = || self.sets_in(namespace).filter(|set| set.id.name == name);
        let set = named().find(|set| set.scope == self.scope).or_else(|| named().next());
        set.map_or(Related::Absent, |set| found(&as_admitted(set).to_string()))
    }

    fn dependents(&self, dependency: Dependency, namespace: &str, name: &str) -> Related<Document> {
        let dependent =
            |set: &&Object| dependencies(set).is_some_and(|dependencies| dependencies.include(dependency, name));
        let sets = self.sets_in(namespace).filter(dependent);
        let items: Vec<String> = sets.map(|set| as_admitted(set).to_string()).collect();
        if items.is_empty() {
            return Related::Absent;
        }
        found(&list::stateful_sets(items.iter().map(String::as_str)))
    }
}

/// Whether the object is a set that runs rqlite.
pub(super) fn runs_rqlite(object: &Object) -> bool {
    object.id.request_kind() == RequestKind::StatefulSet && dependencies(object).is_some()
}

/// None: it does not run rqlite.
fn dependencies(set: &Object) -> Option<&Dependencies> {
    let read = || Dependencies::of_any(&StatefulSet::deserialize(&as_admitted(set)).ok()?);
    set.dependencies.get_or_init(read).as_ref()
}

fn as_admitted(set: &Object) -> Value {
    defaulted(set.id.request_kind(), set.value.clone(), set.id.namespace.as_deref())
}
