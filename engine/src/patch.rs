//! A guest's patch: parsed, bounded, kept away from what identifies an object, and applied to the object's text.
//! Does not know what a patch is for.

use std::collections::BTreeSet;

use json_patch::jsonptr::Pointer;
use json_patch::{Patch, PatchOperation};
use kubernetes::object::indexed;
use quorate_document::Document;
use serde_json::Value;

use crate::failure::PolicyFailure;

/// What no policy may change: the object's identity, and what its controller says of it.
const PROTECTED: [&[&str]; 6] =
    [&["apiVersion"], &["kind"], &["metadata", "name"], &["metadata", "namespace"], &["metadata", "uid"], &["status"]];

/// Deepest nesting that a patch may make. Trees are walked and dropped by recursion.
const MAX_DEPTH: usize = 120;

/// Parses a patch (RFC 6902, JSON text of at most `max_bytes`) and refuses what no policy may change. Empty means none.
pub(crate) fn checked(text: &str, max_bytes: usize) -> Result<Option<Patch>, PolicyFailure> {
    if text.len() > max_bytes {
        return Err(PolicyFailure::bad_output(format!("its patch has {} bytes, allowed are {max_bytes}", text.len())));
    }
    let patch: Patch = serde_json::from_str(text)
        .map_err(|error| PolicyFailure::bad_output(format!("its patch is not RFC 6902: {error}")))?;
    for operation in patch.iter() {
        if let Some(pointer) = written(operation).into_iter().flatten().find(|pointer| is_protected(pointer)) {
            return Err(PolicyFailure::bad_output(format!("its patch changes `{pointer}`, which no policy may")));
        }
    }
    Ok((!patch.is_empty()).then_some(patch))
}

/// The object after the patch. What `copy` adds counts against `max_bytes` too.
pub(crate) fn apply(object: &Document, patch: &Patch, max_bytes: usize) -> Result<Document, PolicyFailure> {
    let mut tree: Value = object.decode().map_err(|error| PolicyFailure::BadInput { detail: error.to_string() })?;
    let mut copied = 0;
    for operation in patch.iter() {
        let (value, path) = match operation {
            PatchOperation::Add(add) => (Some(&add.value), &add.path),
            PatchOperation::Replace(replace) => (Some(&replace.value), &replace.path),
            PatchOperation::Move(moved) => (moved.from.resolve(&tree).ok(), &moved.path),
            PatchOperation::Copy(copy) => (copy.from.resolve(&tree).ok(), &copy.path),
            PatchOperation::Remove(remove) => (None, &remove.path),
            PatchOperation::Test(test) => (None, &test.path),
        };
        let room = MAX_DEPTH.saturating_sub(path.tokens().count());
        if value.is_some_and(|value| !fits(value, room)) {
            return Err(PolicyFailure::bad_output(format!("its patch nests deeper than {MAX_DEPTH} levels")));
        }
        if let (PatchOperation::Copy(_), Some(value)) = (operation, value) {
            copied += value.to_string().len();
        }
        if copied > max_bytes {
            return Err(PolicyFailure::bad_output(format!("its patch copies more than {max_bytes} bytes")));
        }
        json_patch::patch(&mut tree, std::slice::from_ref(operation)).map_err(|error| {
            PolicyFailure::bad_output(format!("its patch does not apply: {} at `{path}`", error.kind))
        })?;
    }
    indexed(&tree.to_string()).map_err(|error| PolicyFailure::bad_output(format!("its patch makes no object: {error}")))
}

/// The places that a patch writes to, for people.
pub(crate) fn paths(patch: &Patch) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let written = patch.iter().flat_map(written).flatten().map(Pointer::as_str);
    written.filter(|path| seen.insert(*path)).collect()
}

/// Where an operation writes: its path, and where `move` takes something away.
fn written(operation: &PatchOperation) -> [Option<&Pointer>; 2] {
    match operation {
        PatchOperation::Test(_) => [None, None],
        PatchOperation::Move(moved) => [Some(&moved.from), Some(&moved.path)],
        PatchOperation::Add(_) | PatchOperation::Remove(_) | PatchOperation::Replace(_) | PatchOperation::Copy(_) => {
            [Some(operation.path()), None]
        }
    }
}

/// Whether writing here changes a protected place: at it, below it, or above it.
fn is_protected(pointer: &Pointer) -> bool {
    PROTECTED.iter().any(|place| pointer.tokens().zip(place.iter()).all(|(token, step)| token.decoded() == *step))
}

