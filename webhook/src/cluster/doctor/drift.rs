//! Whether the live webhook configurations are what this version renders. The caBundle, and what the server writes itself, apart.

use kube::api::DynamicObject;
use serde_json::Value;

use super::look::{Read, Seen, unreadable};
use super::{Check, Expected, Topic};
use crate::cluster::ClusterConfig;
use crate::cluster::entries::differing;
use crate::cluster::registrar::{MUTATING, VALIDATING, entries};
use crate::registration::is_kept;

const TOPIC: Topic = Topic::Drift;

pub(super) fn checks(seen: &Seen, config: &ClusterConfig, expected: &Expected) -> Vec<Check> {
    let rendered = expected.content.rendered();
    let of = |kind, live: &Read<Vec<DynamicObject>>, rendered: &[Value]| match live {
        Err(why) => vec![unreadable(TOPIC, &format!("{kind}s"), why)],
        Ok(live) => {
            let live = live.iter().find(|object| object.metadata.name.as_deref() == Some(&config.webhooks));
            compare(&format!("{kind} {}", config.webhooks), live.map(entries), rendered)
        }
    };
    let mut checks = of(VALIDATING, &seen.validating, &rendered.validating);
    checks.extend(of(MUTATING, &seen.mutating, &rendered.mutating));
    checks
}

fn compare(what: &str, live: Option<&[Value]>, rendered: &[Value]) -> Vec<Check> {
    let Some(live) = live else {
        return vec![
            Check::problem(TOPIC, format!("{what} is not there: nothing is guarded")).remedy("apply the installation"),
        ];
    };
    let name = |entry: &Value| entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut checks = Vec::new();
    for entry in rendered {
        let Some(found) = live.iter().find(|found| name(found) == name(entry)) else {
            let message = format!("{what}: entry {} is not there", name(entry));
            checks.push(Check::problem(TOPIC, message).remedy("apply the installation again"));
            continue;
        };
        let fields = differing(entry, found);
        if !fields.is_empty() {
            let message =
                format!("{what}: entry {} differs from what is rendered in {}", name(entry), fields.join(", "));
            checks.push(Check::problem(TOPIC, message).remedy("apply the installation again"));
        }
    }
    let is_rendered = |entry: &&Value| rendered.iter().any(|own| name(own) == name(entry));
    for strange in live.iter().filter(|entry| !is_rendered(entry) && !is_kept(&name(entry))) {
        let message = format!("{what}: entry {} is not of this version", name(strange));
        checks.push(Check::warning(TOPIC, message).remedy("remove it if a former version left it behind"));
    }
    if checks.is_empty() {
        checks.push(Check::fine(TOPIC, format!("{what} is what this version renders, {} entries", rendered.len())));
    }
    checks
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
        let kept = entry("known-scale.quorate.dev", "Fail");
        assert_found(Some(&[live, kept]), &[(Level::Fine, "V is what this version renders, 1 entries")]);
        assert_found(None, &[(Level::Problem, "V is not there: nothing is guarded")]);
        assert_found(Some(&[]), &[(Level::Problem, "V: entry a.quorate.dev is not there")]);
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
