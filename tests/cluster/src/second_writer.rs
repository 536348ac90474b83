//! Somebody else who writes our webhook configurations, as platforms do: whenever it is missing, it adds two expressions to the
//! namespaceSelector of every entry, and a label and an annotation to the objects. Counts its writes; asserts nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::quorate::NAME;
use crate::wait::eventually;

/// The webhook configurations, as paths of the API server name them.
pub const CONFIGURATIONS: [&str; 2] = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(200);
const MARK: &str = "platform.example~1seen";

#[derive(Debug, Default)]
pub struct SecondWriter {
    stop: AtomicBool,
    writes: AtomicUsize,
}

/// Stops it, however the work beside it ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl SecondWriter {
    /// Runs as long as this work does.
    pub fn beside<T>(&self, plane: &ControlPlane, work: impl FnOnce() -> T) -> T {
        self.stop.store(false, Ordering::SeqCst);
        thread::scope(|scope| {
            let _stop = Stop(&self.stop);
            scope.spawn(|| {
                while !self.stop.load(Ordering::SeqCst) {
                    CONFIGURATIONS.iter().for_each(|kind| self.enforce(plane, kind));
                    thread::sleep(PERIOD);
                }
            });
            work()
        })
    }

    /// So far.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    fn enforce(&self, plane: &ControlPlane, kind: &str) {
        let Ok(object) = plane.read(&format!("/apis/admissionregistration.k8s.io/v1/{kind}/{NAME}")) else { return };
        let operations = missing(&object);
        if !operations.is_empty() {
            let patch = Value::from(operations).to_string();
            // An entry that is another one by now: at the next look.
            plane.kubectl().run(["patch", &format!("{kind}/{NAME}"), "--type=json", "-p", &patch]);
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// What it adds to every entry: of AKS', by its documentation and reports.
#[must_use]
pub fn added() -> [Value; 2] {
    [
        json!({ "key": "control-plane", "operator": "NotIn", "values": ["true"] }),
        json!({ "key": "kubernetes.azure.com/managedby", "operator": "NotIn", "values": ["aks"] }),
    ]
}

/// The entries of a configuration; none where it is not there.
#[must_use]
pub fn entries(plane: &ControlPlane, kind: &str) -> Vec<Value> {
    let object = plane.read(&format!("/apis/admissionregistration.k8s.io/v1/{kind}/{NAME}")).unwrap_or_default();
    object["webhooks"].as_array().cloned().unwrap_or_default()
}

/// What an entry has not of what it adds.
#[must_use]
pub fn lacks(entry: &Value) -> Vec<Value> {
    let there = entry["namespaceSelector"]["matchExpressions"].as_array().cloned().unwrap_or_default();
    added().into_iter().filter(|one| !there.contains(one)).collect()
}

/// Waits until every entry of both has it.
#[track_caller]
pub fn await_added(plane: &ControlPlane) {
    eventually("every entry to have what the platform adds", || {
        let all: Vec<Value> = CONFIGURATIONS.iter().flat_map(|kind| entries(plane, kind)).collect();
        match all.iter().find(|entry| !lacks(entry).is_empty()) {
            None if !all.is_empty() => Ok(()),
            other => Err(format!("{:?}", other.map(|entry| &entry["name"]))),
        }
    });
}

/// As a JSON patch.
fn missing(object: &Value) -> Vec<Value> {
    let marks = ["labels", "annotations"].into_iter().filter_map(|field| {
        let path = format!("/metadata/{field}");
        let is_there = object.pointer(&format!("{path}/{MARK}")).is_some();
        let whole = json!({ "op": "add", "path": path, "value": {} });
        let mark = json!({ "op": "add", "path": format!("{path}/{MARK}"), "value": "true" });
        let first = object.pointer(&path).is_none().then_some(whole);
        (!is_there).then(|| first.into_iter().chain([mark]))
    });
    let mut operations: Vec<Value> = marks.flatten().collect();
    for (index, entry) in object["webhooks"].as_array().into_iter().flatten().enumerate() {
        let missing = lacks(entry);
        let at = |field: &str| format!("/webhooks/{index}/{field}");
        if !missing.is_empty() {
            operations.push(json!({ "op": "test", "path": at("name"), "value": entry["name"] }));
        }
        let add = |value| json!({ "op": "add", "path": at("namespaceSelector/matchExpressions/-"), "value": value });
        operations.extend(missing.into_iter().map(add));
    }
    operations
}