fn fits(value: &Value, room: usize) -> bool {
    let Some(below) = room.checked_sub(1) else {
        return false;
    };
    match value {
        Value::Array(items) => items.iter().all(|item| fits(item, below)),
        Value::Object(members) => members.values().all(|member| fits(member, below)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MAX: usize = 1000;

    #[track_caller]
    fn refused(patch: Value, says: &str) {
        let object =
            indexed(&json!({"metadata": {"name": "a", "labels": {}}, "spec": {"x": "y"}}).to_string()).unwrap();
        let text = patch.to_string();
        let failure = checked(&text, MAX).and_then(|patch| apply(&object, &patch.unwrap(), MAX)).unwrap_err();
        assert_eq!(failure.to_string(), format!("the policy gave an unusable answer: {says}"));
    }

    #[test]
    fn applies_what_is_allowed() {
        let object = indexed(&json!({"metadata": {"name": "a"}, "spec": {"replicas": 3}}).to_string()).unwrap();
        let text = r#"[{"op":"test","path":"/metadata/name","value":"a"},{"op":"add","path":"/metadata/labels","value":{"b":"c"}},{"op":"remove","path":"/spec/replicas"}]"#;
        let patch = checked(text, MAX).unwrap().unwrap();
        assert_eq!(
            apply(&object, &patch, MAX).unwrap().as_json(),
            r#"{"metadata":{"labels":{"b":"c"},"name":"a"},"spec":{}}"#
        );
        assert_eq!(paths(&patch), ["/metadata/labels", "/spec/replicas"]);
        assert_eq!(checked("[]", MAX), Ok(None));
    }

    #[test]
    fn refuses_to_change_what_identifies_an_object() {
        for path in [
            "/kind",
            "/apiVersion",
            "/metadata/name",
            "/metadata/namespace",
            "/metadata/uid",
            "/status",
            "/status/replicas",
            "/metadata",
            "",
        ] {
            refused(
                json!([{"op": "replace", "path": path, "value": {}}]),
                &format!("its patch changes `{path}`, which no policy may"),
            );
        }
        refused(
            json!([{"op": "move", "from": "/metadata/name", "path": "/spec/x"}]),
            "its patch changes `/metadata/name`, which no policy may",
        );
        refused(
            json!([{"op": "copy", "from": "/spec/x", "path": "/kind"}]),
            "its patch changes `/kind`, which no policy may",
        );
    }

    #[test]
    fn refuses_what_does_not_apply() {
        refused(
            json!([{"op": "remove", "path": "/spec/absent"}]),
            "its patch does not apply: path is invalid at `/spec/absent`",
        );
        refused(
            json!([{"op": "test", "path": "/spec/x", "value": 1}]),
            "its patch does not apply: value did not match at `/spec/x`",
        );
    }

    #[test]
    fn refuses_what_is_no_patch_or_too_long() {
        assert!(checked("{", MAX).unwrap_err().to_string().contains("its patch is not RFC 6902"));
        let long = format!(r#"[{{"op":"add","path":"/spec/x","value":"{}"}}]"#, "a".repeat(MAX));
        assert!(checked(&long, MAX).unwrap_err().to_string().ends_with("its patch has 1042 bytes, allowed are 1000"));
    }

    #[test]
    fn an_object_with_a_number_of_no_size_is_not_patched() {
        let object = indexed(r#"{"spec":{"replicas":1e400}}"#).unwrap();
        let patch = checked(r#"[{"op":"remove","path":"/spec"}]"#, MAX).unwrap().unwrap();
        let failure = apply(&object, &patch, MAX).unwrap_err();
        assert_eq!((failure.to_string().as_str(), failure.name()), ("the object cannot be read", "bad-input"));
        assert_eq!(failure.detail(), "`spec.replicas`: number out of range");
    }

    #[test]
    fn refuses_copies_that_grow_without_end() {
        let double = |path| json!({"op": "copy", "from": "/spec", "path": path});
        let operations = ["/spec/a", "/spec/b"].into_iter().cycle().take(14).map(double).collect();
        refused(operations, "its patch copies more than 1000 bytes");
    }

    #[test]
    fn refuses_to_nest_without_end() {
        let mut operations = Vec::new();
        for _ in 0..MAX_DEPTH {
            operations.push(json!({"op": "add", "path": "/b", "value": {}}));
            operations.push(json!({"op": "move", "from": "/spec", "path": "/b/spec"}));
            operations.push(json!({"op": "move", "from": "/b", "path": "/spec"}));
        }
        let object = indexed(&json!({"spec": {}}).to_string()).unwrap();
        let patch = checked(&Value::Array(operations).to_string(), 1 << 20).unwrap().unwrap();
        let failure = apply(&object, &patch, 1 << 20).unwrap_err();
        assert!(failure.to_string().ends_with("its patch nests deeper than 120 levels"));
    }
}
