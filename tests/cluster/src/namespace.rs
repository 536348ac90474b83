//! A namespace for one test: its own, named and labelled after it.
//! Is not deleted at the test's end: the whole control plane goes, and a failed test's objects are to be seen.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::control_plane::ControlPlane;
use crate::rqlited::{Rqlite, RqliteNode};
use crate::tool::{Helm, Kubectl, Output};
use crate::wait::eventually;

/// The label that names the test.
pub const TEST_LABEL: &str = "quorate.test/name";

#[derive(Debug)]
pub struct Namespace<'a> {
    plane: &'a ControlPlane,
    name: String,
}

impl ControlPlane {
    /// A fresh namespace, named and labelled after the test, in which Pods are admitted.
    #[track_caller]
    pub fn namespace(&self, test: &str) -> Namespace<'_> {
        Namespace::create(self, test)
    }
}

impl<'a> Namespace<'a> {
    #[track_caller]
    fn create(plane: &'a ControlPlane, test: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let words = test.rsplit("::").next().unwrap_or(test).to_lowercase().replace('_', "-");
        // A name holds 63 characters; the count makes it one of a kind.
        let short: String = words.chars().take(50).collect();
        let name = format!("{}-{count}", short.trim_end_matches('-'));
        let kubectl = plane.kubectl();
        kubectl.run(["create", "namespace", &name]).ok();
        kubectl.run(["label", "namespace", &name, &format!("{TEST_LABEL}={}", short.trim_end_matches('-'))]).ok();
        let namespace = Self { plane, name };
        // Without it no Pod is admitted.
        eventually("the namespace's service account", || namespace.read("serviceaccounts/default"));
        namespace
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn plane(&self) -> &'a ControlPlane {
        self.plane
    }

    /// The administrator's kubectl in this namespace.
    pub fn kubectl(&self) -> Kubectl {
        self.plane.kubectl().in_namespace(&self.name)
    }

    /// The administrator's helm in this namespace.
    pub fn helm(&self) -> Helm {
        self.plane.helm().in_namespace(&self.name)
    }

    /// An object (`statefulsets/rqlite`) or a list (`pods`) as it is stored, or what was said instead; see `ControlPlane::read`.
    pub fn read(&self, what: &str) -> Result<Value, String> {
        let group = if what.starts_with("statefulsets") { "apis/apps" } else { "api" };
        self.plane.read(&format!("/{group}/v1/namespaces/{}/{what}", self.name))
    }

    /// `kubectl apply -f -` here, whatever comes of it.
    pub fn apply(&self, manifest: &str) -> Output {
        self.kubectl().apply(manifest)
    }

    /// Waits until the StatefulSet has exactly this many Pods, all ready, all of the newest revision.
    #[track_caller]
    pub fn await_ready(&self, set: &str, replicas: i64) {
        eventually(&format!("{replicas} ready Pods of {set}"), || {
            let set = self.read(&format!("statefulsets/{set}"))?;
            let counts =
                ["replicas", "readyReplicas", "updatedReplicas"].map(|name| count(&set, &format!("/status/{name}")));
            let seen = set.pointer("/status/observedGeneration") == set.pointer("/metadata/generation");
            if seen && counts == [replicas; 3] { Ok(()) } else { Err(format!("status {}", set["status"])) }
        });
    }

    /// Waits until three voters of that name are guarded: a shrink to one is refused with the numbers.
    #[track_caller]
    pub fn await_guarded(&self, set: &str) {
        eventually("a verdict", || {
            let output = self.kubectl().line(&format!("scale statefulset/{set} --replicas=1 --dry-run=server"));
            if output.stderr.contains("leaves 1 of 3 voters") { Ok(()) } else { Err(output.stdout + &output.stderr) }
        });
    }

    /// From now on its Pods of rqlite are real processes; see `NodeAgent::run_rqlited`.
    #[track_caller]
    pub fn run_rqlited(&self) {
        self.plane.agent().run_rqlited(&self.name);
    }

    /// The process behind a Pod's name: to kill, hold down, freeze, read the log of. Waits until such a Pod was bound.
    #[track_caller]
    pub fn rqlite_node(&self, pod: &str) -> RqliteNode {
        let node = || self.plane.agent().rqlite_node(&self.name, pod);
        eventually(&format!("a database node for {pod}"), || node().ok_or("none yet"))
    }

    /// A client of the node behind a Pod's name.
    #[track_caller]
    pub fn rqlite(&self, pod: &str) -> Rqlite {
        Rqlite::at(self.rqlite_node(pod).http())
    }

    /// `spec.replicas` of a StatefulSet, as stored.
    #[track_caller]
    pub fn replicas(&self, set: &str) -> i64 {
        count(&self.kubectl().get(&format!("statefulset/{set}")), "/spec/replicas")
    }

    /// The names of the Pods, sorted.
    #[track_caller]
    pub fn pods(&self) -> Vec<String> {
        names(&eventually("the Pods", || self.read("pods")))
    }

    /// The names of all objects of a kind here, sorted.
    #[track_caller]
    pub fn names(&self, kind: &str) -> Vec<String> {
        names(&self.kubectl().get(kind))
    }
}

/// Of the objects of a list, sorted.
fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| item.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut names: Vec<String> = items.iter().map(name).collect();
    names.sort();
    names
}

/// A count of a status; the API server leaves zero out.
fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}
