//! What the entries of a webhook configuration should be, given what they are: our own entries whole, of all others the
//! caBundle alone. Pure: reads and writes JSON, so that fields which no type here knows are left alone. Whether an entry is as it
//! should be says `comparison`.
//!
//! A caBundle that is there is replaced by [`rebundled`] alone, which the steps of a rotation ask for; [`wanted`] only
//! fills in one that is missing.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::comparison::{additions, disagreeing, with_additions};
use crate::registration::Naming;

/// The entries that the server writes by itself, and how it knows them again.
#[derive(Debug, Clone)]
pub(crate) struct ServerOwnedEntries {
    pub(crate) entries: Vec<Value>,
    pub(crate) is_server_owned: fn(&str) -> bool,
    /// By what they name the known sets, if they do.
    pub(crate) naming: Option<Naming>,
    /// The namespaces of the known sets.
    pub(crate) guarded: BTreeSet<String>,
}

/// Base64 of PEM, as the entries carry it.
pub(crate) type Bundle<'a> = Option<&'a str>;

/// All entries as they should be; None if they are. `bundle` is for entries without one, where no other entry has any.
pub(crate) fn wanted(current: &[Value], own: &ServerOwnedEntries, bundle: Bundle<'_>) -> Option<Vec<Value>> {
    let bundle = current.iter().find_map(bundle_of).or(bundle).map(str::to_owned);
    let mut missing: Vec<&Value> = own.entries.iter().collect();
    let mut changed = false;
    let mut entries = Vec::with_capacity(current.len() + missing.len());
    for entry in current {
        let bundle = bundle_of(entry).or(bundle.as_deref());
        if !(own.is_server_owned)(name(entry)) {
            let own = with_bundle(entry, bundle);
            changed |= own != *entry;
            entries.push(own);
            continue;
        }
        let Some(position) = missing.iter().position(|wanted| name(wanted) == name(entry)) else {
            changed = true;
            continue;
        };
        let wanted = complete(missing.remove(position), bundle);
        if disagreeing(&wanted, entry, &own.guarded).next().is_none() {
            entries.push(entry.clone());
            continue;
        }
        changed = true;
        let added = additions(&wanted, entry, &own.guarded);
        entries.push(with_additions(wanted, &added));
    }
    changed |= !missing.is_empty();
    entries.extend(missing.into_iter().map(|entry| complete(entry, bundle.as_deref())));
    changed.then_some(entries)
}

/// All entries with that bundle.
pub(crate) fn rebundled(current: &[Value], bundle: &str) -> Vec<Value> {
    current.iter().map(|entry| with_bundle(entry, Some(bundle))).collect()
}

/// The bundle that every entry carries; None where one carries another or none, or where there is no entry.
pub(crate) fn common_bundle(entries: &[Value]) -> Option<&str> {
    let (first, others) = entries.split_first()?;
    let bundle = bundle_of(first)?;
    others.iter().all(|entry| bundle_of(entry) == Some(bundle)).then_some(bundle)
}

fn name(entry: &Value) -> &str {
    entry.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// Base64; None for an empty one too.
pub(crate) fn bundle_of(entry: &Value) -> Option<&str> {
    entry.pointer("/clientConfig/caBundle").and_then(Value::as_str).filter(|bundle| !bundle.is_empty())
}

fn with_bundle(entry: &Value, bundle: Bundle<'_>) -> Value {
    let mut entry = entry.clone();
    if let (Some(client), Some(bundle)) = (entry.get_mut("clientConfig").and_then(Value::as_object_mut), bundle) {
        client.insert("caBundle".to_owned(), bundle.into());
    }
    entry
}

/// With the bundle, and with what the API server would fill in, so that it can be compared with what it gives back.
fn complete(entry: &Value, bundle: Bundle<'_>) -> Value {
    let mut entry = with_bundle(entry, bundle);
    let Some(fields) = entry.as_object_mut() else { return entry };
    let mutating = fields.contains_key("reinvocationPolicy");
    default(fields, "failurePolicy", "Fail".into());
    default(fields, "matchPolicy", "Equivalent".into());
    default(fields, "namespaceSelector", json!({}));
    default(fields, "objectSelector", json!({}));
    default(fields, "timeoutSeconds", 10.into());
    if mutating {
        default(fields, "reinvocationPolicy", "Never".into());
    }
    if let Some(service) = fields.get_mut("clientConfig").and_then(|client| client.get_mut("service")) {
        service.as_object_mut().map(|service| default(service, "port", 443.into())).unwrap_or_default();
    }
    for rule in fields.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        rule.as_object_mut().map(|rule| default(rule, "scope", "*".into())).unwrap_or_default();
    }
    entry
}

fn default(fields: &mut Map<String, Value>, key: &str, value: Value) {
    fields.entry(key).or_insert(value);
}

/// The fields in which a live entry is not the rendered one, its bundle apart.
pub(crate) fn differing(rendered: &Value, live: &Value) -> Vec<&'static str> {
    disagreeing(&complete(rendered, bundle_of(live)), live, &BTreeSet::new()).collect()
}

