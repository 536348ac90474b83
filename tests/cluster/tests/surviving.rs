//! What tests do to a control plane: break it, restart it, double it, call through it, leave it behind.

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use quorate_cluster_tests::{ControlPlane, Namespace, eventually, manifests, within};

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn an_api_server_restarts_and_the_agent_goes_on() {
    let plane = ControlPlane::start("restart");
    let namespace = plane.namespace("an_api_server_restarts");
    namespace.apply(&manifests::rqlite("rqlite", 1)).ok();
    namespace.await_ready("rqlite", 1);
    plane.restart_api_server(0);
    namespace.kubectl().line("scale statefulset/rqlite --replicas=2").ok();
    namespace.await_ready("rqlite", 2);
}

#[test]
fn two_api_servers_share_one_etcd_which_can_hang() {
    let plane = ControlPlane::builder("two").api_servers(2).start();
    plane.kubectl_at(0).line("create configmap seen --from-literal=by=both").ok();
    plane.kubectl_at(1).get("configmap/seen");
    plane.pause_etcd();
    let refusal = plane.kubectl_at(1).line("create configmap unseen --request-timeout=2s").refused();
    plane.resume_etcd();
    assert!(refusal.contains("timeout") || refusal.contains("Timeout") || refusal.contains("deadline"), "{refusal}");
    within(LIMIT, "etcd to go on", || match plane.kubectl_at(1).line("create configmap again") {
        output if output.succeeded() => Ok(()),
        output => Err(output.stderr),
    });
    let folder = plane.folder().to_owned();
    drop(plane);
    assert!(!folder.exists(), "{} is left behind", folder.display());
}

/// The webhook's backend does not answer: the test shows that the API server connects to it.
#[test]
fn a_call_to_a_service_comes_to_the_tests_own_port() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("a_call_to_a_service");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    namespace.apply(&webhook(&namespace)).ok();
    eventually("the webhook to be asked, and refused a connection", || {
        let refusal = namespace.kubectl().line("create configmap judged --dry-run=server");
        if refusal.stderr.contains("no address behind this Service") { Ok(()) } else { Err(refusal.stderr) }
    });

    plane.services().route(namespace.name(), "judge", &[listener.local_addr().unwrap()]);
    let backend = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).unwrap();
        first
    });
    let refusal = namespace.kubectl().line("create configmap judged").refused();
    assert!(refusal.contains("failed calling webhook"), "{refusal}");
    // 0x16: a TLS handshake.
    assert_eq!(backend.join().unwrap(), [0x16]);
    namespace.kubectl().line("delete validatingwebhookconfiguration/judge").ok();
}

fn webhook(namespace: &Namespace<'_>) -> String {
    let name = namespace.name();
    format!(
        r#"apiVersion: v1
kind: Service
metadata: {{ name: judge }}
spec:
  ports: [{{ port: 443, targetPort: 8443 }}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{ name: judge }}
webhooks:
- name: judge.quorate.test
  admissionReviewVersions: [v1]
  sideEffects: None
  timeoutSeconds: 5
  failurePolicy: Fail
  clientConfig: {{ service: {{ namespace: {name}, name: judge }} }}
  namespaceSelector: {{ matchLabels: {{ kubernetes.io/metadata.name: {name} }} }}
  rules: [{{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps] }}]
"#
    )
}

/// Not a test: a process that dies with its control plane up, for the test below.
#[test]
#[ignore = "only for nothing_outlives_a_killed_test, which runs it"]
fn victim() {
    let plane = ControlPlane::shared();
    let processes = [plane.etcd(), plane.controllers(), plane.api_server(0)];
    let ids: Vec<String> = processes.iter().map(|process| process.id().unwrap().to_string()).collect();
    println!("up {} {}", plane.folder().display(), ids.join(" "));
    thread::sleep(Duration::from_secs(600));
}

#[test]
fn nothing_outlives_a_killed_test() {
    let arguments = ["victim", "--exact", "--ignored", "--nocapture"];
    let this = std::env::current_exe().unwrap();
    let mut victim = Command::new(this).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = victim.stdout.take().unwrap();
    let mut said = String::new();
    let started = Instant::now();
    while !said.lines().any(|line| line.contains("up ") && said.ends_with('\n')) {
        let mut bytes = [0; 256];
        let count = output.read(&mut bytes).unwrap();
        assert!(count > 0 && started.elapsed() < Duration::from_secs(120), "the victim ended: {said}");
        said.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    let line = said.lines().find_map(|line| line.split_once("up ")).unwrap().1;
    let (folder, ids) = line.split_once(' ').unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();

    within(LIMIT, "its processes to end and its folder to go", || {
        let alive: Vec<&str> = ids.split(' ').filter(|id| is_alive(id)).collect();
        let left = Path::new(folder).exists();
        if alive.is_empty() && !left { Ok(()) } else { Err(format!("alive: {alive:?}, folder there: {left}")) }
    });
}

/// A process that ended, and that nobody waited for, is a zombie, which holds nothing.
fn is_alive(id: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
