//! The part of a kubelet that looks after one Pod, on a thread of its own: what the Pod asks for is done, what is done is said.
//! A step that fails is tried again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::Value;
use tokio::time::timeout;

use super::container::Container;
use super::launch::{Launcher, container_of};
use super::node::RqliteNode;
use super::source::Source;
use super::{Shared, status};
use crate::kube_client;
use crate::kubelet::{UNREADY, confirm_end};

/// How often it looks around.
const TICK: Duration = Duration::from_millis(50);

/// For what a step asks of the API.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Worker {
    uid: Option<String>,
    messages: Arc<WorkerMessages>,
    thread: Option<JoinHandle<()>>,
}

/// What the worker is told.
#[derive(Debug)]
struct WorkerMessages {
    pod: Mutex<Pod>,
    gone: AtomicBool,
    stop: AtomicBool,
}

impl Worker {
    /// `former`: the one of a Pod of the same name, which is no more; its process ends at once, before ours starts.
    pub(super) fn start(shared: &Arc<Shared>, pod: &Pod, node: RqliteNode, former: Option<Self>) -> Self {
        let messages = Arc::new(WorkerMessages {
            pod: Mutex::new(pod.clone()),
            gone: AtomicBool::default(),
            stop: AtomicBool::default(),
        });
        let (shared, told) = (Arc::clone(shared), Arc::clone(&messages));
        let name = pod.name_any();
        let thread = thread::Builder::new().name(name).spawn(move || {
            drop(former);
            crate::wait::block_on(live(&shared, &told, Container::new(node)));
        });
        Self { uid: pod.uid(), messages, thread: Some(thread.expect("a thread")) }
    }

    pub(super) fn is_of(&self, pod: &Pod) -> bool {
        self.uid == pod.uid()
    }

    pub(super) fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    pub(super) fn tell(&self, pod: &Pod) {
        *self.messages.pod.lock().unwrap_or_else(PoisonError::into_inner) = pod.clone();
    }

    /// Its Pod is no more: the process is killed at once, unless its node is cut off; then when it is back.
    pub(super) fn tell_gone(&self) {
        self.messages.gone.store(true, Ordering::SeqCst);
    }

    /// The process is killed at once, whatever else there is.
    pub(super) fn tell_stop(&self) {
        self.messages.stop.store(true, Ordering::SeqCst);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.tell_stop();
        // A panic of the thread has been printed by itself.
        self.thread.take().map(JoinHandle::join).map(drop).unwrap_or_default();
    }
}

impl WorkerMessages {
    fn pod(&self) -> Pod {
        self.pod.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn live(shared: &Shared, messages: &WorkerMessages, container: Container) {
    let pod = messages.pod();
    let client = kube_client::of(&shared.kubeconfig).await;
    let source = Source::new(client, &pod.namespace().unwrap_or_default());
    let folder = shared.folder().join("pods").join(pod.uid().unwrap_or_default());
    let mut life = Life { shared, source, container, folder, said: None };
    while !messages.stop.load(Ordering::SeqCst) {
        let pod = messages.pod();
        if shared.pauses.is_paused_for(&pod.metadata) {
            // Cut off: the process goes on, nobody hears of it, and what is asked of it is not heard.
            life.container.look();
        } else if messages.gone.load(Ordering::SeqCst) {
            break;
        } else if timeout(LIMIT, life.step(&pod)).await.unwrap_or(false) {
            // Its end is confirmed. A step that hangs (so does the API server) is begun again.
            break;
        }
        tokio::time::sleep(TICK).await;
    }
    life.container.kill();
    // What is left of it goes with the plane's folder.
    std::fs::remove_dir_all(&life.folder).unwrap_or_default();
}

struct Life<'a> {
    shared: &'a Shared,
    source: Source,
    container: Container,
    folder: PathBuf,
    said: Option<Value>,
}

impl Life<'_> {
    /// True: its end is confirmed.
    async fn step(&mut self, pod: &Pod) -> bool {
        let Some(spec) = container_of(pod) else { return false };
        if pod.metadata.deletion_timestamp.is_some() {
            return self.container.end(pod, spec) && confirm_end(&self.source.api(), pod).await.is_ok();
        }
        self.container.look();
        if self.container.is_due() {
            let (source, addresses) = (&self.source, &self.shared.addresses);
            let claims = self.shared.claims();
            let held = self.shared.held();
            let launcher = Launcher { source, addresses, folder: &self.folder, claims: &claims, held: &held };
            match launcher.prepare(pod, spec).await {
                Ok(command) => self.container.start(&self.shared.watchdog, spec, command),
                Err(reason) => self.container.does_not_start(reason),
            }
        }
        let seen = self.container.seen(pod.annotations().contains_key(UNREADY));
        self.say(pod, status::patch(pod, &spec.name, &seen)).await;
        false
    }

    async fn say(&mut self, pod: &Pod, status: Value) {
        if self.said.as_ref() == Some(&status) {
            return;
        }
        let pods = self.source.api::<Pod>();
        let said = pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(&status)).await;
        self.said = said.is_ok().then_some(status);
    }
}
