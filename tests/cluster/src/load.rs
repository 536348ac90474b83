//! Load on the API server of which every request goes through the webhook: dry runs of scaling one set, as fast as the answers come or with
//! a pause between them.
//! Counts what became of them; says nothing of how fast.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Error};
use serde_json::json;
use tokio::task::JoinSet;

use crate::control_plane::ControlPlane;
use crate::namespace::Namespace;

/// What became of the requests so far.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Scaling to one less than it has: admitted.
    pub admitted: usize,
    /// Scaling to one: refused by a policy.
    pub denied: usize,
    /// Scaling to one, and it passed.
    pub passed: usize,
    /// Neither: a call that failed, or any other error; what was said.
    pub failed: Vec<String>,
}

/// Load that runs until it is stopped.
#[derive(Debug)]
pub struct Load {
    counts: Arc<Mutex<Counts>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// That many requests at a time, on a set of three voters; every other one is to be denied.
    #[must_use]
    pub fn start(namespace: &Namespace<'_>, set: &str, concurrency: usize) -> Self {
        Self::paced(namespace, set, concurrency, Duration::ZERO)
    }

    /// The same, each with a pause behind every answer.
    #[must_use]
    pub fn paced(namespace: &Namespace<'_>, set: &str, concurrency: usize, pause: Duration) -> Self {
        let (counts, stop) = (Arc::<Mutex<Counts>>::default(), Arc::<AtomicBool>::default());
        let worker = Worker {
            kubeconfig: namespace.plane().kubeconfig().to_owned(),
            namespace: namespace.name().to_owned(),
            set: set.to_owned(),
            pause,
            counts: Arc::clone(&counts),
            stop: Arc::clone(&stop),
        };
        let thread = thread::spawn(move || worker.run(concurrency));
        Self { counts, stop, thread: Some(thread) }
    }

    /// So far.
    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many more requests were answered.
    #[track_caller]
    pub fn go_on_for(&self, requests: usize) {
        let answered = |counts: &Counts| counts.admitted + counts.denied + counts.passed + counts.failed.len();
        let goal = answered(&self.counts()) + requests;
        crate::wait::eventually("the load to go on", || {
            let counts = self.counts();
            if answered(&counts) >= goal { Ok(()) } else { Err(format!("{counts:?}")) }
        });
    }

    /// Ends it and gives the sum.
    #[must_use]
    pub fn stop(mut self) -> Counts {
        self.end();
        self.counts()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end();
    }
}

#[derive(Clone)]
struct Worker {
    kubeconfig: std::path::PathBuf,
    namespace: String,
    set: String,
    pause: Duration,
    counts: Arc<Mutex<Counts>>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    fn run(self, concurrency: usize) {
        crate::wait::block_on(async move {
            let client = ControlPlane::client_of(&self.kubeconfig).await;
            let mut tasks = JoinSet::new();
            for _ in 0..concurrency {
                tasks.spawn(self.clone().ask(client.clone()));
            }
            while tasks.join_next().await.is_some() {}
        });
    }

    async fn ask(self, client: Client) {
        let sets: Api<StatefulSet> = Api::namespaced(client, &self.namespace);
        let dry_run = PatchParams { dry_run: true, ..PatchParams::default() };
        let mut replicas = 2;
        while !self.stop.load(Ordering::SeqCst) {
            let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
            let answer = sets.patch_scale(&self.set, &dry_run, &patch).await;
            self.count(replicas, answer.map(drop));
            replicas = 3 - replicas;
            tokio::time::sleep(self.pause).await;
        }
    }

    fn count(&self, replicas: i32, answer: Result<(), Error>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(()) if replicas == 2 => counts.admitted += 1,
            Ok(()) => counts.passed += 1,
            Err(Error::Api(status)) if replicas == 1 && status.message.contains("quorum-guard/scale-below-quorum") => {
                counts.denied += 1;
            }
            Err(error) => counts.failed.push(error.to_string()),
        }
    }
}
