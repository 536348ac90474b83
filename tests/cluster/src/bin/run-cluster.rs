//! `make run-cluster`: a control plane, Quorate installed from `deploy/`, the official shape of an rqlite set, and a refused scale-down.
//! Then it stays, for whoever wants to try more, until Ctrl-C. `--once` ends it after the transcript.
#![expect(clippy::print_stdout, reason = "a transcript is its result")]

use std::time::Duration;

use quorate_cluster_tests::{ControlPlane, Kubectl, Quorate, manifests};

fn main() {
    let once = std::env::args().any(|argument| argument == "--once");
    println!("Starting etcd, kube-apiserver and kube-controller-manager; installing deploy/chart in mode enforce.");
    let plane = ControlPlane::start("run-cluster");
    let quorate = Quorate::install(&plane);
    let kubectl = plane.kubectl().in_namespace("db");
    plane.kubectl().line("create namespace db").ok();
    show(&kubectl, "apply --filename rqlite.yaml", &manifests::rqlite("rqlite", 3));
    quorate.await_known_in("db", "rqlite");
    show(&kubectl, "scale statefulset rqlite --replicas=1", "");
    show(&kubectl, "scale statefulset rqlite --replicas=2", "");
    show(&kubectl, "delete statefulset rqlite", "");
    if once {
        return;
    }
    println!("\nTry more, until Ctrl-C:\n  export KUBECONFIG={}", plane.kubeconfig().display());
    println!("  kubectl -n db get statefulsets,pods\n  kubectl -n db scale statefulset rqlite --replicas=1");
    println!("There is no kubelet: Pods are bound and said to be ready, but run nothing.");
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// The command as a user types it, and what it prints.
fn show(kubectl: &Kubectl, line: &str, input: &str) {
    println!("\n$ kubectl --namespace db {line}");
    let line = line.replace("rqlite.yaml", "-");
    let output = kubectl.run_with(input, line.split_whitespace());
    print!("{}{}", output.stdout, output.stderr);
}
