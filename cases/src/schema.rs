//! The schema of a policy's settings: a file beside the policy, since a guest that makes it out of types is a tenth larger.

use schemars::JsonSchema;
use serde_json::{Value, json};

/// Compares the policy's file with its types; with `QUORATE_BLESS` set, writes it.
///
/// # Panics
/// When they differ, or the file cannot be written.
#[expect(clippy::panic, reason = "the assertion of a test")]
pub fn check_schema<S: JsonSchema>(file: &str, text: &str) {
    let mut schema = schemars::schema_for!(S).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("additionalProperties".to_owned(), Value::Bool(false));
        object.entry("properties").or_insert_with(|| json!({}));
    }
    let expected = schema.to_string();
    if super::blessing() {
        std::fs::write(file, &expected).unwrap_or_else(|error| panic!("{file}: {error}"));
    } else {
        assert_eq!(text, expected, "{file} is not the schema of the settings; {}=1 writes it", super::BLESS);
    }
}
