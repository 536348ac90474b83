//! An object of a case: a whole manifest of `shapes/`, and what is different in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Manifests by name.
pub(crate) struct Shapes(BTreeMap<String, Value>);

impl Shapes {
    /// Those of a policy: of `shapes/` in its folder, else beside it.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(crate) fn of(policy: &Path) -> Result<Self, String> {
        let folders = [policy.join("shapes"), policy.join("../shapes")];
        let Some(folder) = folders.iter().find(|folder| folder.is_dir()) else { return Ok(Self(BTreeMap::new())) };
        let files = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten();
        files.map(|file| shape(&file.path())).collect::<Result<_, _>>().map(Self)
    }

    /// `<shape>`, `{shape: <shape>, with: <patch>}`, or `{manifest: <the whole object>}`.
    ///
    /// # Errors
    /// When it is none of them, when no shape has that name, or when the patch does not apply.
    pub(crate) fn object(&self, given: &Value) -> Result<Value, String> {
        if let Some(name) = given.as_str() {
            return self.named(name);
        }
        let is_object = |object: &Value| object.get("kind").is_some_and(Value::is_string);
        let keys: Vec<&str> = given.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        match (keys.as_slice(), given.get("shape").and_then(Value::as_str)) {
            (["manifest"], _) => match given.get("manifest").filter(|object| is_object(object)) {
                Some(object) => Ok(object.clone()),
                None => Err("`manifest` is no object: it has no `kind`".to_owned()),
            },
            (["shape"] | ["shape", "with"], Some(name)) => patched_object(self.named(name)?, given.get("with")),
            _ => Err(format!("an object is a shape's name, {{shape, with}} or {{manifest}}, not {given}")),
        }
    }

    /// What an update makes of an object: another object, or the patch of it.
    pub(crate) fn updated(&self, object: &Value, to: &Value) -> Result<Value, String> {
        if to.get("shape").is_some() || to.get("manifest").is_some() {
            return self.object(to);
        }
        patched_object(object.clone(), Some(to))
    }

    fn named(&self, name: &str) -> Result<Value, String> {
        self.0.get(name).cloned().ok_or_else(|| unknown("shape", name, self.0.keys()))
    }
}

/// The message about a name that none of them has.
pub(crate) fn unknown<'a>(what: &str, name: &str, there: impl Iterator<Item = &'a String>) -> String {
    let there: Vec<&str> = there.map(String::as_str).collect();
    let is = if what == "facts" { "are" } else { "is" };
    format!(
        "no {what} {is} called `{name}`, but {}",
        if there.is_empty() { "none at all".to_owned() } else { there.join(", ") }
    )
}

fn shape(path: &Path) -> Result<(String, Value), String> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let object = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((name, object))
}

/// The object with a patch. A merge patch would add any key at the top, a misspelt one too: it may name those alone that an object has.
fn patched_object(object: Value, patch: Option<&Value>) -> Result<Value, String> {
    let is_known = |key: &str| object.get(key).is_some() || ["metadata", "spec", "status"].contains(&key);
    let keys = patch.and_then(Value::as_object).into_iter().flatten();
    match keys.map(|(key, _)| key).find(|key| !is_known(key)) {
        Some(key) => Err(format!("`{key}` is neither a key of the object nor `shape`, `with` or `manifest`")),
        None => patched(object, patch),
    }
}

/// The document with a merge patch (a mapping, RFC 7396) or a JSON patch (a list, RFC 6902).
pub(crate) fn patched(mut document: Value, patch: Option<&Value>) -> Result<Value, String> {
    match patch {
        None => {}
        Some(operations @ Value::Array(_)) => {
            let patch: json_patch::Patch =
                serde_json::from_value(operations.clone()).map_err(|error| format!("{error} in {operations}"))?;
            json_patch::patch(&mut document, &patch).map_err(|error| format!("{error} in {operations}"))?;
        }
        Some(merged @ Value::Object(_)) => json_patch::merge(&mut document, merged),
        Some(other) => return Err(format!("a patch is a mapping or a list, not {other}")),
    }
    Ok(document)
}

/// What the API server's defaulting adds and the rules look at: a StatefulSet always has its count.
pub(crate) fn with_defaults(mut object: Value) -> Value {
    let is_set = object.get("kind").is_some_and(|kind| kind == "StatefulSet");
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut).filter(|_| is_set)
        && spec.get("replicas").is_none_or(Value::is_null)
    {
        spec.insert("replicas".to_owned(), json!(1));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_and_no_patch_has_a_message() {
        let shapes = Shapes(
            [("three", json!({ "kind": "StatefulSet" })), ("two", json!({}))]
                .map(|(name, object)| (name.to_owned(), object))
                .into(),
        );
        let object = |given: Value| shapes.object(&given).err().unwrap_or_default();
        let updated = |to: Value| shapes.updated(&json!({ "kind": "Pod" }), &to).err().unwrap_or_default();
        assert_eq!(object(json!("thre")), "no shape is called `thre`, but three, two");
        assert_eq!(object(json!({ "manifest": { "knd": "Pod" } })), "`manifest` is no object: it has no `kind`");
        assert_eq!(
            object(json!({ "shape": "three", "wth": {} })),
            r#"an object is a shape's name, {shape, with} or {manifest}, not {"shape":"three","wth":{}}"#
        );
        let key = "is neither a key of the object nor `shape`, `with` or `manifest`";
        assert_eq!(object(json!({ "shape": "three", "with": { "spce": {} } })), format!("`spce` {key}"));
        assert_eq!(updated(json!({ "shpe": "three" })), format!("`shpe` {key}"));
        assert_eq!(updated(json!({ "kind": "Job", "spec": {} })), "");
    }
}
