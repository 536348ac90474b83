//! Whether the live webhook configurations are what this version renders. The caBundle, what the server writes itself, how it is reached,
//! its timeout and the namespaces that the installation leaves alone apart.

use std::collections::BTreeMap;

use kube::api::DynamicObject;
use kubernetes::admission::Phase;
use serde_json::Value;

use super::observations::{Observations, Read, unreadable};
use super::{DoctorCheck, Expected, Topic};
use crate::ClusterConfig;
use crate::entries::{differing, extra_fields};
use crate::registrar::{MUTATING, VALIDATING, entries};
use crate::registration::is_server_owned;

const TOPIC: Topic = Topic::Drift;

pub(super) fn checks(seen: &Observations, config: &ClusterConfig, expected: &Expected) -> Vec<DoctorCheck> {
    let of = |kind, phase, live: &Read<Vec<DynamicObject>>| match live {
        Err(why) => vec![unreadable(TOPIC, &format!("{kind}s"), why)],
        Ok(live) => {
            let live =
                live.iter().find(|object| object.metadata.name.as_deref() == Some(&config.webhooks)).map(entries);
            let rendered = expected.content.following(phase, live.unwrap_or_default()).rendered();
            let rendered = match phase {
                Phase::Validate => rendered.validating,
                Phase::Mutate => rendered.mutating,
            };
            compare(&format!("{kind} {}", config.webhooks), live, &rendered)
        }
    };
    let mut checks = of(VALIDATING, Phase::Validate, &seen.validating);
    checks.extend(of(MUTATING, Phase::Mutate, &seen.mutating));
    checks
}

fn compare(what: &str, live: Option<&[Value]>, rendered: &[Value]) -> Vec<DoctorCheck> {
    let Some(live) = live else {
        return vec![
            DoctorCheck::problem(TOPIC, format!("{what} is not there: nothing is guarded"))
                .remedy("apply the installation"),
        ];
    };
    let name = |entry: &Value| entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut checks, mut left_out) = (Vec::new(), BTreeMap::<String, usize>::new());
    for entry in rendered {
        let Some(found) = live.iter().find(|found| name(found) == name(entry)) else {
            let message = format!("{what}: entry {} is not there", name(entry));
            checks.push(DoctorCheck::problem(TOPIC, message).remedy("apply the installation again"));
            continue;
        };
        extra_fields(entry, found).into_iter().for_each(|one| *left_out.entry(expression(one)).or_default() += 1);
        let fields = differing(entry, found);
        if !fields.is_empty() {
            let message =
                format!("{what}: entry {} differs from what is rendered in {}", name(entry), fields.join(", "));
            checks.push(DoctorCheck::problem(TOPIC, message).remedy("apply the installation again"));
        }
    }
    let is_rendered = |entry: &&Value| rendered.iter().any(|own| name(own) == name(entry));
    for strange in live.iter().filter(|entry| !is_rendered(entry) && !is_server_owned(&name(entry))) {
        let message = format!("{what}: entry {} is not of this version", name(strange));
        checks.push(DoctorCheck::warning(TOPIC, message).remedy("remove it if a former version left it behind"));
    }
    if checks.is_empty() {
        checks
            .push(DoctorCheck::fine(TOPIC, format!("{what} is what this version renders, {} entries", rendered.len())));
    }
    checks.extend(left_out.iter().map(|(expression, count)| {
        let message = format!("{what}: somebody adds `{expression}` to the namespaceSelector of {count} entries");
        DoctorCheck::fine(TOPIC, format!("{message}; it is left alone, and what it leaves out is not guarded"))
    }));
    checks
}

/// As `kubectl` writes selectors: `control-plane notin (true)`, `!control-plane`.
fn expression(of: &Value) -> String {
    let text = |field: &str| of.get(field).and_then(Value::as_str).unwrap_or_default();
    let values = of.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    match text("operator") {
        "DoesNotExist" => format!("!{}", text("key")),
        operator => format!("{} {} ({})", text("key"), operator.to_lowercase(), values.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Level;
    use super::*;

    fn entry(name: &str, policy: &str) -> Value {
        json!({"name": name, "failurePolicy": policy, "clientConfig": {"url": "https://x"}, "sideEffects": "None"})
    }

    #[track_caller]
    fn assert_found(live: Option<&[Value]>, expected: &[(Level, &str)]) {
        let rendered = [entry("a.quorate.dev", "Fail")];
        let found = compare("V", live, &rendered);
        let found: Vec<_> = found.iter().map(|check| (check.level, check.message.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn says_what_drifted() {
        let mut live = entry("a.quorate.dev", "Fail");
        live["clientConfig"]["caBundle"] = "QQ==".into();
        live["matchPolicy"] = "Equivalent".into();
        live["namespaceSelector"] = json!({});
        live["objectSelector"] = json!({});
        live["timeoutSeconds"] = 10.into();
        let known = entry("known-scale.quorate.dev", "Fail");
        assert_found(Some(&[live, known]), &[(Level::Fine, "V is what this version renders, 1 entries")]);
        assert_found(None, &[(Level::Problem, "V is not there: nothing is guarded")]);
        assert_found(Some(&[]), &[(Level::Problem, "V: entry a.quorate.dev is not there")]);
    }

    #[test]
    fn says_what_somebody_leaves_out() {
        let mut live = entry("a.quorate.dev", "Fail");
        live["matchPolicy"] = "Equivalent".into();
        live["namespaceSelector"] = json!({"matchExpressions": [
            {"key": "control-plane", "operator": "DoesNotExist"}, {"key": "managed-by", "operator": "NotIn", "values": ["aks", "x"]},
        ]});
        live["objectSelector"] = json!({});
        live["timeoutSeconds"] = 10.into();
        let end = "to the namespaceSelector of 1 entries; it is left alone, and what it leaves out is not guarded";
        assert_found(
            Some(&[live]),
            &[
                (Level::Fine, "V is what this version renders, 1 entries"),
                (Level::Fine, &format!("V: somebody adds `!control-plane` {end}")),
                (Level::Fine, &format!("V: somebody adds `managed-by notin (aks, x)` {end}")),
            ],
        );
    }

    #[test]
    fn names_the_field_and_the_strange_entry() {
        let mut loosened = entry("a.quorate.dev", "Ignore");
        loosened["matchPolicy"] = "Equivalent".into();
        loosened["namespaceSelector"] = json!({});
        loosened["objectSelector"] = json!({});
        loosened["timeoutSeconds"] = 10.into();
        let strange = entry("old.quorate.dev", "Fail");
        assert_found(
            Some(&[loosened, strange]),
            &[
                (Level::Problem, "V: entry a.quorate.dev differs from what is rendered in failurePolicy"),
                (Level::Warning, "V: entry old.quorate.dev is not of this version"),
            ],
        );
    }
}