/// What somebody else has the live entry leave out beyond the rendered one.
pub(crate) fn extra_fields<'l>(rendered: &Value, live: &'l Value) -> Vec<&'l Value> {
    additions(rendered, live, &BTreeSet::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(name: &str) -> Value {
        json!({
            "name": name, "clientConfig": {"service": {"namespace": "quorate-system", "name": "quorate", "path": "/validate", "port": 443}},
            "rules": [{"apiGroups": ["apps"], "resources": ["statefulsets"], "scope": "*"}], "futureField": {"a": 1},
        })
    }

    fn known(sets: &str) -> Value {
        json!({
            "name": "known-scale.quorate.dev", "clientConfig": {"service": {"namespace": "quorate-system", "name": "quorate"}},
            "rules": [{"apiGroups": ["apps"], "resources": ["statefulsets/scale"]}],
            "matchConditions": [{"name": "known", "expression": sets}],
        })
    }

    fn own_entries(entries: Vec<Value>) -> ServerOwnedEntries {
        ServerOwnedEntries {
            entries,
            is_server_owned: |name| name.starts_with("known-"),
            naming: Some(Naming::Set),
            guarded: BTreeSet::new(),
        }
    }

    #[test]
    fn other_entries_get_the_bundle_and_nothing_else() {
        let before = rendered("statefulsets.quorate.dev");
        let after = wanted(std::slice::from_ref(&before), &own_entries(vec![]), Some("QQ==")).unwrap();
        let mut expected = before;
        expected["clientConfig"]["caBundle"] = "QQ==".into();
        assert_eq!(after, [expected]);
        assert_eq!(wanted(&after, &own_entries(vec![]), Some("QQ==")), None);
    }

    #[test]
    fn a_bundle_that_is_there_is_replaced_by_a_rotation_alone() {
        let before = [with_bundle(&rendered("x"), Some("T2xk")), rendered("y")];
        let after = wanted(&before, &own_entries(vec![known("in ['db/a']")]), Some("TmV3")).unwrap();
        assert_eq!(common_bundle(&after), Some("T2xk"));
        assert_eq!(common_bundle(&rebundled(&after, "TmV3")), Some("TmV3"));
    }

    #[test]
    fn what_is_missing_is_added_and_then_left_alone() {
        let own = own_entries(vec![known("in ['db/a']")]);
        let after = wanted(&[rendered("statefulsets.quorate.dev")], &own, Some("QQ==")).unwrap();
        assert_eq!(after.len(), 2);
        assert_eq!(common_bundle(&after), Some("QQ=="));
        assert_eq!(wanted(&after, &own, Some("QQ==")), None);
    }

    #[test]
    fn a_changed_entry_is_put_right_where_it_stands() {
        let own = own_entries(vec![known("in ['db/a', 'db/b']")]);
        let before = [complete(&known("in ['db/a']"), Some("QQ==")), with_bundle(&rendered("x"), Some("QQ=="))];
        let after = wanted(&before, &own, Some("QQ==")).unwrap();
        assert_eq!(after.iter().map(name).collect::<Vec<_>>(), ["known-scale.quorate.dev", "x"]);
        assert_eq!(after[0]["matchConditions"][0]["expression"], "in ['db/a', 'db/b']");
        let mut loosened = after.clone();
        loosened[0]["namespaceSelector"] = json!({"matchLabels": {"never": "true"}});
        assert_eq!(wanted(&loosened, &own, Some("QQ==")), Some(after));
    }

    #[test]
    fn what_a_platform_leaves_out_survives_a_change_of_ours() {
        let own = own_entries(vec![known("in ['db/a', 'db/b']")]);
        let mut before = complete(&known("in ['db/a']"), Some("QQ=="));
        let added = json!([{"key": "control-plane", "operator": "DoesNotExist"}]);
        before["namespaceSelector"]["matchExpressions"] = added.clone();
        let after = wanted(&[before], &own, None).unwrap();
        assert_eq!(after[0]["namespaceSelector"]["matchExpressions"], added);
        assert_eq!(after[0]["matchConditions"][0]["expression"], "in ['db/a', 'db/b']");
        assert_eq!(wanted(&after, &own, None), None);
    }

    #[test]
    fn only_an_entry_of_ours_is_removed() {
        let before = [with_bundle(&rendered("x"), Some("QQ==")), known("in ['db/a']")];
        let after = wanted(&before, &own_entries(vec![]), Some("QQ==")).unwrap();
        assert_eq!(after.iter().map(name).collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_field_of_a_later_api_server_is_no_reason_to_write() {
        let own = own_entries(vec![known("in ['db/a']")]);
        let mut current = vec![complete(&known("in ['db/a']"), Some("QQ=="))];
        current[0]["aFieldOfTomorrow"] = true.into();
        current[0]["reinvocationPolicy"] = "Never".into();
        assert_eq!(wanted(&current, &own, Some("QQ==")), None);
    }

    #[test]
    fn a_bundle_that_somebody_else_writes_is_passed_on_to_our_entries() {
        let injected = with_bundle(&rendered("x"), Some("QQ=="));
        let after = wanted(std::slice::from_ref(&injected), &own_entries(vec![known("in ['db/a']")]), None).unwrap();
        assert_eq!(after[0], injected);
        assert_eq!(common_bundle(&after), Some("QQ=="));
        assert_eq!(wanted(&[rendered("x")], &own_entries(vec![]), None), None);
    }

    #[test]
    fn a_bundle_is_common_only_if_all_have_it() {
        let with = |bundle| with_bundle(&rendered("x"), Some(bundle));
        assert_eq!(common_bundle(&[with("QQ=="), with("Qg==")]), None);
        assert_eq!(common_bundle(&[with("QQ=="), rendered("x")]), None);
        assert_eq!(common_bundle(&[]), None);
    }
}
