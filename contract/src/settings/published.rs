//! The schema of settings as an operator writes them: the policy's own, and `namespaces` beside its keys.
//! For docs and editors; the host checks what is in force in each namespace instead.

use serde_json::{Map, Value, json};

use super::NAMESPACES;

/// Keywords about single keys; others, as `required`, speak of all keys together and hold only once they are laid over.
const OF_KEYS: [&str; 3] = ["properties", "patternProperties", "additionalProperties"];

pub(super) fn with_namespaces(schema: &Value) -> Value {
    let mut published = schema.as_object().cloned().unwrap_or_default();
    let mut keys = Map::from_iter([("type".to_owned(), json!("object"))]);
    for keyword in OF_KEYS {
        if let Some(said) = published.get(keyword) {
            keys.insert(keyword.to_owned(), said.clone());
        }
    }
    let namespaces = json!({
        "description": "The same keys for one namespace, by its name; they win over those at the top.",
        "type": "object",
        "propertyNames": {"pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
        "additionalProperties": keys,
    });
    let properties = published.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.insert(NAMESPACES.to_owned(), namespaces);
    }
    Value::Object(published)
}
