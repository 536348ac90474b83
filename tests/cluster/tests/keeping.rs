//! What the running server keeps in the cluster: caBundles, known sets, its certificate; with the rights that it asks for and no more.
//! The entries here are few and plain; those of the installation are tested with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use quorate_cluster_tests::{ControlPlane, Kubectl, Process, eventually, manifests, within};
use serde_json::{Value, json};

const SYSTEM: &str = "quorate-system";

/// Two replicas, registered for StatefulSets and for scales that mention rqlite.
struct Installed {
    plane: ControlPlane,
    replicas: Vec<Replica>,
}

struct Replica {
    process: Process,
    webhook: SocketAddr,
    metrics: SocketAddr,
}

const ROLES: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: quorate-system}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: quorate, namespace: quorate-system}
---
apiVersion: v1
kind: Service
metadata: {name: quorate, namespace: quorate-system}
spec: {ports: [{name: https, port: 443, targetPort: 8443}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: quorate}
rules:
- {apiGroups: [apps], resources: [statefulsets], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [pods], verbs: [get]}
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations, mutatingwebhookconfigurations]
  resourceNames: [quorate]
  verbs: [get, list, watch, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: quorate}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: quorate}
subjects: [{kind: ServiceAccount, name: quorate, namespace: quorate-system}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: quorate, namespace: quorate-system}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [create]}
- {apiGroups: [""], resources: [secrets], resourceNames: [quorate-certificate], verbs: [get, list, watch, update]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list]}
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create]}
- {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [quorate-leader], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: quorate, namespace: quorate-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: quorate}
subjects: [{kind: ServiceAccount, name: quorate, namespace: quorate-system}]
"#;

fn registration(validating: &[&str]) -> String {
    let entry = |name: &str, path: &str| {
        json!({
            "name": format!("{name}.quorate.dev"),
            "clientConfig": {"service": {"namespace": SYSTEM, "name": "quorate", "path": path}},
            "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                       "resources": ["statefulsets"]}],
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 3,
        })
    };
    let configuration = |kind: &str, entries: Vec<Value>| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "quorate"},
               "webhooks": entries})
    };
    let validating = validating.iter().map(|name| entry(name, "/validate")).collect();
    let validating = configuration("ValidatingWebhookConfiguration", validating);
    let mutating = configuration("MutatingWebhookConfiguration", vec![entry("statefulsets-mutate", "/mutate")]);
    format!("{validating}\n---\n{mutating}\n")
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().unwrap().parent().unwrap().join("quorate");
    assert!(binary.exists(), "{} is not built; cargo build -p quorate", binary.display());
    binary
}

fn serve(plane: &ControlPlane, name: &str, account: &str) -> Replica {
    let (webhook, metrics) = (free(), free());
    let config = plane.folder().join(format!("{name}.yaml"));
    let text = format!(
        "listen: 0.0.0.0:{}\nmetricsListen: {metrics}\ncluster: {{namespace: {SYSTEM}}}\nlogs: {{level: debug}}\n\
         certificate: {{rotation: {{settleSeconds: 5}}}}\n",
        webhook.port()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(binary());
    command.args(["serve", "--config"]).arg(config);
    command.env("KUBECONFIG", plane.service_account(SYSTEM, account)).env("POD_NAME", name);
    Replica { process: plane.spawn(name, command), webhook, metrics }
}

fn install(name: &str) -> Installed {
    let plane = ControlPlane::start(name);
    plane.kubectl().apply(ROLES).ok();
    plane.kubectl().apply(&registration(&["statefulsets"])).ok();
    let replicas: Vec<Replica> = ["quorate-0", "quorate-1"].iter().map(|name| serve(&plane, name, "quorate")).collect();
    let addresses: Vec<SocketAddr> = replicas.iter().map(|replica| replica.webhook).collect();
    plane.services().route(SYSTEM, "quorate", &addresses);
    for (index, address) in addresses.iter().enumerate() {
        plane.kubectl().apply(&endpoint(index, address.port())).ok();
    }
    let installed = Installed { plane, replicas };
    for replica in &installed.replicas {
        eventually("the replica to be ready", || {
            let ready = get(replica.metrics, "/readyz");
            if ready.contains("200 OK") { Ok(()) } else { Err(format!("{ready}\n{}", replica.process.log())) }
        });
    }
    eventually("the API server to reach it", || {
        let create = ["create", "--dry-run=server", "-n", "default", "-f", "-"];
        let output = installed.kubectl().run_with(&manifests::rqlite_set("try", 3), create);
        if output.code == 0 { Ok(()) } else { Err(output.stderr) }
    });
    installed
}

/// This machine's own address: an EndpointSlice takes none of loopback.
fn endpoint(index: usize, port: u16) -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").unwrap();
    let address = socket.local_addr().unwrap().ip();
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": format!("quorate-{index}"), "namespace": SYSTEM,
                     "labels": {"kubernetes.io/service-name": "quorate"}},
        "addressType": "IPv4", "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address.to_string()], "conditions": {"ready": true}}],
    })
    .to_string()
}

