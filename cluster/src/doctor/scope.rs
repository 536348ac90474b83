//! What is guarded: which namespaces, and which rqlite sets are not.

use kube::api::DynamicObject;
use serde_json::Value;

use super::observations::{Observations, unreadable};
use super::selector::{Labels, matches};
use super::{DoctorCheck, Topic};
use crate::registrar::entries;
use crate::registration::{SetName, is_server_owned};
use crate::stored::StoredSet;

const TOPIC: Topic = Topic::Scope;

/// What the checks go by.
struct Scope<'a> {
    /// All entries of our ValidatingWebhookConfiguration.
    entries: Vec<&'a Value>,
    namespaces: Vec<(&'a str, Labels)>,
}

pub(super) fn checks(seen: &Observations) -> Vec<DoctorCheck> {
    let (validating, namespaces, sets) = match (&seen.validating, &seen.namespaces, &seen.sets) {
        (Ok(validating), Ok(namespaces), Ok(sets)) => (validating, namespaces, sets),
        (Err(why), _, _) => return vec![unreadable(TOPIC, "ValidatingWebhookConfigurations", why)],
        (_, Err(why), _) => return vec![unreadable(TOPIC, "namespaces", why)],
        (_, _, Err(why)) => return vec![unreadable(TOPIC, "StatefulSets", why)],
    };
    let named = namespaces.iter().filter_map(|namespace| {
        let name = namespace.metadata.name.as_deref()?;
        Some((name, namespace.metadata.labels.clone().unwrap_or_default()))
    });
    let scope = Scope { entries: validating.iter().flat_map(ours).collect(), namespaces: named.collect() };
    scope.checks(&sets.iter().filter(|set| set.runs_rqlite()).collect::<Vec<_>>())
}

/// The entries that call us; by their name, so that a configuration of another name is seen too.
fn ours(object: &DynamicObject) -> impl Iterator<Item = &Value> {
    entries(object).iter().filter(|entry| name(entry).ends_with(".quorate.dev"))
}

fn name(entry: &Value) -> &str {
    entry.get("name").and_then(Value::as_str).unwrap_or_default()
}

impl Scope<'_> {
    fn checks(&self, rqlite: &[&StoredSet]) -> Vec<DoctorCheck> {
        let unguarded: Vec<&str> =
            self.namespaces.iter().filter(|(_, labels)| !self.guards(labels)).map(|(name, _)| *name).collect();
        let guarded = self.namespaces.len() - unguarded.len();
        let mut checks =
            vec![DoctorCheck::fine(TOPIC, format!("{guarded} namespaces guarded, not {}", listed(&unguarded)))];
        let mut fine = 0;
        for set in rqlite {
            match self.fault(set, &unguarded) {
                Some(fault) => checks.push(fault),
                None => fine += 1,
            }
        }
        checks.push(DoctorCheck::fine(TOPIC, format!("{fine} of {} rqlite StatefulSets guarded", rqlite.len())));
        checks
    }

    fn guards(&self, namespace: &Labels) -> bool {
        let mut rendered = self.entries.iter().filter(|entry| !is_server_owned(name(entry)));
        rendered.any(|entry| matches(entry.get("namespaceSelector"), namespace))
    }

    fn fault(&self, set: &StoredSet, unguarded: &[&str]) -> Option<DoctorCheck> {
        let name = set.name();
        if unguarded.contains(&name.namespace.as_str()) {
            return Some(
                DoctorCheck::problem(
                    TOPIC,
                    format!("rqlite StatefulSet {name} is not guarded: namespace {} is left out", name.namespace),
                )
                .remedy("move it, or guard the namespace"),
            );
        }
        (!selector_tells(set) && !self.knows(&name)).then(|| {
            DoctorCheck::problem(
                TOPIC,
                format!("rqlite StatefulSet {name}: kubectl scale is not guarded, the server does not know it yet"),
            )
            .remedy("look for `entries written` and `cannot be read or written` in the log of the leader")
        })
    }

    /// Whether the server has written its name into an entry for the scale of known sets.
    fn knows(&self, set: &SetName) -> bool {
        let quoted = format!("'{set}'");
        let known = self.entries.iter().filter(|entry| name(entry).starts_with("known-scale"));
        let conditions = known.filter_map(|entry| entry.get("matchConditions")?.as_array()).flatten();
        let mut expressions = conditions.filter_map(|condition| condition.get("expression")?.as_str());
        expressions.any(|expression| expression.contains(&quoted))
    }
}

/// A Scale carries the selector and nothing else of the set; where it says rqlite, no list is needed.
fn selector_tells(set: &StoredSet) -> bool {
    let object: Value = serde_json::from_str(set.json()).unwrap_or_default();
    object.pointer("/spec/selector").is_some_and(|selector| selector.to_string().contains("rqlite"))
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Level;
    use super::*;
    use crate::stored::tests::set;

    fn found(known: &str, excluded: &[&str]) -> Vec<(Level, String)> {
        let rendered = json!({"name": "statefulsets.quorate.dev", "namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": excluded}]}});
        let known = json!({"name": "known-scale.quorate.dev", "matchConditions": [
            {"name": "known", "expression": format!("request.namespace + '/' + request.name in [{known}]")}]});
        let labels = |name: &str| Labels::from([("kubernetes.io/metadata.name".to_owned(), name.to_owned())]);
        let scope = Scope {
            entries: vec![&rendered, &known],
            namespaces: vec![("db", labels("db")), ("kube-system", labels("kube-system"))],
        };
        let checks = scope.checks(&[&set("a", "rqlite/rqlite:9.1.3", "1")]);
        checks
            .into_iter()
            .filter(|check| check.level != Level::Fine)
            .map(|check| (check.level, check.message))
            .collect()
    }

    #[test]
    fn a_known_set_in_a_guarded_namespace_is_fine() {
        assert_eq!(found("'db/b', 'db/a'", &["kube-system"]), []);
    }

    #[test]
    fn names_the_sets_that_are_not_guarded() {
        let left_out = "rqlite StatefulSet db/a is not guarded: namespace db is left out";
        assert_eq!(found("'db/a'", &["db"]), [(Level::Problem, left_out.to_owned())]);
        let unknown = "rqlite StatefulSet db/a: kubectl scale is not guarded, the server does not know it yet";
        assert_eq!(found("'db/aa'", &[]), [(Level::Problem, unknown.to_owned())]);
    }
}
