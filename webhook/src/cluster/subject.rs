//! The set that facts are about, read from its objects: what it is called, which pods, claims and ConfigMaps are its own.
//! Asks nobody.

use std::collections::BTreeSet;

use rqlite::change;
use rqlite::cluster::{Node, RqliteSet};
use rqlite::manifest::StatefulSet;
use rqlite::running::HttpApi;
use rqlite::value::Source;

use crate::cluster::membership::SetKey;
use crate::cluster::pods::KeptPod;

/// An rqlite set.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) key: SetKey,
    pub(crate) uid: Option<String>,
    pub(crate) set: StatefulSet,
    pub(crate) rqlite: RqliteSet,
    /// ConfigMaps that `-bootstrap-expect` of any of its objects refers to.
    pub(crate) config_maps: BTreeSet<String>,
    /// Claim templates of all its objects: which claims it had, and which it is to have.
    templates: BTreeSet<String>,
}

impl Subject {
    /// Of its JSON texts, as it is and as it is to be. None: none of them can be read as a set that runs rqlite.
    pub(crate) fn of(namespace: &str, objects: [Option<&str>; 2]) -> Option<Self> {
        let objects = objects.into_iter().flatten();
        let sets: Vec<StatefulSet> = objects.filter_map(|json| serde_json::from_str(json).ok()).collect();
        let templates = sets.iter().flat_map(change::template_names).map(str::to_owned).collect();
        let read = |set: StatefulSet| RqliteSet::recognise(&set).map(|rqlite| (set, rqlite));
        let read: Vec<_> = sets.into_iter().filter_map(read).collect();
        let config_maps = read.iter().flat_map(|(_, rqlite)| rqlite.nodes.iter().filter_map(config_map)).collect();
        let (set, rqlite) = read.into_iter().next()?;
        let key = SetKey { namespace: namespace.to_owned(), name: change::name(&set).to_owned() };
        Some(Self { key, uid: set.metadata.uid.clone(), set, rqlite, config_maps, templates })
    }

    /// The set controls it, or it has the name of one of its pods and nobody does: the controller adopts it.
    pub(crate) fn owns_pod(&self, name: &str, pod: &KeptPod) -> bool {
        pod.set.as_ref().is_none_or(|set| *set == self.key.name) && change::ordinal(&self.set, name).is_some()
    }

    pub(crate) fn owns_claim(&self, name: &str) -> bool {
        self.templates.iter().any(|template| change::claim_ordinal(&self.set, template, name).is_some())
    }

    /// Where a pod's node listens: by its own spec; by the template where that does not show rqlite.
    pub(crate) fn http(&self, pod: &KeptPod) -> HttpApi {
        let template = || self.rqlite.nodes.first().map(HttpApi::of).unwrap_or_default();
        pod.node.as_ref().map_or_else(template, |node| node.http)
    }
}

fn config_map(node: &Node) -> Option<String> {
    match node.expect.as_ref()?.source()? {
        Source::ConfigMapKey { name, .. } => Some(name.clone()),
        Source::SecretKey { .. }
        | Source::Field(_)
        | Source::Resource(_)
        | Source::Script(_)
        | Source::Composed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(template: &str, env: Value) -> String {
        json!({
            "metadata": { "name": "rqlite", "namespace": "db", "uid": "u" },
            "spec": {
                "template": { "spec": { "containers": [{
                    "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": ["-bootstrap-expect=$(N)"], "env": env,
                }] } },
                "volumeClaimTemplates": [{ "metadata": { "name": template } }],
            },
        })
        .to_string()
    }

    fn pod(set: Option<&str>) -> KeptPod {
        KeptPod { set: set.map(str::to_owned), ready: true, terminating: false, address: None, node: None }
    }

    #[test]
    fn knows_its_pods_and_the_claims_of_all_its_templates() {
        let (old, new) = (set("file", json!([])), set("data", json!([])));
        let subject = Subject::of("db", [Some(&old), Some(&new)]).unwrap();
        assert!(subject.owns_pod("rqlite-0", &pod(Some("rqlite"))));
        assert!(subject.owns_pod("rqlite-0", &pod(None)));
        assert!(!subject.owns_pod("rqlite-0", &pod(Some("other"))));
        assert!(!subject.owns_pod("rqlite-x", &pod(None)));
        for claim in ["file-rqlite-0", "data-rqlite-7"] {
            assert!(subject.owns_claim(claim), "{claim}");
        }
        assert!(!subject.owns_claim("file-my-rqlite-0"));
    }

    #[test]
    fn names_the_config_maps_that_its_expect_refers_to() {
        let env = json!([{ "name": "N", "valueFrom": { "configMapKeyRef": { "name": "peers", "key": "count" } } }]);
        let subject = Subject::of("db", [None, Some(&set("file", env))]).unwrap();
        assert_eq!(subject.config_maps, ["peers".to_owned()].into());
    }

    #[test]
    fn another_set_is_none() {
        assert!(Subject::of("db", [Some(r#"{"metadata":{"name":"web"},"spec":{}}"#), None]).is_none());
    }
}
