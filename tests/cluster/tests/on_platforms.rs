//! What platforms ask of an installation, asked by a real API server: limited classes, quotas, Pod Security, IPv6.
//! What is asked of the rendered objects alone is shown without a cluster, in `tests/platforms`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use quorate_cluster_tests::{ControlPlane, NAME, Quorate, SYSTEM, binary, eventually, isolation};
use serde_json::{Value, json};

/// An API server that admits the classes of Kubernetes itself only where a quota names them, as GKE's does.
fn limited_classes(folder: &Path) -> ControlPlane {
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
        "plugins": [{"name": "ResourceQuota", "configuration": {
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "ResourceQuotaConfiguration",
            "limitedResources": [{"resource": "pods", "matchScopes": [{
                "scopeName": "PriorityClass", "operator": "In",
                "values": ["system-node-critical", "system-cluster-critical"],
            }]}],
        }}],
    });
    let file = folder.join("admission.json");
    std::fs::write(&file, configuration.to_string()).unwrap();
    let argument = format!("--admission-control-config-file={}", file.display());
    ControlPlane::builder("limited").api_server_argument(&argument).start()
}

/// Why the ReplicaSets of Quorate's Deployment get no Pods.
fn failures(plane: &ControlPlane) -> Vec<String> {
    let sets = plane.kubectl().in_namespace(SYSTEM).get("replicasets");
    let sets = sets["items"].as_array().cloned().unwrap_or_default();
    let conditions = sets.iter().flat_map(|set| set["status"]["conditions"].as_array().cloned().unwrap_or_default());
    let failed = conditions.filter(|condition| condition["type"] == "ReplicaFailure");
    failed.map(|condition| condition["message"].as_str().unwrap_or_default().to_owned()).collect()
}

#[track_caller]
fn await_failure(plane: &ControlPlane, message: &str) {
    eventually(message, || {
        let failures = failures(plane);
        if failures.iter().any(|found| found.contains(message)) { Ok(()) } else { Err(format!("{failures:?}")) }
    });
}

#[test]
fn a_class_that_is_limited_gets_its_pods_by_the_quota_of_the_chart() {
    let folder = tempfile::tempdir().unwrap();
    let plane = limited_classes(folder.path());
    let quorate = Quorate::installer(&plane).platform("gke").install();
    quorate.voters("a_class_that_is_limited").await_guarded("rqlite");
    // Nothing else lets them in here.
    quorate.kubectl().line("delete resourcequota/quorate").ok();
    // The API server counts by the quotas that it has read: a Pod that comes before it has read of the end of this one is let in.
    eventually("the quota to be forgotten", || {
        let class = r#"{"spec":{"priorityClassName":"system-cluster-critical"}}"#;
        let pod = ["run", "other", "--image=other", "--dry-run=server", "--overrides", class];
        let output = quorate.kubectl().run(pod);
        if output.succeeded() { Err(output.stdout) } else { Ok(()) }
    });
    quorate.kubectl().line("rollout restart deployment/quorate").ok();
    await_failure(&plane, "insufficient quota to match these scopes");
}

/// The namespace's owner bounds what runs in it, and Pod Security says what it may be: the defaults fit, and what does not is refused.
#[test]
fn the_defaults_fit_a_restricted_namespace_with_quotas() {
    let plane = ControlPlane::start("restricted");
    let kubectl = plane.kubectl();
    kubectl.line(&format!("create namespace {SYSTEM}")).ok();
    kubectl.line(&format!("label namespace {SYSTEM} pod-security.kubernetes.io/enforce=restricted")).ok();
    let quota = |hard: Value| {
        json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team", "namespace": SYSTEM}, "spec": {"hard": hard},
        })
    };
    let bounds = json!({"requests.cpu": "1", "requests.memory": "1Gi", "limits.memory": "2Gi", "pods": "4"});
    kubectl.apply(&quota(bounds).to_string()).ok();
    let range = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "team", "namespace": SYSTEM},
        "spec": {"limits": [{"type": "Container", "max": {"memory": "1Gi"}, "default": {"cpu": "1"}}]},
    });
    kubectl.apply(&range.to_string()).ok();
    let installer = Quorate::installer(&plane);
    let quorate = installer.clone().install();
    quorate.voters("a_restricted_namespace").await_guarded("rqlite");

    installer.clone().platform("host-network").helm("upgrade").ok();
    await_failure(&plane, "violates PodSecurity");
    kubectl.line(&format!("label namespace {SYSTEM} pod-security.kubernetes.io/enforce=privileged --overwrite")).ok();
    eventually("Pods in the nodes' network", || {
        let pods = quorate.kubectl().get("pods -l app.kubernetes.io/name=quorate");
        let pods = pods["items"].as_array().cloned().unwrap_or_default();
        let there = pods.iter().filter(|pod| {
            let ports = pod["spec"]["containers"][0]["ports"].as_array().cloned().unwrap_or_default();
            pod["spec"]["hostNetwork"] == true && ports.iter().all(|port| port["hostPort"] == port["containerPort"])
        });
        if there.count() > 0 { Ok(()) } else { Err(format!("none of {}", pods.len())) }
    });
}

