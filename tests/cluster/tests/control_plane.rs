//! The control plane itself, without Quorate: what every other test here stands on.

use quorate_cluster_tests::{ControlPlane, Namespace, UNREADY, eventually, manifests};
use serde_json::Value;

fn namespace(test: &str) -> Namespace<'static> {
    ControlPlane::shared().namespace(test)
}

#[test]
fn is_of_the_minor_that_was_asked_for() {
    let plane = ControlPlane::shared();
    let version = plane.kubectl().run(["version", "-o", "json"]).ok().json();
    let minor = format!("v{}.", plane.minor());
    for side in ["serverVersion", "clientVersion"] {
        let version = version[side]["gitVersion"].as_str().unwrap();
        assert!(version.starts_with(&minor), "{side} is {version}, not {minor}x");
    }
    let helm = plane.helm().line("version --short").ok().stdout;
    assert!(helm.starts_with("v4."), "helm is {helm}");
    let former = plane.helm_3().line("version --short").ok().stdout;
    assert!(former.starts_with("v3."), "the former helm is {former}");
}

#[test]
fn a_set_becomes_ready_scales_and_goes() {
    let namespace = namespace("a_set_becomes_ready_scales_and_goes");
    namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
    namespace.await_ready("rqlite", 3);
    assert_eq!(namespace.names("persistentvolumeclaims").len(), 3);
    assert_eq!(namespace.names("endpointslices").len(), 1);

    let kubectl = namespace.kubectl();
    kubectl.line("scale statefulset/rqlite --replicas=5").ok();
    namespace.await_ready("rqlite", 5);
    kubectl.line("scale statefulset/rqlite --replicas=1").ok();
    namespace.await_ready("rqlite", 1);
    assert_eq!(namespace.pods(), ["rqlite-0"]);
    assert_eq!(namespace.replicas("rqlite"), 1);

    kubectl.line("rollout restart statefulset/rqlite").ok();
    kubectl.line("rollout status statefulset/rqlite --timeout=30s").ok();
    kubectl.line("delete statefulset/rqlite --timeout=30s").ok();
    eventually("the set's Pods to be collected", || match namespace.pods() {
        pods if pods.is_empty() => Ok(()),
        pods => Err(format!("{pods:?}")),
    });
    assert_eq!(namespace.names("persistentvolumeclaims").len(), 5, "claims outlive their set");
    kubectl.line("delete persistentvolumeclaims --all --timeout=30s").ok();
}

#[test]
fn a_namespace_ends_with_all_that_is_in_it() {
    let namespace = namespace("a_namespace_ends_with_all_that_is_in_it");
    namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
    namespace.await_ready("rqlite", 3);
    namespace.plane().kubectl().run(["delete", "namespace", namespace.name(), "--timeout=60s"]).ok();
    let gone = namespace.plane().kubectl().find(&format!("namespace/{}", namespace.name())).unwrap_err();
    assert!(gone.contains("not found"), "{gone}");
}

#[test]
fn a_drain_evicts_and_waits_for_the_disruption_budget() {
    let namespace = namespace("a_drain_evicts");
    namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
    namespace.await_ready("rqlite", 3);
    let kubectl = namespace.kubectl();
    kubectl.line("create poddisruptionbudget rqlite --selector=app=rqlite --max-unavailable=1").ok();
    eventually("the budget to allow one", || {
        let budget = kubectl.get("poddisruptionbudget/rqlite");
        if budget["status"]["disruptionsAllowed"] == 1 { Ok(()) } else { Err(budget["status"].to_string()) }
    });

    namespace.plane().agent().pause(namespace.name());
    let evict = |pod: &str| kubectl.evict(namespace.name(), pod);
    evict("rqlite-0").ok();
    let refusal = evict("rqlite-1").refused();
    namespace.plane().agent().resume(namespace.name());
    assert!(refusal.contains("disruption budget"), "{refusal}");
    namespace.await_ready("rqlite", 3);
}

#[test]
fn a_pod_is_unready_while_its_annotation_says_so() {
    let namespace = namespace("a_pod_is_unready");
    namespace.apply(&manifests::other_set("web", 1)).ok();
    namespace.await_ready("web", 1);
    let kubectl = namespace.kubectl();
    kubectl.run(["annotate", "pod/web-0", &format!("{UNREADY}=yes")]).ok();
    eventually("the Pod to be unready", || {
        let ready = kubectl.get("statefulset/web").pointer("/status/readyReplicas").and_then(Value::as_i64);
        if ready.is_none_or(|ready| ready == 0) { Ok(()) } else { Err(format!("{ready:?} ready")) }
    });
    kubectl.run(["annotate", "pod/web-0", &format!("{UNREADY}-")]).ok();
    namespace.await_ready("web", 1);
}

#[test]
fn another_user_has_no_rights_and_the_audit_log_says_so() {
    let namespace = namespace("another_user_has_no_rights");
    let refusal = namespace.kubectl().as_user("mallory").line("get secrets").refused();
    assert!(refusal.contains(r#"User "mallory" cannot list resource "secrets""#), "{refusal}");
    let event = namespace.plane().audit_event("mallory's attempt", |event| {
        event["impersonatedUser"]["username"] == "mallory" && event["objectRef"]["namespace"] == namespace.name()
    });
    assert_eq!(event["annotations"]["authorization.k8s.io/decision"], "forbid");
}

#[test]
fn a_service_account_gets_a_token_of_its_own() {
    let namespace = namespace("a_service_account_gets_a_token");
    let kubeconfig = namespace.plane().service_account(namespace.name(), "default");
    let whoami = namespace.plane().kubectl_with(&kubeconfig).line("auth whoami -o json").ok().json();
    let user = format!("system:serviceaccount:{}:default", namespace.name());
    assert_eq!(whoami["status"]["userInfo"]["username"], user);
}
