//! The ConfigMaps that a state of the repository holds: facts of that state, since they are applied with its sets.
//! Does not evaluate them.

use std::collections::{BTreeMap, BTreeSet};

use rqlite::facts::Facts;
use serde_json::Value;

use super::manifest_change::ManifestChange;
use super::object::{Object, is_config_map};
use super::scan::Manifests;

/// The ConfigMaps of both states.
#[derive(Debug, Default)]
pub(super) struct ConfigMaps {
    pub(super) base: Vec<Object>,
    pub(super) head: Vec<Object>,
}

/// Those of one side; where no policy looks at them, they are among the objects of other kinds.
pub(super) fn of_side(manifests: &mut Manifests, is_judged: bool) -> Vec<Object> {
    let is = |object: &Object| is_config_map(&object.id.group, &object.id.kind);
    if is_judged {
        return manifests.objects.iter().filter(|object| is(object)).cloned().collect();
    }
    let (maps, rest) = std::mem::take(&mut manifests.objects).into_iter().partition(is);
    manifests.objects = rest;
    let maps: Vec<Object> = maps;
    manifests.others = manifests.others.saturating_add(maps.len());
    maps
}

impl ConfigMaps {
    /// `facts` with the values that the change's set names, before and after. Where both states have a ConfigMap of that name, the
    /// new one counts: the same reference is no edit, and pods that come read what is there by then.
    pub(super) fn complete(&self, facts: Facts, change: &ManifestChange) -> Facts {
        let named = names(change);
        let of = |side: &[Object]| held(side, change, &named);
        let mut config_maps = of(&self.base);
        config_maps.extend(facts.config_maps);
        config_maps.extend(of(&self.head));
        Facts { config_maps, ..facts }
    }
}

/// By name and key, those in the change's namespace: of its own scope, else the only one of that name.
fn held(
    side: &[Object],
    change: &ManifestChange,
    named: &BTreeSet<&str>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let object = &change.object;
    let here =
        side.iter().filter(|map| map.id.namespace == object.id.namespace && named.contains(map.id.name.as_str()));
    let mut found: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    here.for_each(|map| found.entry(&map.id.name).or_default().push(map));
    let chosen = found.into_iter().filter_map(|(name, maps)| {
        let near: Vec<&&Object> = maps.iter().filter(|map| map.scope == object.scope).collect();
        let only = match (near.as_slice(), maps.as_slice()) {
            ([only], _) => **only,
            ([], [only]) => *only,
            _ => return None,
        };
        Some((name.to_owned(), data(only)))
    });
    chosen.collect()
}

/// Its texts; what is no text (`binaryData`) no variable takes.
fn data(map: &Object) -> BTreeMap<String, String> {
    let entries = map.value.get("data").and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// All texts of both specs: the names of ConfigMaps are among them.
fn names(change: &ManifestChange) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut open: Vec<&Value> = change.old.iter().chain(&change.new).filter_map(|object| object.get("spec")).collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => drop(names.insert(text.as_str())),
            Value::Array(values) => open.extend(values),
            Value::Object(values) => open.extend(values.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    names
}
