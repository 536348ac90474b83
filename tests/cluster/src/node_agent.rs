//! Stands in for the scheduler, the kubelets and the volume binder: binds Pods to nodes, says that they run, confirms their end.
//! Runs no container: a Pod is ready because we say so, and not ready if its annotation says so. The exception are Pods of rqlite
//! where a test asks for real ones: `rqlited` looks after those, once they are bound.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use k8s_openapi::api::core::v1::{Binding, Node, ObjectReference, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::isolation;
use crate::kubelet::{Pauses, UNREADY, confirm_end};
use crate::rqlited::{Databases, RqliteNode};
use crate::watchdog::Watchdog;

/// The nodes there are: enough to spread three Pods, and to drain one.
pub const NODES: [&str; 3] = ["node-0", "node-1", "node-2"];

/// Turns the node agent off and on, and rqlited behind its Pods, by namespace.
#[derive(Clone, Debug)]
pub struct NodeAgent {
    pauses: Pauses,
    databases: Databases,
    families: Families,
}

/// Which addresses Pods get.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Families {
    Ipv4,
    Ipv6,
    Both,
}

impl NodeAgent {
    pub(crate) fn new(watchdog: &Arc<Watchdog>, kubeconfig: &Path, families: Families) -> Self {
        let pauses = Pauses::default();
        let databases = Databases::new(watchdog, kubeconfig, pauses.clone());
        Self { pauses, databases, families }
    }

    /// From now on no Pod of this namespace is bound, becomes ready or ends: its nodes are cut off. What runs goes on.
    pub fn pause(&self, namespace: &str) {
        self.pauses.pause(namespace);
    }

    /// Goes on, with what was left as well.
    pub fn resume(&self, namespace: &str) {
        self.pauses.resume(namespace);
    }

    /// From now on the Pods of rqlite in this namespace are real `rqlited` processes. In a network of its own alone
    /// (`isolation::run`): panics elsewhere.
    #[track_caller]
    pub fn run_rqlited(&self, namespace: &str) {
        self.databases.enable(namespace);
    }

    /// The database node behind a Pod's name, once such a Pod was bound.
    pub fn rqlite_node(&self, namespace: &str, pod: &str) -> Option<RqliteNode> {
        self.databases.node(namespace, pod)
    }

    pub(crate) fn databases(&self) -> &Databases {
        &self.databases
    }
}

/// The agent's actions: one step for one object. A step that fails is tried again when the object is seen next.
pub(crate) struct AgentActions {
    client: Client,
    agent: NodeAgent,
    numbers: AtomicU16,
}

impl AgentActions {
    pub(crate) fn new(client: Client, agent: NodeAgent) -> Self {
        Self { client, agent, numbers: AtomicU16::new(1) }
    }

