//! What 10,000 Pods cost the server in memory: of a replica that watched them come, and of one that was started with all of them there.
//! A table on standard output; asserts nothing.
#![expect(clippy::print_stdout, reason = "a table is its result")]
#![expect(clippy::expect_used, reason = "a bench that cannot be set up fails")]

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::PostParams;
use quorate_cluster_tests::{ControlPlane, Namespace, Quorate, Replica, block_on, eventually};
use serde_json::json;

const PODS: usize = 10_000;
/// Namespaces to spread them over.
const NAMESPACES: usize = 10;
/// Creations under way.
const AT_A_TIME: usize = 32;

fn main() {
    let plane = ControlPlane::start("memory");
    let quorate = Quorate::install(&plane);
    let replica = quorate.replica(0);
    let other = quorate.replica(1);
    let before = Memory::of(replica);
    let namespaces: Vec<Namespace<'_>> =
        (0..NAMESPACES).map(|index| plane.namespace(&format!("pods_{index}"))).collect();
    block_on(create(&plane, &namespaces));
    await_all(replica);
    let watched = Memory::of(replica);
    other.process().stop();
    other.process().start_again();
    other.await_ready();
    await_all(other);
    let listed = Memory::of(other);
    println!("| replica | resident, MiB | more than before, MiB | of one Pod, bytes |");
    println!("|---|---|---|---|");
    before.row("without Pods", &before);
    watched.row(&format!("that watched {PODS} Pods come"), &before);
    listed.row(&format!("started with {PODS} Pods there"), &before);
}

/// Resident set, in KiB.
struct Memory(u64);

impl Memory {
    fn of(replica: &Replica) -> Self {
        let id = replica.process().id().expect("a running replica");
        let path = format!("/proc/{id}/status");
        let status = std::fs::read_to_string(path).expect("a running replica");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident set");
        Self(line.trim().trim_end_matches(" kB").parse().expect("a number"))
    }

    fn row(&self, what: &str, before: &Self) {
        let more = self.0.saturating_sub(before.0);
        let each = more * 1024 / PODS as u64;
        println!("| {what} | {:.1} | {:.1} | {each} |", self.0 as f64 / 1024.0, more as f64 / 1024.0);
    }
}

fn await_all(replica: &Replica) {
    eventually("all Pods to be known", || {
        let known = replica.metric("quorate_cluster_kept{kind=\"Pods\"}").unwrap_or_default();
        if known >= PODS as f64 { Ok(()) } else { Err(format!("{known} of {PODS}")) }
    });
}

/// Gated, so that nobody binds them: the node agent would write three times to each.
async fn create(plane: &ControlPlane, namespaces: &[Namespace<'_>]) {
    let client = plane.client().await;
    let created = (0..PODS).map(|index| {
        let namespace = namespaces.get(index % NAMESPACES).map(Namespace::name).unwrap_or_default().to_owned();
        let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
        async move {
            let pod = pod(&format!("rqlite-{}", index / NAMESPACES));
            api.create(&PostParams::default(), &pod).await.expect("a Pod");
        }
    });
    stream::iter(created).buffer_unordered(AT_A_TIME).collect::<Vec<()>>().await;
}

/// In the official shape, of nobody: as a set's Pods are after `--cascade=orphan`, and kept all the same.
fn pod(name: &str) -> Pod {
    let pod = json!({
        "metadata": { "name": name, "labels": { "app": "rqlite", "statefulset.kubernetes.io/pod-name": name } },
        "spec": {
            "schedulingGates": [{ "name": "quorate.test/gated" }],
            "terminationGracePeriodSeconds": 10,
            "containers": [{
                "name": "rqlite", "image": "rqlite/rqlite:10.2.7",
                "args": ["-disco-mode=dns", "-disco-config={\"name\":\"rqlite-svc-internal\"}", "-bootstrap-expect=3", "-join-interval=1s", "-join-attempts=120"],
                "ports": [{ "name": "rqlite", "containerPort": 4001 }],
                "readinessProbe": { "httpGet": { "path": "/readyz", "port": "rqlite" }, "periodSeconds": 5 },
            }],
        },
    });
    serde_json::from_value(pod).expect("a Pod")
}
