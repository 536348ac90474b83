//! Of pods: whose they are, how they stand, where their node listens. A few hundred bytes each, and only of those that may be rqlite's.

use std::borrow::Cow;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::PodStatus;
use kube::Resource;
use kube::api::ObjectMeta;
use kube::core::NamespaceResourceScope;
use kubernetes::manifest::PodSpec;
use rqlite::facts::Pod;
use rqlite::running::RunningNode;
use serde::Deserialize;

use crate::controller::{controller, is_stateful_set};
use crate::watch_cache::Cacheable;

/// A pod as the watch reads it: what nobody here needs is skipped while it is read.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WatchedPod {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: PodSpec,
    status: Option<PodStatus>,
}

/// What is cached of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CachedPod {
    /// The StatefulSet that controls it; None: nobody does, as after `--cascade=orphan`.
    pub(crate) set: Option<Controller>,
    pub(crate) uid: Option<String>,
    pub(crate) ready: bool,
    /// Its rqlite container runs, ready or not; None: nobody has told.
    pub(crate) running: Option<bool>,
    pub(crate) terminating: bool,
    /// Where it can be asked; None: it has no address yet, or none that may be asked.
    pub(crate) address: Option<IpAddr>,
    /// None: its own spec does not show rqlite.
    pub(crate) node: Option<RunningNode>,
}

/// A StatefulSet: one of the same name that was made anew is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Controller {
    pub(crate) name: String,
    pub(crate) uid: String,
}

impl CachedPod {
    /// Raft node id, where its own spec tells it.
    pub(crate) fn node_id(&self) -> Option<String> {
        self.node.as_ref().and_then(|node| node.id.clone())
    }

    /// As facts tell it.
    pub(crate) fn fact(&self, name: &str) -> Pod {
        Pod {
            name: name.to_owned(),
            uid: self.uid.clone(),
            ready: Some(self.ready),
            running: self.running,
            terminating: self.terminating,
            node_id: self.node_id(),
            remove_on_shutdown: self.node.as_ref().and_then(|node| node.removes_itself),
        }
    }
}

impl Cacheable for WatchedPod {
    type Cached = CachedPod;

    const KIND: &'static str = "Pods";

    /// A pod of a set may be rqlite's by the set's annotation alone; one of nobody only by what it runs.
    fn cached(self) -> Option<CachedPod> {
        let set = match controller(self.metadata.owner_references.as_deref().unwrap_or_default()) {
            Some(owner) if is_stateful_set(owner) => {
                Some(Controller { name: owner.name.clone(), uid: owner.uid.clone() })
            }
            Some(_) => return None,
            None => None,
        };
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let node = RunningNode::of(name, &self.spec);
        if set.is_none() && node.is_none() {
            return None;
        }
        let status = self.status.unwrap_or_default();
        let ready = status.conditions.iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True");
        let address = status.pod_ip.as_deref().and_then(|text| text.parse().ok()).filter(may_be_asked);
        Some(CachedPod {
            set,
            uid: self.metadata.uid,
            ready,
            running: running(node.as_ref(), &status),
            terminating: self.metadata.deletion_timestamp.is_some(),
            address,
            node,
        })
    }

    fn uid(cached: &CachedPod) -> Option<&str> {
        cached.uid.as_deref()
    }
}

/// Whether the rqlite container runs, by the kubelet's word. A native sidecar's status stands among those of the init containers.
fn running(node: Option<&RunningNode>, status: &PodStatus) -> Option<bool> {
    let container = node?.container.as_str();
    let all = [&status.init_container_statuses, &status.container_statuses];
    let mut all = all.into_iter().flatten().flatten();
    let state = all.find(|told| told.name == container)?.state.as_ref()?;
    Some(state.running.is_some())
}

/// A pod's address is what its status says, and that must not lead to the server itself or to a machine's own services.
fn may_be_asked(address: &IpAddr) -> bool {
    let address = &address.to_canonical();
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || link_local)
}

