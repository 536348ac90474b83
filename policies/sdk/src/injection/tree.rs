//! Where things stand in the JSON tree of a StatefulSet's spec. Reads only.

use kubernetes::manifest::ContainerList;
use kubernetes::manifest::List;
use serde_json::Value;

use super::entry::list_name;
use super::item::{ProbeKind, text};

/// Pointers are relative to the spec.
pub(super) const TEMPLATE: &str = "/template";
pub(super) const VOLUMES: &str = "/template/spec/volumes";
pub(super) const GRACE: &str = "/template/spec/terminationGracePeriodSeconds";
const POD: &str = "/template/spec";

/// The pointer of the container of that name, and its tree. A name stands once in both lists (the API server sees to it), so
/// it also finds what was injected into a container that has since been moved to the other one.
pub(super) fn container<'a>(spec: &'a Value, name: &str) -> Option<(String, &'a Value)> {
    [ContainerList::Containers, ContainerList::InitContainers].into_iter().find_map(|list| {
        let pointer = format!("{POD}/{}", list.key());
        let index = named(elements(spec, &pointer), "name", name)?;
        Some((format!("{pointer}/{index}"), elements(spec, &pointer).get(index)?))
    })
}

pub(super) fn mounts(spec: &Value, name: &str) -> Option<String> {
    container(spec, name).map(|(pointer, _)| format!("{pointer}/volumeMounts"))
}

pub(super) fn tokens(spec: &Value, name: &str, list: List) -> Option<String> {
    container(spec, name).map(|(pointer, _)| format!("{pointer}/{}", list_name(list)))
}

/// None where the probe has no `httpGet`.
pub(super) fn scheme(spec: &Value, name: &str, probe: ProbeKind) -> Option<String> {
    let (pointer, container) = container(spec, name)?;
    let get = container.get(probe.field())?.get("httpGet")?;
    get.is_object().then(|| format!("{pointer}/{}/httpGet/scheme", probe.field()))
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