    /// Makes the nodes, ready; those that are there already stay as they are.
    pub(crate) async fn nodes(&self) -> kube::Result<()> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        for name in NODES {
            let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
            let labels = json!({ "metadata": { "labels": { "kubernetes.io/hostname": name } } });
            match nodes.create(&PostParams::default(), &Node { metadata, ..Node::default() }).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.is_already_exists() => continue,
                Err(error) => return Err(error),
            }
            nodes.patch(name, &PatchParams::default(), &Patch::Merge(labels)).await?;
            // The API server itself taints a new node as not ready.
            let taints = json!({ "spec": { "taints": null } });
            nodes.patch(name, &PatchParams::default(), &Patch::Merge(taints)).await?;
            let status = json!({ "status": {
                "conditions": [condition("Ready", true)],
                "allocatable": { "cpu": "64", "memory": "256Gi", "pods": "250" },
                "capacity": { "cpu": "64", "memory": "256Gi", "pods": "250" },
            }});
            nodes.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await?;
        }
        Ok(())
    }

    /// The next step of a Pod's life, if one is due.
    pub(crate) async fn pod(&self, pod: &Pod, nodes: &[Arc<Node>]) -> kube::Result<()> {
        let Some(spec) = pod.spec.as_ref().filter(|_| !self.agent.pauses.is_paused_for(&pod.metadata)) else {
            return Ok(());
        };
        if spec.node_name.is_none() {
            let gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
            let waits = gated || self.agent.databases.is_cordoned(pod);
            return if waits || pod.metadata.deletion_timestamp.is_some() {
                Ok(())
            } else {
                self.bind(pod, nodes).await
            };
        }
        if self.agent.databases.take(pod) {
            return Ok(());
        }
        if pod.metadata.deletion_timestamp.is_some() {
            return confirm_end(&self.namespaced(pod.metadata.namespace.as_deref()), pod).await;
        }
        let ready = !pod.annotations().contains_key(UNREADY);
        if said_ready(pod) == Some(ready) { Ok(()) } else { self.run(pod, ready).await }
    }

    /// A claim is bound as soon as it is seen; there is no volume.
    pub(crate) async fn claim(&self, claim: &PersistentVolumeClaim) -> kube::Result<()> {
        let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
        let over = phase == Some("Bound") || claim.metadata.deletion_timestamp.is_some();
        if over || self.agent.pauses.is_paused_for(&claim.metadata) {
            return Ok(());
        }
        let claims: Api<PersistentVolumeClaim> = self.namespaced(claim.metadata.namespace.as_deref());
        let status = json!({ "status": { "phase": "Bound" } });
        claims.patch_status(&claim.name_any(), &PatchParams::default(), &Patch::Merge(status)).await.map(drop)
    }

    async fn bind(&self, pod: &Pod, nodes: &[Arc<Node>]) -> kube::Result<()> {
        let open = |node: &&Arc<Node>| node.spec.as_ref().is_none_or(|spec| spec.unschedulable != Some(true));
        let open: Vec<_> = nodes.iter().filter(open).collect();
        // The ordinal spreads a set's Pods; another Pod's name has some last byte.
        let last = usize::from(pod.name_any().bytes().last().unwrap_or_default());
        let Some(node) = last.checked_rem(open.len()).and_then(|index| open.get(index)) else { return Ok(()) };
        let metadata =
            ObjectMeta { name: pod.metadata.name.clone(), uid: pod.metadata.uid.clone(), ..ObjectMeta::default() };
        let target = ObjectReference {
            kind: Some("Node".to_owned()),
            name: Some(node.name_any()),
            ..ObjectReference::default()
        };
        let binding = Binding { metadata, target };
        let pods: Api<Pod> = self.namespaced(pod.metadata.namespace.as_deref());
        pods.create_subresource::<_, Value>("binding", &pod.name_any(), &PostParams::default(), &binding)
            .await
            .map(drop)
    }

    async fn run(&self, pod: &Pod, ready: bool) -> kube::Result<()> {
        let kept = pod.status.as_ref().and_then(|status| status.pod_ips.clone());
        let kept = kept.map(|addresses| addresses.into_iter().map(|address| address.ip).collect());
        let addresses: Vec<String> = kept.unwrap_or_else(|| self.addresses());
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers).map(|container| {
            json!({
                "name": container.name, "image": container.image, "imageID": "", "restartCount": 0,
                "ready": ready, "started": true, "state": { "running": {} },
            })
        });
        let mut status = json!({ "status": {
            "phase": "Running", "hostIP": "127.0.0.1",
            "containerStatuses": containers.collect::<Vec<_>>(),
            "conditions": [
                condition("PodScheduled", true), condition("Initialized", true),
                condition("ContainersReady", ready), condition("Ready", ready),
            ],
        }});
        if is_asked_by_none(pod) {
            status["status"]["podIP"] = json!(addresses.first());
            let addresses: Vec<Value> = addresses.iter().map(|address| json!({ "ip": address })).collect();
            status["status"]["podIPs"] = json!(addresses);
        }
        let pods: Api<Pod> = self.namespaced(pod.metadata.namespace.as_deref());
        pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(status)).await.map(drop)
    }

    /// Of each family one that no Pod has had.
    fn addresses(&self) -> Vec<String> {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let [high, low] = number.to_be_bytes();
        let (ipv4, ipv6) = (Ipv4Addr::new(10, 244, high, low), Ipv6Addr::new(0xfd00, 0x10, 0x244, 0, 0, 0, 0, number));
        match self.agent.families {
            Families::Ipv4 => vec![ipv4.to_string()],
            Families::Ipv6 => vec![ipv6.to_string()],
            Families::Both => vec![ipv4.to_string(), ipv6.to_string()],
        }
    }

    /// What there is: whose object is no more ends.
    pub(crate) fn keep_only(&self, pods: &[Arc<Pod>], claims: &[Arc<PersistentVolumeClaim>]) {
        self.agent.databases.keep_only(pods, claims);
    }

    fn namespaced<K>(&self, namespace: Option<&str>) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace.unwrap_or("default"))
    }
}

/// A server connects to the Pods of a StatefulSet, so these get an address only where it is a local one. All others' are but text.
fn is_asked_by_none(pod: &Pod) -> bool {
    isolation::is_own_network() || pod.owner_references().iter().all(|owner| owner.kind != "StatefulSet")
}

fn condition(name: &str, holds: bool) -> Value {
    // A fixed time: nothing here waits for a condition's age (minReadySeconds counts from it, so it has long passed).
    json!({ "type": name, "status": if holds { "True" } else { "False" }, "lastTransitionTime": "2026-01-01T00:00:00Z" })
}

/// What the Pod's status says about its readiness, if anything yet.
fn said_ready(pod: &Pod) -> Option<bool> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready")?;
    Some(ready.status == "True")
}