impl Resource for WatchedPod {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Pod".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "pods".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(owner: Value, image: &str, address: &str) -> Option<CachedPod> {
        let pod: WatchedPod = serde_json::from_value(json!({
            "metadata": { "name": "rqlite-1", "namespace": "db", "ownerReferences": owner },
            "spec": { "containers": [{ "name": "c", "image": image, "ports": [{ "containerPort": 4001 }] }] },
            "status": { "podIP": address, "conditions": [{ "type": "Ready", "status": "True" }] },
        }))
        .unwrap();
        pod.cached()
    }

    #[test]
    fn tells_whether_the_rqlite_container_runs() {
        let pod = |containers: Value, inits: Value, status: Value| {
            let pod: WatchedPod = serde_json::from_value(json!({
                "metadata": { "name": "rqlite-1", "uid": "u1", "ownerReferences": owner("StatefulSet") },
                "spec": { "containers": containers, "initContainers": inits }, "status": status,
            }))
            .unwrap();
            let pod = pod.cached().unwrap().fact("rqlite-1");
            assert_eq!((pod.uid.as_deref(), pod.ready), (Some("u1"), Some(false)));
            pod.running
        };
        let rqlite =
            || json!([{ "name": "rqlite", "image": "rqlite/rqlite:10.2.7" }, { "name": "log", "image": "busybox" }]);
        let told = |state: Value| {
            let other = json!({ "name": "log", "state": { "running": {} }, "ready": true, "image": "", "imageID": "", "restartCount": 0 });
            json!({ "containerStatuses": [other, { "name": "rqlite", "state": state, "ready": false, "image": "", "imageID": "", "restartCount": 0 }] })
        };
        assert_eq!(pod(rqlite(), json!([]), told(json!({ "running": {} }))), Some(true));
        assert_eq!(pod(rqlite(), json!([]), told(json!({ "waiting": { "reason": "CrashLoopBackOff" } }))), Some(false));
        assert_eq!(pod(rqlite(), json!([]), told(json!({ "terminated": { "exitCode": 1 } }))), Some(false));
        assert_eq!(pod(rqlite(), json!([]), json!({})), None);
    }

    fn owner(kind: &str) -> Value {
        json!([{ "apiVersion": "apps/v1", "kind": kind, "name": "rqlite", "uid": "u", "controller": true }])
    }

    #[test]
    fn keeps_pods_of_sets_and_what_runs_rqlite() {
        let of_set = pod(owner("StatefulSet"), "rqlite/rqlite:10.2.7", "10.0.0.7").unwrap();
        let controller = Controller { name: "rqlite".to_owned(), uid: "u".to_owned() };
        assert_eq!((of_set.set.as_ref(), of_set.ready, of_set.terminating), (Some(&controller), true, false));
        assert_eq!(of_set.address, Some("10.0.0.7".parse().unwrap()));
        assert_eq!(of_set.node.unwrap().id.as_deref(), Some("rqlite-1"));
        let by_annotation = pod(owner("StatefulSet"), "example/database", "10.0.0.7").unwrap();
        assert_eq!(by_annotation.node, None);
        let orphan = pod(json!([]), "rqlite/rqlite:10.2.7", "10.0.0.7").unwrap();
        assert_eq!(orphan.set, None);
    }

    #[test]
    fn keeps_nothing_of_others() {
        assert_eq!(pod(owner("ReplicaSet"), "rqlite/rqlite:10.2.7", "10.0.0.7"), None);
        assert_eq!(pod(json!([]), "nginx", "10.0.0.7"), None);
    }

    #[test]
    fn an_address_that_is_no_pods_is_not_asked() {
        for address in
            ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "224.0.0.1", "::ffff:169.254.169.254", ""]
        {
            let cached = pod(owner("StatefulSet"), "rqlite/rqlite:10.2.7", address).unwrap();
            assert_eq!(cached.address, None, "{address}");
        }
    }
}
