//! Real `rqlited` processes behind the Pods of rqlite sets, in the namespaces where a test asks for them.
//!
//! ```text
//! Databases ─ node                       one per Pod's name: what a test kills, freezes, reads the log of
//!     └─ worker (a thread per Pod) ─ status    what a kubelet does and says
//!           ├─ container ─ probe         started, started again, ended
//!           └─ launch ─ binaries         which rqlited, by the image's tag
//!                     ─ environment · volumes ─ source    what the API has for it
//!                     ─ entrypoint · peers · rewrite      image, DNS and file system of a container, without one
//! client                                 SQL and membership, for tests
//! ```

mod binaries;
mod client;
mod container;
mod entrypoint;
mod environment;
mod launch;
mod node;
mod peers;
mod probe;
mod rewrite;
mod source;
mod status;
mod volumes;
mod waiting;
mod worker;

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt;

pub use binaries::{Rqlited, Rqliteds, Version};
pub use client::{Level, Member, Rqlite, basic};
pub use node::{Exit, RqliteNode};

use crate::isolation;
use crate::kubelet::Pauses;
use crate::watchdog::Watchdog;
use peers::Addresses;
use worker::Worker;

/// All database nodes of a control plane; its copies are the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Databases(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    watchdog: Arc<Watchdog>,
    kubeconfig: PathBuf,
    pauses: Pauses,
    addresses: Addresses,
    namespaces: Mutex<HashSet<String>>,
    nodes: Mutex<HashMap<Key, RqliteNode>>,
    workers: Mutex<HashMap<Key, Worker>>,
    seen_claims: Mutex<HashSet<String>>,
}

/// Namespace and Pod.
type Key = (String, String);

impl Databases {
    pub(crate) fn new(watchdog: &Arc<Watchdog>, kubeconfig: &Path, pauses: Pauses) -> Self {
        Self(Arc::new(Shared {
            watchdog: Arc::clone(watchdog),
            kubeconfig: kubeconfig.to_owned(),
            pauses,
            addresses: Addresses::default(),
            namespaces: Mutex::default(),
            nodes: Mutex::default(),
            workers: Mutex::default(),
            seen_claims: Mutex::default(),
        }))
    }

    pub(crate) fn enable(&self, namespace: &str) {
        assert!(is_local(), "rqlited listens on a Pod's address, which is local in `isolation::run` alone");
        lock(&self.0.namespaces).insert(namespace.to_owned());
    }

    pub(crate) fn node(&self, namespace: &str, pod: &str) -> Option<RqliteNode> {
        lock(&self.0.nodes).get(&(namespace.to_owned(), pod.to_owned())).cloned()
    }

    /// Whether this Pod's machine takes none.
    pub(crate) fn is_cordoned(&self, pod: &Pod) -> bool {
        self.node(&pod.namespace().unwrap_or_default(), &pod.name_any()).is_some_and(|node| node.is_cordoned())
    }

    /// Looks after a bound Pod, if it is to run rqlited.
    pub(crate) fn take(&self, pod: &Pod) -> bool {
        let key = (pod.namespace().unwrap_or_default(), pod.name_any());
        if !lock(&self.0.namespaces).contains(&key.0) || launch::container_of(pod).is_none() {
            return false;
        }
        let mut workers = lock(&self.0.workers);
        match workers.get(&key) {
            Some(worker) if worker.is_of(pod) => worker.tell(pod),
            _ => {
                let former = workers.remove(&key);
                let node = self.node_of(&key, pod);
                let worker = Worker::start(&self.0, pod, node, former);
                workers.insert(key, worker);
            }
        }
        true
    }

    /// Ends the processes of Pods that are no more, and the folders of claims that are no more.
    pub(crate) fn keep_only(&self, pods: &[Arc<Pod>], claims: &[Arc<PersistentVolumeClaim>]) {
        let uids: HashSet<_> = pods.iter().filter_map(|pod| pod.metadata.uid.as_deref()).collect();
        for worker in lock(&self.0.workers).values() {
            if !worker.uid().is_some_and(|uid| uids.contains(uid)) {
                worker.tell_gone();
            }
        }
        let claims: HashSet<String> = claims.iter().filter_map(|claim| claim.metadata.uid.clone()).collect();
        // One that was never seen here may be too new.
        let before = std::mem::replace(&mut *lock(&self.0.seen_claims), claims.clone());
        for uid in before.difference(&claims) {
            // Not every claim is rqlite's; what cannot be removed goes with the plane's folder.
            std::fs::remove_dir_all(self.0.claims().join(uid)).unwrap_or_default();
        }
    }

    /// Ends them all.
    pub(crate) fn end(&self) {
        let workers = std::mem::take(&mut *lock(&self.0.workers));
        workers.values().for_each(Worker::tell_stop);
    }

    fn node_of(&self, key: &Key, pod: &Pod) -> RqliteNode {
        let address = self.0.addresses.of_pod(pod);
        let new = || RqliteNode::new(&self.0.watchdog, (&key.0, &key.1), address);
        lock(&self.0.nodes).entry(key.clone()).or_insert_with(new).clone()
    }
}

impl Shared {
    fn folder(&self) -> PathBuf {
        self.watchdog.folder().join("rqlited")
    }

    fn claims(&self) -> PathBuf {
        self.folder().join("claims")
    }

    /// The addresses of nodes that tests hold down.
    fn held(&self) -> HashSet<Ipv4Addr> {
        lock(&self.nodes).values().filter(|node| node.is_held()).map(RqliteNode::address).collect()
    }
}

/// Whether Pods' addresses can be listened on.
fn is_local() -> bool {
    isolation::is_own_network()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