/// Refused in our words: the API server calls us, and reads a new entry within a moment.
#[track_caller]
fn await_all_well(plane: &ControlPlane) {
    eventually("doctor to find all well", || {
        let mut doctor = Command::new(binary());
        doctor.args(["doctor", "--config"]).arg(plane.folder().join("quorate.yaml"));
        let found = doctor.env("KUBECONFIG", plane.kubeconfig()).output().unwrap();
        if found.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&found.stdout).into_owned()) }
    });
}

#[test]
fn on_ipv6_alone_it_answers() {
    isolation::run("ipv6_alone");
}

#[test]
#[ignore = "only in a network of its own, for on_ipv6_alone_it_answers"]
fn ipv6_alone() {
    let plane = ControlPlane::builder("ipv6").ipv6().start();
    let quorate = Quorate::install(&plane);
    let service = quorate.kubectl().get("service/quorate");
    assert_eq!(service["spec"]["ipFamilies"], json!(["IPv6"]));
    await_all_well(&plane);
    quorate.voters("on_ipv6_alone").await_guarded("rqlite");
    assert!(quorate.replicas().iter().all(|replica| replica.address().is_ipv6()));
}

#[test]
fn on_both_families_the_service_has_both() {
    let plane = ControlPlane::builder("both").both_families().start();
    let installer = Quorate::installer(&plane).set("service.ipFamilyPolicy=RequireDualStack");
    let quorate = installer.install();
    let service = quorate.kubectl().get("service/quorate");
    assert_eq!(service["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
    quorate.voters("on_both_families").await_guarded("rqlite");
}

#[test]
fn on_both_families_a_replica_answers_at_both() {
    isolation::run("both_families");
}

/// It listens as the chart configures it, and each family has an EndpointSlice by which the others find it.
#[test]
#[ignore = "only in a network of its own, for on_both_families_a_replica_answers_at_both"]
fn both_families() {
    let plane = ControlPlane::builder("both").both_families().start();
    let installer = Quorate::installer(&plane).set("service.ipFamilyPolicy=RequireDualStack");
    // Two replicas of one machine cannot both listen at all of its addresses.
    let quorate = installer.clone().replicas(1).install_by(|| {
        installer.helm("install").ok();
        plane.kubectl().in_namespace(SYSTEM).line("scale deployment/quorate --replicas=1").ok();
    });
    let addresses = quorate.replica(0).addresses();
    assert!(addresses[0].is_ipv4() && addresses[1].is_ipv6(), "{addresses:?}");
    eventually("an endpoint of each family", || {
        let slices = quorate.kubectl().get("endpointslices -l kubernetes.io/service-name=quorate").to_string();
        let missing = addresses.iter().find(|address| !slices.contains(&format!("\"{}\"", address.ip())));
        missing.map_or(Ok(()), |missing| Err(format!("{missing} is not in {slices}")))
    });
    let through = |address: &SocketAddr| {
        plane.services().route(SYSTEM, NAME, &[*address]);
        plane.services().hang_up();
    };
    for address in &addresses {
        through(address);
        await_all_well(&plane);
    }
    let namespace = quorate.voters("at_both_families");
    for address in &addresses {
        through(address);
        namespace.await_guarded("rqlite");
    }
}
