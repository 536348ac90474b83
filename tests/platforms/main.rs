//! What is installed on each platform is what it admits and reaches: the chart with the platform's values, and the plain manifests.
//! Needs no cluster: a platform is the rules that it is known to hold to, each of which is shown to find what breaks it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

mod anywhere;
mod helm;
mod objects;
mod somewhere;

use std::fs;

use quorate_tests::workspace;
use serde_json::{Value, json};

use crate::anywhere::Rule;
use crate::helm::Helm;
use crate::objects::{Objects, items, title};
use crate::somewhere::{
    egress_on_openshift, host_network, pod_security_restricted, restricted_v2, through_gke_firewall, without_enforcer,
};

/// The values of the platforms that need some: `deploy/platforms/<name>.yaml`, and what the platform asks for.
const WITH_VALUES: [(&str, &[Rule]); 3] = [
    ("gke", &[pod_security_restricted, through_gke_firewall]),
    ("aks", &[pod_security_restricted, without_enforcer]),
    ("host-network", &[host_network]),
];

#[track_caller]
fn assert_fits(what: &str, objects: &Objects, rules: &[Rule]) {
    let all = anywhere::RULES.iter().chain(rules);
    let wrong: Vec<String> = all.flat_map(|rule| rule(objects)).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}

#[test]
fn the_defaults_fit_where_no_values_are_needed() {
    let Some(helm) = Helm::find() else { return };
    let rules: [Rule; 2] = [pod_security_restricted, restricted_v2];
    for mode in ["warn", "enforce"] {
        assert_fits(mode, &helm.render(&["--set", &format!("mode={mode}")]), &rules);
    }
    let files = ["--set", "certificate.source=files,certificate.files.secretName=mine"];
    assert_fits("a certificate from files", &helm.render(&files), &rules);
    let access = ["--set", "rqlite.access[0].secretName=status"];
    assert_fits("access to the nodes", &helm.render(&access), &rules);
    let egress = helm.render(&["--set", "networkPolicy.restrictEgress=true"]);
    assert_eq!(egress_on_openshift(&egress), [""; 0]);
}

#[test]
fn the_plain_manifests_fit_the_same_clusters() {
    for name in ["install.yaml", "install-enforce.yaml"] {
        let text = fs::read_to_string(workspace().join("deploy/manifests").join(name)).unwrap();
        let objects = Objects::read(&text);
        assert_fits(name, &objects, &[pod_security_restricted, restricted_v2]);
        // The quota is there before the first Pod is asked for, and who answers before whom it answers for.
        let place = |kind: &str| objects.all().iter().position(|object| object["kind"] == kind).unwrap();
        let order = ["Namespace", "ResourceQuota", "Deployment", "ValidatingWebhookConfiguration"].map(place);
        assert!(order.is_sorted(), "{name}: {order:?}");
    }
}

