//! What the node agent says of a Pod that runs rqlited: the status of a kubelet.
//! Containers beside rqlited's run and are ready because we say so.

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::node::Exit;
use super::waiting::Waiting;

/// The container as it is now.
#[derive(Clone, Debug)]
pub(super) struct ObservedContainer {
    pub(super) address: String,
    /// When it was started, while it runs.
    pub(super) running_since: Option<Timestamp>,
    pub(super) ready: bool,
    /// Since when `ready` is what it is.
    pub(super) ready_since: Timestamp,
    pub(super) restarts: usize,
    pub(super) last: Option<Exit>,
    pub(super) waiting: Option<Waiting>,
}

/// The patch that says it. The uid keeps it from a Pod that got the name meanwhile.
pub(super) fn patch(pod: &Pod, rqlite: &str, seen: &ObservedContainer) -> Value {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let containers: Vec<Value> = containers
        .map(|container| if container.name == rqlite { of_rqlite(container, seen) } else { of_other(container) })
        .collect();
    let condition = |name: &str, holds: bool, since: Timestamp| {
        let status = if holds { "True" } else { "False" };
        json!({ "type": name, "status": status, "lastTransitionTime": seconds(since) })
    };
    let created = pod.metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let began = seen.running_since.is_some() || seen.last.is_some();
    json!({ "metadata": { "uid": pod.metadata.uid }, "status": {
        "phase": if began { "Running" } else { "Pending" },
        "podIP": seen.address, "podIPs": [{ "ip": seen.address }], "hostIP": "127.0.0.1",
        "containerStatuses": containers,
        "conditions": [
            condition("PodScheduled", true, created), condition("Initialized", true, created),
            condition("ContainersReady", seen.ready, seen.ready_since), condition("Ready", seen.ready, seen.ready_since),
        ],
    }})
}

fn of_rqlite(container: &Container, seen: &ObservedContainer) -> Value {
    let state = match (&seen.running_since, &seen.waiting) {
        (Some(since), _) => json!({ "running": { "startedAt": seconds(*since) } }),
        (None, Some(waiting)) => json!({ "waiting": { "reason": waiting.reason, "message": waiting.message } }),
        (None, None) if seen.last.is_some() => json!({ "waiting": { "reason": "CrashLoopBackOff" } }),
        (None, None) => json!({ "waiting": { "reason": "ContainerCreating" } }),
    };
    let last = seen.last.map(|exit| {
        let reason = if exit.number() == 0 { "Completed" } else { "Error" };
        json!({ "terminated": { "exitCode": exit.number(), "signal": exit.signal, "reason": reason } })
    });
    json!({
        "name": container.name, "image": container.image, "imageID": "", "restartCount": seen.restarts,
        "ready": seen.ready, "started": seen.running_since.is_some(), "state": state, "lastState": last.unwrap_or_else(|| json!({})),
    })
}

fn of_other(container: &Container) -> Value {
    json!({
        "name": container.name, "image": container.image, "imageID": "", "restartCount": 0,
        "ready": true, "started": true, "state": { "running": {} },
    })
}

/// The API server keeps whole seconds.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}
