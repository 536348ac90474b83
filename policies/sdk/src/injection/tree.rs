//! Where things stand in the JSON tree of a StatefulSet's spec. Reads only.

use rqlite::flag::List;
use serde_json::Value;

use super::entry::list_name;
use super::item::{ProbeKind, text};

/// Pointers are relative to the spec.
pub(super) const TEMPLATE: &str = "/template";
pub(super) const VOLUMES: &str = "/template/spec/volumes";
pub(super) const GRACE: &str = "/template/spec/terminationGracePeriodSeconds";
const CONTAINERS: &str = "/template/spec/containers";

/// The container's index and its tree.
pub(super) fn container<'a>(spec: &'a Value, name: &str) -> Option<(usize, &'a Value)> {
    let all = spec.pointer(CONTAINERS)?.as_array()?;
    all.iter().enumerate().find(|(_, container)| text(container, "name") == name)
}

pub(super) fn mounts(spec: &Value, name: &str) -> Option<String> {
    container(spec, name).map(|(index, _)| format!("{CONTAINERS}/{index}/volumeMounts"))
}

pub(super) fn tokens(spec: &Value, name: &str, list: List) -> Option<String> {
    container(spec, name).map(|(index, _)| format!("{CONTAINERS}/{index}/{}", list_name(list)))
}

/// None where the probe has no `httpGet`.
pub(super) fn scheme(spec: &Value, name: &str, probe: ProbeKind) -> Option<String> {
    let (index, container) = container(spec, name)?;
    let get = container.get(probe.field())?.get("httpGet")?;
    get.is_object().then(|| format!("{CONTAINERS}/{index}/{}/httpGet/scheme", probe.field()))
}

/// The elements of the list there; none where there is no list.
pub(super) fn elements<'a>(spec: &'a Value, pointer: &str) -> &'a [Value] {
    spec.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn grace(spec: &Value) -> Option<i64> {
    spec.pointer(GRACE).and_then(Value::as_i64)
}

/// The position of the element whose `key` is that.
pub(super) fn named(list: &[Value], key: &str, name: &str) -> Option<usize> {
    list.iter().position(|element| text(element, key) == name)
}
