//! Holds a value against a JSON Schema: every error, with its place and what would be right there.
//! Knows no schema by itself: the configuration's and every policy's are given.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::nearest;

/// One thing that is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaProblem {
    /// JSON pointer into the value.
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// Every key that is unknown, missing, of the wrong type or out of its range; of several errors at one place the first.
/// By place.
///
/// # Errors
/// When the schema is none.
pub(crate) fn problems(schema: &Value, value: &Value) -> Result<Vec<SchemaProblem>, ValidationError<'static>> {
    let validator = jsonschema::validator_for(schema)?;
    let mut problems: Vec<SchemaProblem> = Vec::new();
    for problem in validator.iter_errors(value).flat_map(|error| describe(&error, schema)) {
        if problems.iter().all(|known| known.pointer != problem.pointer) {
            problems.push(problem);
        }
    }
    problems.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    Ok(problems)
}

/// The problems that one error of the validator stands for: one a key.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; what is not named here keeps its own words")]
fn describe(error: &ValidationError<'_>, schema: &Value) -> Vec<SchemaProblem> {
    let place = error.instance_path().as_str();
    let found = error.instance();
    let problem = |message| vec![SchemaProblem { pointer: place.to_owned(), message }];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = known_keys(error, schema);
            let unknown = |key: &String| SchemaProblem {
                pointer: format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")),
                message: format!("unknown key, {}", nearest::hint(key, known.iter().map(String::as_str))),
            };
            unexpected.iter().map(unknown).collect()
        }
        ValidationErrorKind::Type { kind } => problem(format!("found {}, expected {}", shown(found), expected(kind))),
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::OneOfNotValid { .. } => match choices(error, schema) {
            Some(choices) => problem(format!("found {}, expected one of {choices}", shown(found))),
            None => problem(error.masked().to_string()),
        },
        ValidationErrorKind::Minimum { limit } => problem(format!("found {found}, expected at least {limit}")),
        ValidationErrorKind::Maximum { limit } => problem(format!("found {found}, expected at most {limit}")),
        ValidationErrorKind::MinItems { limit } => problem(format!("found too few items, expected at least {limit}")),
        ValidationErrorKind::Required { property } => {
            problem(format!("key `{}` is missing", property.as_str().unwrap_or_default()))
        }
        _ => problem(error.masked().to_string()),
    }
}

/// The keys that the schema has at the place of the error.
fn known_keys(error: &ValidationError<'_>, schema: &Value) -> Vec<String> {
    let keyword = error.schema_path().as_str();
    let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema.pointer(parent).and_then(|node| node.get("properties")).and_then(Value::as_object);
    properties.map(|known| known.keys().cloned().collect()).unwrap_or_default()
}

/// The texts that an `enum` lists, or a `oneOf` of constants; none for a `oneOf` of anything else.
fn choices(error: &ValidationError<'_>, schema: &Value) -> Option<String> {
    let listed = schema.pointer(error.schema_path().as_str())?.as_array()?;
    let texts = listed.iter().map(|choice| choice.get("const").unwrap_or(choice).as_str());
    Some(nearest::list(texts.collect::<Option<Vec<_>>>()?))
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        // Null stands for absence and is nothing to recommend.
        TypeKind::Multiple(several) => {
            let names = several.into_iter().filter(|one| *one != JsonType::Null).map(JsonType::as_str);
            names.collect::<Vec<_>>().join(" or ")
        }
    }
}

/// The value with its type; objects and arrays by their type alone, since they may be long and hold secrets.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("boolean `{value}`"),
        Value::Number(value) => format!("number `{value}`"),
        Value::String(value) => format!("string `{value}`"),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::problems;

    #[track_caller]
    fn assert_problem(value: Value, pointer: &str, message: &str) {
        let schema = json!({
            "$defs": {"Deletion": {"oneOf": [{"const": "deny"}, {"const": "warn"}]}, "Keys": {"properties": {"deletion": {"$ref": "#/$defs/Deletion"}}, "additionalProperties": false}},
            "type": "object", "additionalProperties": {"$ref": "#/$defs/Keys"},
        });
        let found = problems(&schema, &value).unwrap();
        let [problem] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((problem.pointer.as_str(), problem.message.as_str()), (pointer, message));
    }

    #[test]
    fn names_choices_and_keys_behind_references() {
        assert_problem(
            json!({"db": {"deletion": "no"}}),
            "/db/deletion",
            "found string `no`, expected one of `deny`, `warn`",
        );
        assert_problem(json!({"db": {"delete": 1}}), "/db/delete", "unknown key, the nearest known one is `deletion`");
        assert_problem(json!({"db": {"a/b": 1}}), "/db/a~1b", "unknown key, known: `deletion`");
    }
}
