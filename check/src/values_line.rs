//! The line of a values file, or of a leading object, that changed a field of rendered output: the only value there that was what the field was
//! and is what the field is.
//! Does not render.

use std::collections::BTreeMap;

use serde_json::Value;

use super::manifest_change::ManifestChange;
use super::object::ObjectOrigin;
use super::result::SourceLocation;
use super::source_files::SourceFiles;
use super::tree::Side;
use crate::input;

/// None: the field was not rendered, did not change, or more than one value may have changed it.
pub(super) fn locate(change: &ManifestChange, field: &str, files: &SourceFiles<'_>) -> Option<SourceLocation> {
    let origin = &change.object.origin;
    let (old, new) = (at(change.old.as_ref()?, field), at(change.new.as_ref()?, field)?);
    if origin.side != Side::Head || old == Some(new) {
        return None;
    }
    let mut found = Vec::new();
    for path in files.values_of(origin) {
        let (base, head) = (leaves(files.text(Side::Base, path)), leaves(files.text(Side::Head, path)));
        for (place, value) in &head {
            let before = base.get(place);
            if is_same(value, new) && before.is_none_or(|before| old.is_some_and(|old| is_same(before, old))) {
                found.push((path.clone(), place.clone(), before.is_some()));
            }
        }
    }
    // One that changed says more than one that came.
    let changed: Vec<_> = found.iter().filter(|(_, _, changed)| *changed).collect();
    let [(path, (document, field), _)] = (if changed.is_empty() { found.iter().collect() } else { changed })[..] else {
        return None;
    };
    let place = ObjectOrigin { side: Side::Head, path: path.clone(), document: *document, root: String::new() };
    Some(files.locate(&place, field))
}

/// A number, a text or a truth at a field's path (`spec.template.spec.containers[0].image`).
fn at<'v>(object: &'v Value, field: &str) -> Option<&'v Value> {
    let mut value = object;
    for part in field.split(['.', '[']).filter(|part| !part.is_empty()) {
        value = match part.strip_suffix(']') {
            Some(index) => value.get(index.parse::<usize>().ok()?)?,
            None => value.get(part)?,
        };
    }
    (!value.is_array() && !value.is_object()).then_some(value)
}

/// `"1"` in the values of an Application is 1 in the manifest.
fn is_same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    !one.is_null() && text(one) == text(other)
}

/// Every value that is no list and no mapping, by document and path.
fn leaves(text: Option<&str>) -> BTreeMap<(usize, String), Value> {
    let documents = text.and_then(|text| input::parse_yaml::<Value>(text).ok()).unwrap_or_default();
    let mut found = BTreeMap::new();
    for (index, document) in documents.into_iter().enumerate() {
        let mut open = vec![(String::new(), document)];
        while let Some((path, value)) = open.pop() {
            match value {
                Value::Object(members) => open.extend(
                    members
                        .into_iter()
                        .map(|(key, value)| (if path.is_empty() { key } else { format!("{path}.{key}") }, value)),
                ),
                Value::Array(items) => {
                    let items = items.into_iter().enumerate();
                    open.extend(items.map(|(index, item)| (format!("{path}[{index}]"), item)));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    found.insert((index, path), value);
                }
            }
        }
    }
    found
}
