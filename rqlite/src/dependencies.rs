//! What a set cannot do without beside its own object, by name: its namespace, the Services by which its nodes are found, the claims
//! that hold its data.
//! Not whether it runs, nor what becomes of it without them.

use std::collections::BTreeSet;

use crate::change;
use crate::cluster::{Node, RqliteSet};
use crate::discovery;
use crate::scaling::DataLocation;
use kubernetes::collect;
use kubernetes::manifest::StatefulSet;
use kubernetes::request::Dependency;

/// What one set needs in its namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Names of Services.
    pub services: BTreeSet<String>,
    /// `<template>-<set>` of the claims that hold its data: `-<ordinal>` makes a claim's name of it.
    pub claims: BTreeSet<String>,
}

impl Dependencies {
    /// Of a set that may run rqlite; None: it does not.
    #[cfg(feature = "recognition")]
    pub fn of_any(set: &StatefulSet) -> Option<Self> {
        RqliteSet::detect(set).map(|rqlite| Self::of(set, &rqlite))
    }

    /// Of a set that runs rqlite.
    pub fn of(set: &StatefulSet, rqlite: &RqliteSet) -> Self {
        let looked_up = rqlite.nodes.iter().filter_map(|node| discovered(node, set));
        let governing = set.spec.service_name.clone().filter(|name| !name.is_empty());
        let claims = match DataLocation::of(set, rqlite) {
            DataLocation::Claims(templates) => templates,
            DataLocation::Elsewhere | DataLocation::WithPod => Vec::new(),
        };
        Dependencies {
            services: collect::set(governing.into_iter().chain(looked_up)),
            claims: collect::set(claims.iter().map(|template| format!("{template}-{}", change::name(set)))),
        }
    }

    /// Whether the object of this kind and name, in the set's namespace, is one of them.
    pub fn include(&self, dependency: Dependency, name: &str) -> bool {
        match dependency {
            Dependency::Namespace => true,
            Dependency::Service => self.services.contains(name),
            Dependency::Claim => {
                let base = name.rsplit_once('-').filter(|(_, ordinal)| change::parse_ordinal(ordinal).is_some());
                base.is_some_and(|(base, _)| self.claims.contains(base))
            }
        }
    }
}

/// The Service of the set's own namespace that a node's discovery looks up: `db`, `db.namespace`, `db.namespace.svc.cluster.local`.
fn discovered(node: &Node, set: &StatefulSet) -> Option<String> {
    let name = discovery::looked_up(node.launch.line.as_ref()?)?;
    let mut labels = name.split('.');
    let service = labels.next().filter(|label| !label.is_empty())?;
    let own = set.metadata.namespace.as_deref();
    let here = labels.next().is_none_or(|named| named.is_empty() || own.is_none_or(|own| own == named));
    here.then(|| service.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(service: &str, args: Value) -> StatefulSet {
        serde_json::from_value(json!({
            "metadata": { "name": "rqlite", "namespace": "db" },
            "spec": {
                "serviceName": service,
                "template": { "spec": { "containers": [{
                    "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": args,
                    "volumeMounts": [{ "name": "file", "mountPath": "/rqlite/file" }],
                }] } },
                "volumeClaimTemplates": [{ "metadata": { "name": "file" } }, { "metadata": { "name": "backup" } }],
            },
        }))
        .unwrap()
    }

    fn dependencies(set: &StatefulSet) -> Dependencies {
        Dependencies::of(set, &RqliteSet::detect(set).unwrap())
    }

    #[track_caller]
    fn finds_by(service: &str, name: &str, expected: &[&str]) {
        let config = format!(r#"-disco-config={{"name":"{name}"}}"#);
        let found = dependencies(&set(service, json!(["-disco-mode=dns", config]))).services;
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn services_are_the_governing_one_and_the_one_that_is_looked_up() {
        finds_by("governing", "governing", &["governing"]);
        finds_by("governing", "all", &["all", "governing"]);
        finds_by("governing", "all.db", &["all", "governing"]);
        finds_by("governing", "all.db.svc.cluster.local.", &["all", "governing"]);
        finds_by("governing", "all.", &["all", "governing"]);
        finds_by("", "all", &["all"]);
    }

    #[test]
    fn a_name_in_another_namespace_is_no_service_of_this_one() {
        finds_by("governing", "all.other", &["governing"]);
        finds_by("governing", "all.other.svc.cluster.local", &["governing"]);
        finds_by("governing", ".db", &["governing"]);
    }

    #[test]
    fn a_set_that_joins_needs_its_governing_service() {
        let joins = dependencies(&set("governing", json!(["-join=rqlite-0.governing:4002,rqlite-1.governing:4002"])));
        assert_eq!(joins.services.into_iter().collect::<Vec<_>>(), ["governing"]);
    }

    #[test]
    fn claims_are_those_of_the_template_that_holds_the_data() {
        let dependencies = dependencies(&set("governing", json!([])));
        assert_eq!(dependencies.claims.iter().collect::<Vec<_>>(), ["file-rqlite"]);
        assert!(dependencies.include(Dependency::Claim, "file-rqlite-12"));
        for other in ["file-rqlite", "file-rqlite-", "file-rqlite-a", "file-rqlite-01", "backup-rqlite-0", "rqlite-0"] {
            assert!(!dependencies.include(Dependency::Claim, other), "{other}");
        }
    }

    #[test]
    fn data_on_no_claim_needs_none() {
        let mut ephemeral = set("governing", json!([]));
        ephemeral.spec.volume_claim_templates.clear();
        assert_eq!(dependencies(&ephemeral).claims, BTreeSet::new());
    }

    #[test]
    fn every_set_needs_its_namespace_and_its_services() {
        let dependencies = dependencies(&set("governing", json!([])));
        assert!(dependencies.include(Dependency::Namespace, "db"));
        assert!(
            dependencies.include(Dependency::Service, "governing")
                && !dependencies.include(Dependency::Service, "file-rqlite-0")
        );
    }
}