/// The whole answer, head and body.
fn get(address: SocketAddr, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return "no connection".to_owned() };
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

impl Installed {
    fn kubectl(&self) -> Kubectl {
        self.plane.kubectl()
    }

    fn entries(&self) -> Vec<Value> {
        let live = self.kubectl().get("validatingwebhookconfiguration/quorate");
        live["webhooks"].as_array().cloned().unwrap_or_default()
    }

    /// The entry `name`, with a caBundle, and with that text in its conditions.
    fn find(&self, name: &str, text: &str) -> Result<Value, String> {
        let entries = self.entries();
        let names: Vec<&str> = entries.iter().filter_map(|entry| entry["name"].as_str()).collect();
        let found = entries.iter().find(|entry| entry["name"] == name);
        let found = found.ok_or_else(|| format!("{name} is not among {names:?}"))?;
        let trusts = found["clientConfig"]["caBundle"].as_str().is_some_and(|bundle| !bundle.is_empty());
        let tells = found["matchConditions"].to_string().contains(text) || text.is_empty();
        if trusts && tells { Ok(found.clone()) } else { Err(found.to_string()) }
    }

    fn sum(&self, metric: &str) -> f64 {
        let all = self.replicas.iter().map(|replica| get(replica.metrics, "/metrics"));
        let value = |text: String| {
            let lines = text.lines().filter(|line| line.starts_with(metric)).map(str::to_owned).collect::<Vec<_>>();
            lines.iter().filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
        };
        all.map(value).sum()
    }
}

/// A set whose selector does not say rqlite, so that only its name tells that a Scale is of it.
#[test]
fn a_set_is_known_within_a_second_and_its_scale_denied() {
    let installed = install("keeping_known");
    installed.find("statefulsets.quorate.dev", "").unwrap();
    let namespace = installed.plane.namespace("known");
    let kubectl = namespace.kubectl();
    namespace.apply(&manifests::rqlite("db", 3)).ok();
    let created = Instant::now();
    let named = format!("{}/db", namespace.name());
    within(Duration::from_secs(5), "the set to be known", || installed.find("known-scale.quorate.dev", &named));
    println!("known after {:?}, kubectl's own time in it", created.elapsed());
    namespace.await_ready("db", 3);
    let before = installed.sum("quorate_parent_lookups_total");
    eventually("the API server to use the entry", || {
        let output = kubectl.line("scale statefulset/db --replicas=1 --dry-run=server");
        if output.code == 0 { Err("passed".to_owned()) } else { Ok(output.stderr) }
    });
    let refused = kubectl.line("scale statefulset/db --replicas=1").refused();
    assert!(refused.contains("quorum-guard/scale-below-quorum"), "{refused}");
    assert!(installed.sum("quorate_parent_lookups_total") > before);
    let cached = installed.sum("quorate_parent_lookups_total{source=\"cache\"}");
    assert!(cached >= 1.0, "{cached} from the cache");
    assert_eq!(namespace.replicas("db"), 3);

    kubectl.line("delete statefulset/db").ok();
    within(Duration::from_secs(5), "the set to be forgotten", || {
        match installed.find("known-scale.quorate.dev", &named) {
            Ok(entry) => Err(entry.to_string()),
            Err(_) => Ok(()),
        }
    });
}

