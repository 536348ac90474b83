//! `make run-cluster`: a control plane, Quorate installed from `deploy/`, the official shape of an rqlite set, and a refused scale-down.
//! Then it stays, for whoever wants to try more, until Ctrl-C. `--once` ends it after the transcript; `--nodes` as well, and runs real
//! rqlited behind the Pods (`QUORATE_RQLITED`), in a network of its own.
#![expect(clippy::print_stdout, reason = "a transcript is its result")]
#![expect(clippy::expect_used, reason = "what cannot be shown ends it")]

use std::process::Command;
use std::time::Duration;

use quorate_cluster_tests::{ControlPlane, Kubectl, Quorate, Rqliteds, binary, isolation, manifests};

fn main() {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    let nodes = asked("--nodes");
    if nodes && !isolation::is_own_network() {
        let status = isolation::again(&["--nodes"]);
        std::process::exit(status.code().unwrap_or(1));
    }
    println!("Starting etcd, kube-apiserver and kube-controller-manager; installing deploy/chart in mode enforce.");
    let plane = ControlPlane::start("run-cluster");
    let quorate = Quorate::install(&plane);
    let kubectl = plane.kubectl().in_namespace("db");
    plane.kubectl().line("create namespace db").ok();
    show(&kubectl, "apply --filename rqlite.yaml", &manifest(&plane, nodes));
    quorate.await_known_in("db", "rqlite");
    if nodes {
        kubectl.line("rollout status statefulset/rqlite --timeout=60s").ok();
    }
    show(&kubectl, "scale statefulset rqlite --replicas=1", "");
    can_scale(&plane);
    show(&kubectl, "scale statefulset rqlite --replicas=2", "");
    show(&kubectl, "delete statefulset rqlite", "");
    if nodes || asked("--once") {
        return;
    }
    println!("\nTry more, until Ctrl-C:\n  export KUBECONFIG={}", plane.kubeconfig().display());
    println!("  kubectl -n db get statefulsets,pods\n  kubectl -n db scale statefulset rqlite --replicas=1");
    println!("There is no kubelet: Pods are bound and said to be ready, but run nothing.");
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn manifest(plane: &ControlPlane, nodes: bool) -> String {
    if !nodes {
        return manifests::rqlite("rqlite", 3);
    }
    plane.agent().run_rqlited("db");
    let newest = Rqliteds::find().expect("rqlited: QUORATE_RQLITED, or on the PATH").newest();
    manifests::database("rqlite", 3, &newest.version.to_string())
}

/// The command as a user types it, and what it prints.
fn show(kubectl: &Kubectl, line: &str, input: &str) {
    println!("\n$ kubectl --namespace db {line}");
    let line = line.replace("rqlite.yaml", "-");
    let output = kubectl.run_with(input, line.split_whitespace());
    print!("{}{}", output.stdout, output.stderr);
}

fn can_scale(plane: &ControlPlane) {
    const LINE: &str = "can-scale db/rqlite --to 1";
    println!("\n$ quorate {LINE}");
    let mut command = Command::new(binary());
    let output = command.args(LINE.split_whitespace()).env("KUBECONFIG", plane.kubeconfig()).output().expect("quorate");
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
