//! Webhooks of others that could keep our pods from starting: those that fail closed and match them.

use kube::api::DynamicObject;
use serde_json::Value;

use super::observations::{Observations, Read, unreadable};
use super::selector::{Labels, matches};
use super::{DoctorCheck, Topic};
use crate::ClusterConfig;
use crate::registrar::entries;
use crate::registration::labels;

const TOPIC: Topic = Topic::OtherWebhooks;

pub(super) fn checks(seen: &Observations, config: &ClusterConfig) -> Vec<DoctorCheck> {
    let namespace: Labels = match &seen.namespaces {
        Ok(all) => {
            let own = all.iter().find(|namespace| namespace.metadata.name.as_deref() == Some(&config.namespace));
            own.and_then(|own| own.metadata.labels.clone()).unwrap_or_default()
        }
        Err(why) => return vec![unreadable(TOPIC, "namespaces", why)],
    };
    let mut checks = Vec::new();
    for (kind, configurations) in [("Validating", &seen.validating), ("Mutating", &seen.mutating)] {
        checks.extend(of_kind(kind, configurations, config, &namespace));
    }
    if checks.is_empty() {
        return vec![DoctorCheck::fine(TOPIC, "no other webhook that fails closed matches our pods")];
    }
    checks
}

fn of_kind(
    kind: &str,
    configurations: &Read<Vec<DynamicObject>>,
    config: &ClusterConfig,
    namespace: &Labels,
) -> Vec<DoctorCheck> {
    let configurations = match configurations {
        Ok(configurations) => configurations,
        Err(why) => return vec![unreadable(TOPIC, &format!("{kind}WebhookConfigurations"), why)],
    };
    let is_other = |object: &&DynamicObject| object.metadata.name.as_deref() != Some(&config.webhooks);
    let pods: Labels = labels();
    let mut checks = Vec::new();
    for object in configurations.iter().filter(is_other) {
        for entry in entries(object).iter().filter(|entry| stops_pods(entry, namespace, &pods)) {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
            let of = object.metadata.name.as_deref().unwrap_or_default();
            checks.push(
                DoctorCheck::warning(TOPIC, format!("{kind}WebhookConfiguration {of}: {name} fails closed and matches our pods: while it is down, ours cannot start"))
                    .remedy(format!("exclude namespace {} from it", config.namespace)),
            );
        }
    }
    checks
}

fn stops_pods(entry: &Value, namespace: &Labels, pods: &Labels) -> bool {
    let fails = entry.get("failurePolicy").and_then(Value::as_str).is_none_or(|policy| policy == "Fail");
    let rules = entry.get("rules").and_then(Value::as_array).into_iter().flatten();
    let has = |rule: &Value, list: &str, wanted: &[&str]| {
        let listed = rule.get(list).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(Value::as_str).any(|one| wanted.contains(&one))
    };
    let mut creations = rules.into_iter().filter(|rule| {
        has(rule, "apiGroups", &["", "*"])
            && has(rule, "resources", &["pods", "*", "*/*"])
            && has(rule, "operations", &["CREATE", "*"])
    });
    fails
        && creations.next().is_some()
        && matches(entry.get("namespaceSelector"), namespace)
        && matches(entry.get("objectSelector"), pods)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(policy: &str, resources: &[&str], namespaces: Value) -> bool {
        let entry = json!({
            "name": "x", "failurePolicy": policy, "namespaceSelector": namespaces, "objectSelector": {},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": resources, "operations": ["CREATE"]}],
        });
        let own = [("kubernetes.io/metadata.name".to_owned(), "quorate-system".to_owned())].into();
        stops_pods(&entry, &own, &Labels::new())
    }

    #[test]
    fn only_a_closed_webhook_on_our_pods_can_stop_them() {
        assert!(entry("Fail", &["pods"], json!({})));
        assert!(entry("Fail", &["*"], json!({})));
        assert!(!entry("Ignore", &["pods"], json!({})));
        assert!(!entry("Fail", &["services"], json!({})));
        let elsewhere = json!({"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["quorate-system"]}]});
        assert!(!entry("Fail", &["pods"], elsewhere));
    }
}