#[test]
fn re_applying_takes_nothing_away_for_long() {
    let installed = install("keeping_applied");
    let namespace = installed.plane.namespace("applied");
    namespace.apply(&manifests::rqlite("db", 3)).ok();
    let named = format!("{}/db", namespace.name());
    let known = || installed.find("known-scale.quorate.dev", &named);
    eventually("the set to be known", known);
    let kubectl = installed.kubectl();
    kubectl.apply(&registration(&["statefulsets"])).ok();
    known().unwrap();
    installed.find("statefulsets.quorate.dev", "").unwrap();
    let manifest = registration(&["statefulsets", "more"]);
    kubectl
        .run_with(&manifest, ["apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "-f", "-"])
        .ok();
    known().unwrap();
    installed.find("statefulsets.quorate.dev", "").unwrap();
    within(Duration::from_secs(3), "a caBundle in the new entry", || installed.find("more.quorate.dev", ""));
    // An entry that a new version no longer has.
    let manifest = registration(&["statefulsets"]);
    let applied = kubectl
        .run_with(&manifest, ["apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "-f", "-"]);
    println!("without an entry: {:?} {}", applied.code, applied.stderr);
    applied.ok();
    let names: Vec<String> =
        installed.entries().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect();
    assert!(!names.contains(&"more.quorate.dev".to_owned()), "{names:?}");
    known().unwrap();
    // All taken away.
    kubectl.run_with(&registration(&["statefulsets"]), ["replace", "-f", "-"]).ok();
    within(Duration::from_secs(3), "what was taken away to be back", || {
        known()?;
        installed.find("statefulsets.quorate.dev", "")
    });
}

#[test]
fn another_replica_takes_over() {
    let installed = install("keeping_leader");
    let leader = eventually("a leader", || {
        let lease = installed.kubectl().in_namespace(SYSTEM).find("lease/quorate-leader")?;
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
        let index = ["quorate-0", "quorate-1"].iter().position(|name| holder.starts_with(name));
        index.ok_or(holder)
    });
    installed.replicas[leader].process.kill();
    installed.plane.services().route(SYSTEM, "quorate", &[installed.replicas[1 - leader].webhook]);
    let killed = Instant::now();
    let namespace = installed.plane.namespace("takeover");
    namespace.apply(&manifests::rqlite("db", 3)).ok();
    let named = format!("{}/db", namespace.name());
    eventually("the set to be known", || installed.find("known-scale.quorate.dev", &named));
    println!("taken over after {:?}", killed.elapsed());
}

#[test]
fn a_missing_right_is_a_start_up_error_that_names_the_rule() {
    let plane = ControlPlane::start("keeping_rights");
    plane.kubectl().apply(ROLES).ok();
    plane.kubectl().in_namespace(SYSTEM).line("create serviceaccount nobody").ok();
    let replica = serve(&plane, "nobody-0", "nobody");
    let status = eventually("it to end", || replica.process.ended().ok_or_else(|| replica.process.log()));
    let log = replica.process.log();
    assert_eq!(status.code(), Some(2), "{log}");
    let rule = r#"Role rule apiGroups: [""], resources: [secrets], verbs: [update], resourceNames: [quorate-certificate] in namespace quorate-system"#;
    assert!(log.contains(rule), "{log}");
}

#[test]
fn a_new_ca_is_trusted_before_its_leaf_is_served() {
    let installed = install("keeping_rotation");
    let kubectl = installed.kubectl().in_namespace(SYSTEM);
    let leaf = || kubectl.get("secret/quorate-certificate")["data"]["tls.crt"].as_str().unwrap_or_default().to_owned();
    let first = leaf();
    let bundle = || installed.find("statefulsets.quorate.dev", "").unwrap()["clientConfig"]["caBundle"].clone();
    let old = bundle();
    let patch = r#"[{"op":"remove","path":"/data/ca.key"}]"#;
    kubectl.run(["patch", "secret", "quorate-certificate", "--type=json", "-p", patch]).ok();
    eventually("both CAs in the bundle", || if bundle() == old { Err("not yet") } else { Ok(()) });
    assert_eq!(leaf(), first, "the old leaf is served while the new CA settles");
    let namespace = installed.plane.namespace("rotation");
    let mut reviews = 0;
    let ended = Instant::now() + Duration::from_secs(120);
    while leaf() == first {
        assert!(Instant::now() < ended, "{}", installed.replicas[0].process.log());
        namespace.apply(&manifests::rqlite_set("db", 3)).ok();
        namespace.kubectl().line("annotate statefulset/db --overwrite a=b").ok();
        reviews += 1;
        std::thread::sleep(Duration::from_millis(500));
    }
    for _ in 0..5 {
        let refused = namespace.kubectl().line("patch statefulset/db -p {\"spec\":{\"replicas\":1}}").refused();
        assert!(refused.contains("scale-below-quorum"), "{refused}");
    }
    println!("new leaf after {reviews} rounds");
    let length = |bundle: &Value| bundle.as_str().unwrap_or_default().len();
    eventually("the old CA to be dropped", || {
        // A CA more is half of it more.
        if length(&bundle()) < length(&old) * 5 / 4 { Ok(()) } else { Err("two CAs") }
    });
    assert_ne!(bundle(), old);
    namespace.kubectl().line("annotate statefulset/db --overwrite a=c").ok();
    for replica in &installed.replicas {
        assert!(replica.process.log().contains("certificate taken"), "{}", replica.process.log());
    }
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let installed = install("keeping_doctor");
    let run = || {
        let mut command = Command::new(binary());
        command.args(["doctor", "--format=json"]).env("KUBECONFIG", installed.plane.kubeconfig());
        let output = command.output().unwrap();
        println!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, found) = run();
    let problems = |found: &Value| {
        let checks = found["checks"].as_array().unwrap().clone();
        checks
            .into_iter()
            .filter(|check| check["level"] == "problem")
            .map(|check| check["message"].to_string())
            .collect::<Vec<_>>()
    };
    // The registration of this test is not what is rendered: that is found.
    assert_eq!(code, Some(1), "{found}");
    assert!(problems(&found).iter().all(|problem| problem.contains("Webhook")), "{found}");
    installed.kubectl().line("delete clusterrolebinding quorate").ok();
    let (_, found) = run();
    assert!(problems(&found).iter().any(|problem| problem.contains("lacks a right")), "{found}");
}