#[test]
fn the_values_of_a_platform_fit_it() {
    let Some(helm) = Helm::find() else { return };
    let mut files: Vec<String> = fs::read_dir(workspace().join("deploy/platforms"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut known = WITH_VALUES.map(|(name, _)| format!("{name}.yaml"));
    known.sort();
    assert_eq!(files, known, "files of deploy/platforms, and the rows of this test");
    for (name, rules) in WITH_VALUES {
        let values = format!("deploy/platforms/{name}.yaml");
        assert_fits(name, &helm.render(&["--values", &values]), rules);
    }
}

/// Every rule finds what it is for: a value that breaks it.
#[test]
fn a_rule_finds_what_breaks_it() {
    let Some(helm) = Helm::find() else { return };
    let security = "podSecurityContext";
    let rows: [(&str, Rule); 18] = [
        ("resources.limits.memory=null", anywhere::requests_and_limits),
        ("nodeSelector=null", anywhere::on_linux),
        ("topologySpreadConstraints=null", anywhere::never_two_on_a_node),
        ("podDisruptionBudget.maxUnavailable=2", anywhere::evicted_one_by_one),
        ("podAnnotations=null", anywhere::nodes_go_away),
        ("extraVolumes[0].name=more,extraVolumes[0].emptyDir.sizeLimit=1Mi", anywhere::nodes_go_away),
        ("extraVolumes[0].name=more,extraVolumes[0].secret.defaultMode=288", anywhere::secrets_readable),
        (&format!("{security}=null"), pod_security_restricted),
        ("securityContext=null", pod_security_restricted),
        ("securityContext.capabilities.drop=null", pod_security_restricted),
        ("hostNetwork=true", pod_security_restricted),
        ("extraVolumes[0].name=more,extraVolumes[0].hostPath.path=/", pod_security_restricted),
        (&format!("{security}.runAsUser=65532"), restricted_v2),
        (&format!("{security}.fsGroup=65532"), restricted_v2),
        ("networkPolicy.restrictEgress=true,networkPolicy.dnsPorts={53}", egress_on_openshift),
        ("mode=warn", through_gke_firewall),
        ("mode=warn", without_enforcer),
        ("hostNetwork=true", host_network),
    ];
    for (set, rule) in rows {
        assert_ne!(rule(&helm.render(&["--set", set])), [""; 0], "{set}");
    }
    let text = "kind: Lease\nmetadata: {name: a}\n";
    for rule in [anywhere::labelled, anywhere::applied_by_argo_cd] {
        assert_eq!(rule(&Objects::read(text)).len(), 1);
    }
}

#[test]
fn a_quota_covers_the_classes_of_kubernetes_alone() {
    let Some(helm) = Helm::find() else { return };
    for (class, quotas) in [("system-node-critical", 1), ("platform", 0), ("", 0)] {
        let objects = helm.render(&["--set", &format!("priorityClassName={class}")]);
        assert_eq!(objects.of_kind("ResourceQuota").len(), quotas, "{class}");
        assert_eq!(anywhere::class_with_quota(&objects), [""; 0], "{class}");
    }
    let of_others = "kind: Deployment\nspec: {template: {spec: {priorityClassName: system-cluster-critical}}}\n";
    assert_eq!(anywhere::class_with_quota(&Objects::read(of_others)).len(), 1);
}

/// What a cluster asks for on every object stands on every object, and takes nothing of ours away.
#[test]
fn labels_and_annotations_reach_every_object() {
    let Some(helm) = Helm::find() else { return };
    let sets = [
        r"commonLabels.team=db,commonLabels.app\.kubernetes\.io/name=other,commonAnnotations.owner=db",
        r"podLabels.app\.kubernetes\.io/name=other,podLabels.team=pods,podAnnotations.scrape=no",
        r"webhooks.labels.team=webhooks,webhooks.annotations.owner=webhooks,service.annotations.owner=service",
        r"serviceAccount.annotations.owner=account,serviceMonitor.enabled=true,serviceMonitor.labels.team=monitors",
    ];
    let objects = helm.render(&sets.map(|set| ["--set", set]).concat());
    for object in objects.all() {
        let metadata = &object["metadata"];
        let own = |key: &str, rows: &[(&str, &str)]| {
            let row = rows.iter().find(|(kind, _)| object["kind"].as_str().unwrap().ends_with(kind));
            json!(row.map_or(key, |(_, value)| *value))
        };
        let team = own("db", &[("WebhookConfiguration", "webhooks"), ("ServiceMonitor", "monitors")]);
        let owner =
            own("db", &[("WebhookConfiguration", "webhooks"), ("Service", "service"), ("ServiceAccount", "account")]);
        assert_eq!(metadata["labels"]["app.kubernetes.io/name"], "quorate", "{}", title(object));
        assert_eq!(metadata["labels"]["team"], team, "{}", title(object));
        assert_eq!(metadata["annotations"]["owner"], owner, "{}", title(object));
    }
    let pod = &objects.pod()["metadata"];
    assert_eq!(
        pod["labels"],
        json!({"app.kubernetes.io/name": "quorate", "app.kubernetes.io/version": version(), "team": "pods"})
    );
    assert_eq!(pod["annotations"]["scrape"], "no");
    let selectors = ["Service", "Deployment", "PodDisruptionBudget", "NetworkPolicy"].map(|kind| {
        let spec = &objects.the(kind)["spec"];
        let of_labels = [&spec["selector"]["matchLabels"], &spec["podSelector"]["matchLabels"], &spec["selector"]];
        of_labels.into_iter().find(|selector| !selector.is_null()).cloned().unwrap()
    });
    assert_eq!(selectors, [0; 4].map(|_| json!({"app.kubernetes.io/name": "quorate"})));
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[test]
fn what_a_pod_is_given_reaches_it() {
    let Some(helm) = Helm::find() else { return };
    let sets = [
        "imagePullSecrets[0].name=registry,tolerations[0].operator=Exists,nodeSelector.pool=system",
        "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight=1",
        "dnsPolicy=Default,priorityClassName=,podSecurityContext.runAsUser=1000,securityContext.readOnlyRootFilesystem=null",
        "resources.limits.cpu=2,service.ipFamilyPolicy=RequireDualStack,service.ipFamilies={IPv6,IPv4}",
    ];
    let objects = helm.render(&sets.map(|set| ["--set", set]).concat());
    let spec = &objects.pod()["spec"];
    let expected = [
        ("/imagePullSecrets", json!([{"name": "registry"}])),
        ("/tolerations", json!([{"operator": "Exists"}])),
        ("/nodeSelector", json!({"kubernetes.io/os": "linux", "pool": "system"})),
        ("/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/weight", json!(1)),
        ("/dnsPolicy", json!("Default")),
        ("/securityContext/runAsUser", json!(1000)),
        (
            "/containers/0/securityContext",
            json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}),
        ),
        ("/containers/0/resources/limits", json!({"cpu": 2, "memory": "512Mi"})),
    ];
    for (pointer, value) in expected {
        assert_eq!(spec.pointer(pointer), Some(&value), "{pointer}");
    }
    assert_eq!(spec.get("priorityClassName"), None);
    let service = &objects.the("Service")["spec"];
    assert_eq!(
        (&service["ipFamilyPolicy"], &service["ipFamilies"]),
        (&json!("RequireDualStack"), &json!(["IPv6", "IPv4"]))
    );
}

/// Where nothing of it is to stand, nothing stands.
#[test]
fn what_is_null_is_left_out() {
    let Some(helm) = Helm::find() else { return };
    let keys = [
        "podSecurityContext",
        "securityContext",
        "nodeSelector",
        "topologySpreadConstraints",
        "priorityClassName",
        "tolerations",
    ];
    let sets = keys.map(|key| format!("{key}=null")).join(",");
    let labels =
        "commonLabels=null,commonAnnotations=null,podLabels=null,webhooks.labels=null,webhooks.annotations=null";
    let objects = helm.render(&["--set", &sets, "--set", labels]);
    let spec = &objects.pod()["spec"];
    let left: Vec<&Value> = keys.iter().chain(&["affinity"]).filter_map(|key| spec.get(*key)).collect();
    assert_eq!(left, [&Value::Null; 0]);
    assert!(items(&spec["containers"]).all(|container| container.get("securityContext").is_none()));
}
