//! What every cluster asks of an installation: a rule each, with what breaks it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::objects::{Objects, items, title};

/// What is wrong; nothing, if all is right.
pub(crate) type Rule = fn(&Objects) -> Vec<String>;

pub(crate) const RULES: [Rule; 11] = [
    labelled,
    applied_by_argo_cd,
    class_with_quota,
    requests_and_limits,
    on_linux,
    never_two_on_a_node,
    evicted_one_by_one,
    on_both_families,
    reachable_through_policies,
    secrets_readable,
    nodes_go_away,
];

/// Whose it is, so that whoever looks for what is left finds it.
pub(crate) fn labelled(objects: &Objects) -> Vec<String> {
    let labels = |object: &Value| object["metadata"]["labels"]["app.kubernetes.io/name"] == "quorate";
    let unlabelled = objects.all().iter().filter(|object| !labels(object));
    unlabelled.map(|object| format!("{} has no label app.kubernetes.io/name", title(object))).collect()
}

/// Argo CD leaves out these kinds by default (`resource.exclusions` of its version 3), so they never come, or never go.
pub(crate) fn applied_by_argo_cd(objects: &Objects) -> Vec<String> {
    const LEFT_OUT: [&str; 6] =
        ["Lease", "Endpoints", "EndpointSlice", "CertificateSigningRequest", "CertificateRequest", "TokenReview"];
    let left_out = |object: &&Value| LEFT_OUT.iter().any(|kind| object["kind"] == *kind);
    objects.all().iter().filter(left_out).map(|object| format!("{} is left out", title(object))).collect()
}

/// GKE's admission: `insufficient quota to match these scopes`. One with a bound would bound the Pods of others in this namespace.
pub(crate) fn class_with_quota(objects: &Objects) -> Vec<String> {
    let Some(class) = objects.pod()["spec"]["priorityClassName"].as_str() else { return Vec::new() };
    let expected = json!({
        "hard": {"pods": "1G"},
        "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": [class]}]},
    });
    let quotas = objects.of_kind("ResourceQuota");
    let covered = !class.starts_with("system-") || quotas.iter().any(|quota| quota["spec"] == expected);
    if covered { Vec::new() } else { vec![format!("no quota covers the class {class}")] }
}

/// A quota on them refuses every container without.
pub(crate) fn requests_and_limits(objects: &Objects) -> Vec<String> {
    let mut wrong = Vec::new();
    for container in objects.containers() {
        for pointer in ["/requests/cpu", "/requests/memory", "/limits/memory"] {
            if container["resources"].pointer(pointer).is_none() {
                wrong.push(format!("{}: no resources{pointer}", container["name"]));
            }
        }
    }
    wrong
}

pub(crate) fn on_linux(objects: &Objects) -> Vec<String> {
    let selector = &objects.pod()["spec"]["nodeSelector"];
    if selector["kubernetes.io/os"] == "linux" { Vec::new() } else { vec![format!("nodeSelector {selector}")] }
}

/// Held to by the scheduler where another node takes Pods. The default of `nodeTaintsPolicy` waits for nodes that take none; without the
/// Pods' own release a rollout waits for nodes that its predecessors hold.
pub(crate) fn never_two_on_a_node(objects: &Objects) -> Vec<String> {
    let constraints = &objects.pod()["spec"]["topologySpreadConstraints"];
    let expected = json!({
        "topologyKey": "kubernetes.io/hostname", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor", "matchLabelKeys": ["pod-template-hash"],
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "quorate"}},
    });
    if items(constraints).any(|found| *found == expected) { Vec::new() } else { vec![constraints.to_string()] }
}

pub(crate) fn evicted_one_by_one(objects: &Objects) -> Vec<String> {
    let spec = &objects.the("PodDisruptionBudget")["spec"];
    let labels = &objects.pod()["metadata"]["labels"];
    let selects = spec["selector"]["matchLabels"]
        .as_object()
        .is_some_and(|selector| selector.iter().all(|(key, value)| labels[key] == *value));
    let replicas = objects.the("Deployment")["spec"]["replicas"].as_u64();
    if selects && spec["maxUnavailable"] == 1 && replicas >= Some(2) {
        Vec::new()
    } else {
        vec![format!("{replicas:?} replicas with the budget {spec}")]
    }
}

/// `0.0.0.0` is no address of a Pod with IPv6 alone.
pub(crate) fn on_both_families(objects: &Objects) -> Vec<String> {
    let config = objects.config();
    let listens = [("listen", "https"), ("metricsListen", "metrics")];
    let wrong = listens.iter().filter(|(key, port)| config[*key] != format!("[::]:{}", objects.port(port)));
    wrong.map(|(key, _)| format!("{key}: {}", config[*key])).collect()
}

/// The Service leads to ports that the NetworkPolicy opens, by number: some implementations know no names.
pub(crate) fn reachable_through_policies(objects: &Objects) -> Vec<String> {
    let ports: BTreeSet<u64> = [objects.port("https"), objects.port("metrics")].into();
    let rules: Vec<&Value> = items(&objects.the("NetworkPolicy")["spec"]["ingress"]).collect();
    let opened: BTreeSet<u64> =
        rules.iter().flat_map(|rule| items(&rule["ports"])).filter_map(|port| port["port"].as_u64()).collect();
    let targets: BTreeSet<&str> =
        items(&objects.the("Service")["spec"]["ports"]).filter_map(|port| port["targetPort"].as_str()).collect();
    let mut wrong = Vec::new();
    if opened != ports {
        wrong.push(format!("the Pods listen at {ports:?}, the NetworkPolicy opens {opened:?}"));
    }
    if targets != BTreeSet::from(["https", "metrics"]) {
        wrong.push(format!("the Service leads to {targets:?}"));
    }
    wrong
}

/// Files of a Secret are root's. Only a group that the Pod itself names reads files that others may not.
pub(crate) fn secrets_readable(objects: &Objects) -> Vec<String> {
    let spec = &objects.pod()["spec"];
    if !spec["securityContext"]["fsGroup"].is_null() {
        return Vec::new();
    }
    let of_others = |volume: &&Value| volume["secret"]["defaultMode"].as_u64().is_none_or(|mode| mode & 0o004 != 0);
    let hidden = items(&spec["volumes"]).filter(|volume| !of_others(volume));
    hidden.map(|volume| format!("nobody but root reads volume {}", volume["name"])).collect()
}

/// The cluster autoscaler keeps a node for a Pod with a folder on its disk, unless that one is named.
pub(crate) fn nodes_go_away(objects: &Objects) -> Vec<String> {
    let annotations = &objects.pod()["metadata"]["annotations"];
    let named = annotations["cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"].as_str();
    let named: BTreeSet<&str> = named.unwrap_or_default().split(',').collect();
    let folders = items(&objects.pod()["spec"]["volumes"]).filter(|volume| volume.get("emptyDir").is_some());
    let holding = folders.filter(|volume| volume["name"].as_str().is_none_or(|name| !named.contains(name)));
    holding.map(|volume| format!("volume {} keeps its node", volume["name"])).collect()
}
