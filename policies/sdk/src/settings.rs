//! Settings of a policy: keys at the top, and the same keys again under `namespaces.<namespace>`, which win there.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::bindings::quorate::policy::types::SettingsError;

const NAMESPACES: &str = "namespaces";

/// JSON Schema of the settings, `namespaces` included; unknown keys are refused.
pub fn schema<S: JsonSchema>() -> String {
    let mut schema = schemars::schema_for!(S).to_value();
    let keys = schema.get("properties").cloned().unwrap_or_else(|| json!({}));
    let namespaces = json!({
        "description": "The same keys for one namespace, by its name; they win over those at the top.",
        "type": "object",
        "additionalProperties": { "type": "object", "properties": keys, "additionalProperties": false },
    });
    if let Some(object) = schema.as_object_mut() {
        object.insert("additionalProperties".to_owned(), Value::Bool(false));
        if let Some(properties) = object.entry("properties").or_insert_with(|| json!({})).as_object_mut() {
            properties.insert(NAMESPACES.to_owned(), namespaces);
        }
    }
    schema.to_string()
}

/// The settings in force in a namespace.
pub fn effective<S: DeserializeOwned>(text: &str, namespace: Option<&str>) -> Result<S, SettingsError> {
    let (mut base, namespaces) = split(text)?;
    let own = namespace.and_then(|name| namespaces.get(name)).and_then(Value::as_object);
    for (key, value) in own.into_iter().flatten() {
        base.insert(key.clone(), value.clone());
    }
    decode(base, "")
}

/// All errors: of the keys at the top, then of what is in force in each namespace by its own keys.
pub fn check<S: DeserializeOwned>(text: &str, rules: impl Fn(&S) -> Vec<SettingsError>) -> Vec<SettingsError> {
    let (base, namespaces) = match split(text) {
        Ok(parts) => parts,
        Err(error) => return vec![error],
    };
    let of = |keys: Keys| decode::<S>(keys, "").map_or_else(|error| vec![error], |settings| rules(&settings));
    let at_the_top = of(base.clone());
    let mut errors = Vec::new();
    for (name, keys) in namespaces {
        let Value::Object(own) = keys else { continue };
        let mut keys = base.clone();
        keys.extend(own);
        let at = format!("/{NAMESPACES}/{}", name.replace('~', "~0").replace('/', "~1"));
        let told = |error: &SettingsError| {
            at_the_top.iter().any(|known| known.path == error.path && known.message == error.message)
        };
        let new = of(keys).into_iter().filter(|error| !told(error));
        errors.extend(new.map(|error| SettingsError { path: format!("{at}{}", error.path), message: error.message }));
    }
    at_the_top.into_iter().chain(errors).collect()
}

type Keys = Map<String, Value>;

fn split(text: &str) -> Result<(Keys, Keys), SettingsError> {
    let at_root = |message: String| SettingsError { path: String::new(), message };
    let mut base = match serde_json::from_str(text) {
        Ok(Value::Object(keys)) => keys,
        Ok(Value::Null) => Map::new(),
        Ok(_) => return Err(at_root("must be an object".to_owned())),
        Err(error) => return Err(at_root(error.to_string())),
    };
    let namespaces = match base.remove(NAMESPACES) {
        Some(Value::Object(namespaces)) => namespaces,
        _ => Map::new(),
    };
    Ok((base, namespaces))
}

fn decode<S: DeserializeOwned>(keys: Keys, at: &str) -> Result<S, SettingsError> {
    serde_path_to_error::deserialize(Value::Object(keys)).map_err(|error| SettingsError {
        path: format!("{at}{}", pointer(error.path())),
        message: error.inner().to_string(),
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let text = path.to_string();
    if text == "." { String::new() } else { format!("/{}", text.replace('.', "/")) }
}
