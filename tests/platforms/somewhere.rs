//! What single platforms ask of an installation.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::objects::{Objects, items};

/// The Pod Security Standard `restricted`, for Linux.
pub(crate) fn pod_security_restricted(objects: &Objects) -> Vec<String> {
    const VOLUMES: [&str; 7] =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "secret"];
    let spec = &objects.pod()["spec"];
    let of_pod = &spec["securityContext"];
    let mut wrong: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|key| spec[**key] == true)
        .map(|key| (*key).to_owned())
        .collect();
    for volume in items(&spec["volumes"]) {
        let known = |key: &&String| VOLUMES.contains(&key.as_str()) || *key == "projected" || *key == "name";
        let keys = volume.as_object().into_iter().flat_map(serde_json::Map::keys);
        wrong.extend(keys.filter(|key| !known(key)).map(|key| format!("a volume of {key}")));
    }
    for container in objects.containers() {
        let own = &container["securityContext"];
        let either = |key: &str| if own[key].is_null() { of_pod[key].clone() } else { own[key].clone() };
        let seccomp = &either("seccompProfile")["type"];
        let checks = [
            ("allowPrivilegeEscalation", own["allowPrivilegeEscalation"] == false),
            ("privileged", own["privileged"] != true),
            ("capabilities.drop", items(&own["capabilities"]["drop"]).any(|dropped| dropped == "ALL")),
            ("capabilities.add", items(&own["capabilities"]["add"]).all(|added| added == "NET_BIND_SERVICE")),
            ("runAsNonRoot", either("runAsNonRoot") == true),
            ("runAsUser", either("runAsUser") != 0),
            ("seccompProfile", *seccomp == "RuntimeDefault" || *seccomp == "Localhost"),
            ("hostPort", items(&container["ports"]).all(|port| port["hostPort"].is_null())),
        ];
        wrong.extend(checks.iter().filter(|(_, holds)| !holds).map(|(what, _)| (*what).to_owned()));
    }
    wrong
}

/// OpenShift's SecurityContextConstraints `restricted-v2`: beyond the above, user, groups and SELinux labels are the namespace's.
pub(crate) fn restricted_v2(objects: &Objects) -> Vec<String> {
    const GIVEN: [&str; 5] = ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "seLinuxOptions"];
    let mut contexts = vec![&objects.pod()["spec"]["securityContext"]];
    contexts.extend(objects.containers().iter().map(|container| &container["securityContext"]));
    let fixed = contexts.iter().flat_map(|context| GIVEN.iter().filter(|key| !context[**key].is_null()));
    pod_security_restricted(objects).into_iter().chain(fixed.map(|key| (*key).to_owned())).collect()
}

/// Where Quorate may connect to few ports alone, they are those of OpenShift's DNS and API server.
pub(crate) fn egress_on_openshift(objects: &Objects) -> Vec<String> {
    let egress = &objects.the("NetworkPolicy")["spec"]["egress"];
    let ports: BTreeSet<(u64, &str)> = items(egress)
        .flat_map(|rule| items(&rule["ports"]))
        .filter_map(|port| Some((port["port"].as_u64()?, port["protocol"].as_str().unwrap_or("TCP"))))
        .collect();
    let needed = [(5353, "UDP"), (5353, "TCP"), (6443, "TCP")];
    needed.iter().filter(|port| !ports.contains(port)).map(|port| format!("{port:?}")).collect()
}

/// What the control plane of a private GKE cluster reaches.
pub(crate) fn through_gke_firewall(objects: &Objects) -> Vec<String> {
    let port = objects.port("https");
    if [443, 10250].contains(&port) { Vec::new() } else { vec![format!("port {port}")] }
}

/// AKS leaves the webhook configurations alone.
pub(crate) fn without_enforcer(objects: &Objects) -> Vec<String> {
    let label = |object: &&Value| object["metadata"]["labels"]["admissions.enforcer/disabled"] != "true";
    let kinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
    kinds.iter().filter(|kind| label(&objects.the(kind))).map(|kind| (*kind).to_owned()).collect()
}

/// In the nodes' network, beside whatever else listens there.
pub(crate) fn host_network(objects: &Objects) -> Vec<String> {
    /// Kubernetes' own, and what other webhooks and agents take by default.
    const TAKEN: [u64; 12] = [2379, 2380, 6443, 8080, 8443, 9443, 10248, 10249, 10250, 10256, 10257, 10259];
    let spec = &objects.pod()["spec"];
    let rolling = &objects.the("Deployment")["spec"]["strategy"]["rollingUpdate"];
    let ports = [objects.port("https"), objects.port("metrics")];
    let checks = [
        ("hostNetwork", spec["hostNetwork"] == true),
        ("dnsPolicy", spec["dnsPolicy"] == "ClusterFirstWithHostNet"),
        // A further Pod finds no node whose ports are free.
        ("rollingUpdate", *rolling == json!({"maxUnavailable": 1, "maxSurge": 0})),
        ("ports", ports.iter().all(|port| !TAKEN.contains(port) && (1024..30_000).contains(port))),
    ];
    checks.iter().filter(|(_, holds)| !holds).map(|(what, _)| (*what).to_owned()).collect()
}
