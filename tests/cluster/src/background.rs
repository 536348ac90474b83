//! A thread with a runtime of its own that watches the cluster for the node agent and for the Services' proxy.
//! Decides nothing about what it sees.

use std::fmt::Debug;
use std::hash::Hash;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::{Node, PersistentVolumeClaim, Pod, Service};
use kube::runtime::reflector::{self, Store};
use kube::runtime::utils::Backoff;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::net::UnixListener;
use tokio::sync::oneshot;

use crate::node_agent::{AgentActions, NodeAgent};
use crate::services::Services;

/// How soon a step that failed is tried again, and a paused agent looks whether it may go on.
const TICK: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Runs until it is dropped. `client` makes one that belongs to the thread's runtime.
    pub(crate) fn start<F>(
        client: F,
        agent: NodeAgent,
        services: Services,
        socket: std::os::unix::net::UnixListener,
    ) -> Self
    where
        F: Future<Output = Client> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        let work = async move {
            let client = client.await;
            let listener = UnixListener::from_std(socket).expect("a socket for the Services' proxy");
            let (known, watched) = reflect::<Service>(client.clone());
            let proxy = services.serve(listener, known);
            tokio::select! {
                () = watched.for_each(|()| async {}) => {}
                () = proxy => {}
                () = act(client, agent) => {}
                _ = stopped => {}
            }
        };
        let thread = thread::Builder::new().name("node-agent".to_owned()).spawn(move || crate::wait::block_on(work));
        Self { stop: Some(stop), thread: Some(thread.expect("a thread")) }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A panic of the thread has been printed by itself.
        self.thread.take().map(JoinHandle::join).map(drop).unwrap_or_default();
    }
}

/// What wakes the agent.
enum AgentEvent {
    Pod(Box<Pod>),
    Claim(Box<PersistentVolumeClaim>),
    Tick,
}

async fn act(client: Client, agent: NodeAgent) {
    let actions = AgentActions::new(client.clone(), agent);
    while actions.nodes().await.is_err() {
        tokio::time::sleep(TICK).await;
    }
    let (nodes, node_events) = reflect::<Node>(client.clone());
    let (pods, pod_events) = reflected::<Pod>(client.clone());
    let (claims, claim_events) = reflected::<PersistentVolumeClaim>(client);
    let pod_events = pod_events.map(|pod| AgentEvent::Pod(Box::new(pod)));
    let claim_events = claim_events.map(|claim| AgentEvent::Claim(Box::new(claim)));
    let ticks = stream::unfold((), |()| async { Some((tokio::time::sleep(TICK).await, ())) });
    let mut seen = stream::select(
        stream::select(pod_events.boxed(), claim_events.boxed()),
        stream::select(node_events.filter_map(|()| async { None }).boxed(), ticks.map(|()| AgentEvent::Tick).boxed()),
    );
    while let Some(seen) = seen.next().await {
        let nodes = nodes.state();
        match seen {
            // An error (a conflict, an API server that restarts) is answered by the next tick.
            AgentEvent::Pod(pod) => actions.pod(&pod, &nodes).await.unwrap_or_default(),
            AgentEvent::Claim(claim) => actions.claim(&claim).await.unwrap_or_default(),
            AgentEvent::Tick => {
                let (pods, claims) = (pods.state(), claims.state());
                actions.keep_only(&pods, &claims);
                for pod in pods {
                    actions.pod(&pod, &nodes).await.unwrap_or_default();
                }
                for claim in claims {
                    actions.claim(&claim).await.unwrap_or_default();
                }
            }
        }
    }
}

/// Watches a kind everywhere; the objects as they are now, and each as it changes.
fn reflected<K>(client: Client) -> (Store<K>, impl Stream<Item = K> + Send)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Hash + Eq,
{
    let (store, writer) = reflector::store();
    let watch = watcher(Api::<K>::all(client), watcher::Config::default());
    let objects = watch.backoff(ConstantPause).reflect(writer).applied_objects();
    (store, objects.filter_map(|object| async { object.ok() }))
}

fn reflect<K>(client: Client) -> (Store<K>, impl Stream<Item = ()> + Send)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let (store, objects) = reflected(client);
    (store, objects.map(drop))
}

/// The same short pause after each failure: an API server that a test restarts is back within seconds.
struct ConstantPause;

impl Iterator for ConstantPause {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(TICK)
    }
}

impl Backoff for ConstantPause {
    fn reset(&mut self) {}
}
