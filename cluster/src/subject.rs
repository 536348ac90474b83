//! The set that facts are about: what it is called, which pods, claims and ConfigMaps are its own.
//! Asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kubernetes::manifest::StatefulSet;
use quorate_facts::DecodedSet;
use rqlite::change;
use rqlite::cluster::{Node, RqliteSet};
use rqlite::running::HttpApi;

use crate::membership::SetKey;
use crate::pods::{CachedPod, Controller};

/// An rqlite set.
#[derive(Debug)]
pub(crate) struct FactsSubject {
    pub(crate) key: SetKey,
    pub(crate) uid: Option<String>,
    pub(crate) set: Arc<StatefulSet>,
    pub(crate) rqlite: Arc<RqliteSet>,
    /// ConfigMaps that `-bootstrap-expect` of any of its objects refers to, and their keys.
    pub(crate) config_maps: BTreeMap<String, BTreeSet<String>>,
    /// Claim templates of all its objects: which claims it had, and which it is to have.
    templates: BTreeSet<String>,
    /// It is created: what an earlier set of its name left may be of other templates, and controlled by nobody.
    created: bool,
}

impl FactsSubject {
    /// As it is and as it is to be. None: neither runs rqlite.
    pub(crate) fn of(namespace: &str, states: [Option<&DecodedSet>; 2], created: bool) -> Option<Self> {
        let states = || states.into_iter().flatten();
        let templates = states().flat_map(|state| change::template_names(&state.set)).map(str::to_owned).collect();
        let running = || states().filter_map(|state| Some((&state.set, state.rqlite.as_ref()?)));
        let mut config_maps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, key) in running().flat_map(|(_, rqlite)| rqlite.nodes.iter().filter_map(config_map)) {
            config_maps.entry(name.to_owned()).or_default().insert(key.to_owned());
        }
        let (set, rqlite) = running().next().map(|(set, rqlite)| (Arc::clone(set), Arc::clone(rqlite)))?;
        let key = SetKey { namespace: namespace.to_owned(), name: change::name(&set).to_owned() };
        Some(Self { key, uid: set.metadata.uid.clone(), set, rqlite, config_maps, templates, created })
    }

    /// The set controls it, and not an earlier one of its name, whose pods go. At a creation those count as well, and so does a pod of
    /// nobody, which the controller adopts by its name.
    pub(crate) fn owns_pod(&self, name: &str, pod: &CachedPod) -> bool {
        let is_itself = |uid: &String| self.created || self.uid.as_ref().is_none_or(|own| own == uid);
        let is_own = |set: &Controller| set.name == self.key.name && is_itself(&set.uid);
        pod.set.as_ref().map_or(self.created, is_own) && change::ordinal(&self.set, name).is_some()
    }

    pub(crate) fn owns_claim(&self, name: &str) -> bool {
        let of = |template: &str| change::claim_ordinal(&self.set, template, name).is_some();
        let of_an_earlier_set = || {
            let template =
                name.rsplit_once('-').and_then(|(base, _)| base.strip_suffix(&self.key.name)?.strip_suffix('-'));
            template.is_some_and(of)
        };
        self.templates.iter().any(|template| of(template)) || (self.created && of_an_earlier_set())
    }

    /// Where a pod's node listens: by its own spec; by the template where that does not show rqlite.
    pub(crate) fn http(&self, pod: &CachedPod) -> HttpApi {
        pod.node.as_ref().map_or_else(|| HttpApi::of_set(&self.rqlite), |node| node.http)
    }
}

/// The ConfigMap that `-bootstrap-expect` refers to, and its key.
fn config_map(node: &Node) -> Option<(&str, &str)> {
    node.expect.as_ref()?.source()?.config_map_key()
}

#[cfg(test)]
mod tests {
    use kubernetes::object::indexed;
    use serde_json::{Value, json};

    use super::*;

    fn set(template: &str, env: Value) -> DecodedSet {
        read(&json!({
            "metadata": { "name": "rqlite", "namespace": "db", "uid": "u" },
            "spec": {
                "template": { "spec": { "containers": [{
                    "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": ["-bootstrap-expect=$(N)"], "env": env,
                }] } },
                "volumeClaimTemplates": [{ "metadata": { "name": template } }],
            },
        }))
    }

    fn read(set: &Value) -> DecodedSet {
        DecodedSet::of(indexed(&set.to_string()).unwrap()).unwrap()
    }

    /// Of the set of that name and of this uid.
    fn pod(set: Option<(&str, &str)>) -> CachedPod {
        let set = set.map(|(name, uid)| Controller { name: name.to_owned(), uid: uid.to_owned() });
        CachedPod { set, uid: None, ready: true, running: None, terminating: false, address: None, node: None }
    }

    #[test]
    fn knows_its_pods_and_the_claims_of_all_its_templates() {
        let (old, new) = (set("file", json!([])), set("data", json!([])));
        let subject = FactsSubject::of("db", [Some(&old), Some(&new)], false).unwrap();
        assert!(subject.owns_pod("rqlite-0", &pod(Some(("rqlite", "u")))));
        assert!(!subject.owns_pod("rqlite-0", &pod(None)));
        assert!(!subject.owns_pod("rqlite-0", &pod(Some(("other", "u")))));
        assert!(!subject.owns_pod("rqlite-0", &pod(Some(("rqlite", "of-an-earlier-one")))));
        assert!(!subject.owns_pod("rqlite-x", &pod(None)));
        for claim in ["file-rqlite-0", "data-rqlite-7"] {
            assert!(subject.owns_claim(claim), "{claim}");
        }
        assert!(!subject.owns_claim("file-my-rqlite-0"));
    }

    #[test]
    fn a_created_set_takes_over_what_an_earlier_one_left() {
        let created = FactsSubject::of("db", [None, Some(&set("data", json!([])))], true).unwrap();
        assert!(created.owns_pod("rqlite-0", &pod(None)));
        assert!(created.owns_pod("rqlite-0", &pod(Some(("rqlite", "of-an-earlier-one")))));
        assert!(!created.owns_pod("rqlite-0", &pod(Some(("other", "u")))));
        assert!(created.owns_claim("file-rqlite-0"));
        assert!(!created.owns_claim("file-rqlite-x"));
    }

    #[test]
    fn names_the_config_maps_that_its_expect_refers_to() {
        let env = json!([{ "name": "N", "valueFrom": { "configMapKeyRef": { "name": "peers", "key": "count" } } }]);
        let subject = FactsSubject::of("db", [None, Some(&set("file", env))], true).unwrap();
        assert_eq!(subject.config_maps, [("peers".to_owned(), ["count".to_owned()].into())].into());
    }

    #[test]
    fn another_set_is_none() {
        assert!(
            FactsSubject::of("db", [Some(&read(&json!({"metadata": {"name": "web"}, "spec": {}}))), None], false)
                .is_none()
        );
    }
}
