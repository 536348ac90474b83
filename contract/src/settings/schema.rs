//! Whether a policy's schema of its settings may be used: JSON Schema 2020-12 without references that lead out of it, small
//! when they are followed, and without `namespaces`, which is the host's.
//! Does not look at settings.

use jsonschema::{Draft, Retrieve, Uri, Validator};
use serde_json::Value;

use super::NAMESPACES;
use crate::text::{message, shown, token};

/// The only `$schema` that is taken.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Most sub-schemas, each counted as often as references lead to it. A schema whose definitions each refer twice to the
/// next would else take minutes; with this bound it takes milliseconds (measured: 0.2 to 1 s for half a million).
const MAX_STEPS: usize = 10_000;
/// Deepest sub-schema, references followed: the validator calls itself for each level.
const MAX_DEPTH: usize = 64;

/// Most faults that are told of a schema.
const MAX_FAULTS: usize = 10;

/// A JSON pointer into the schema, and what is wrong there.
pub(crate) type Fault = (String, String);

/// What is wrong with a schema; nothing: it compiles.
pub(crate) fn faults(schema: &Value) -> Vec<Fault> {
    compile(schema).err().unwrap_or_default()
}

/// The validator of a schema.
pub(super) fn compile(schema: &Value) -> Result<Validator, Vec<Fault>> {
    let mut walk = Walk { root: schema, steps: 0, faults: Vec::new() };
    walk.declared_namespaces();
    walk.dialect();
    walk.schema(schema, "", &mut vec![String::new()]);
    if !walk.faults.is_empty() {
        return Err(walk.faults);
    }
    let options = jsonschema::options().with_draft(Draft::Draft202012).with_retriever(Nothing);
    options.build(schema).map_err(|error| {
        let pointer = error.instance_path().to_string();
        vec![(pointer, format!("is no JSON Schema: {}", message(&error.to_string())))]
    })
}

/// Retrieves nothing, whatever features another crate turns on.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err("references stay within the schema".into())
    }
}

/// Follows a schema as the validator would, within bounds.
struct Walk<'a> {
    root: &'a Value,
    steps: usize,
    faults: Vec<Fault>,
}

impl<'a> Walk<'a> {
    fn fault(&mut self, pointer: &str, fault: impl Into<String>) {
        let fault = (pointer.to_owned(), fault.into());
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn declared_namespaces(&mut self) {
        let declares = self.root.get("properties").and_then(|keys| keys.get(NAMESPACES)).is_some();
        if declares {
            let fault =
                format!("is the host's key, which lays settings over each other by namespace; rename `{NAMESPACES}`");
            self.fault(&format!("/properties/{NAMESPACES}"), fault);
        }
    }

    fn dialect(&mut self) {
        let other = self
            .root
            .get("$schema")
            .filter(|found| found.as_str().map(|uri| uri.trim_end_matches('#')) != Some(DIALECT));
        if let Some(found) = other {
            self.fault("/$schema", format!("is {}, this host knows `{DIALECT}`", shown(&found.to_string())));
        }
    }

    /// `path` holds the references that are being followed.
    fn schema(&mut self, schema: &'a Value, pointer: &str, path: &mut Vec<String>) {
        if self.faults.len() >= MAX_FAULTS {
            return;
        }
        self.steps += 1;
        if self.steps > MAX_STEPS {
            if self.steps == MAX_STEPS + 1 {
                self.fault("", format!("has more than {MAX_STEPS} sub-schemas when its references are followed"));
            }
            return;
        }
        if path.len() > MAX_DEPTH {
            return self.fault("", format!("nests more than {MAX_DEPTH} deep when its references are followed"));
        }
        let Value::Object(keywords) = schema else { return };
        for (keyword, value) in keywords {
            let below = format!("{pointer}/{}", step(keyword));
            path.push(String::new());
            self.keyword(keyword, value, &below, path);
            path.pop();
        }
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value, pointer: &str, path: &mut Vec<String>) {
        match (keyword, value) {
            ("$ref", Value::String(target)) => self.reference(target, pointer, path),
            ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                self.fault(pointer, "is no reference that this host follows; use `$ref`");
            }
            ("$id", Value::String(_)) if pointer != "/$id" => {
                self.fault(pointer, "names a schema within the schema; put it under `$defs`");
            }
            ("properties" | "patternProperties" | "dependentSchemas" | "dependencies", Value::Object(members)) => {
                for (key, schema) in members {
                    self.schema(schema, &format!("{pointer}/{}", step(key)), path);
                }
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(elements)) => {
                for (index, schema) in elements.iter().enumerate() {
                    self.schema(schema, &format!("{pointer}/{index}"), path);
                }
            }
            (
                "additionalProperties"
                | "unevaluatedProperties"
                | "propertyNames"
                | "items"
                | "unevaluatedItems"
                | "contains"
                | "not"
                | "if"
                | "then"
                | "else",
                schema,
            ) => self.schema(schema, pointer, path),
            _ => {}
        }
    }

    /// A reference that is being followed already is not followed again: a schema may be recursive.
    fn reference(&mut self, target: &str, pointer: &str, path: &mut Vec<String>) {
        let Some(found) = target.strip_prefix('#').filter(|found| found.is_empty() || found.starts_with('/')) else {
            let fault = format!("is `{}`, and leads out of the schema; allowed is `#/$defs/...`", shown(target));
            return self.fault(pointer, fault);
        };
        if found.contains('%') {
            return self.fault(pointer, "is percent-encoded; write it as it is");
        }
        if path.iter().any(|followed| followed == target) {
            return;
        }
        // What is not found, the compiler tells.
        if let Some(schema) = self.root.pointer(found) {
            path.push(target.to_owned());
            self.schema(schema, found, path);
            path.pop();
        }
    }
}

/// A step of a pointer; long keys are cut, as they would be copied for each sub-schema below them.
fn step(key: &str) -> String {
    shown(&token(key))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[track_caller]
    fn refused(schema: &Value, pointer: &str, fault: &str) {
        assert_eq!(faults(schema), [(pointer.to_owned(), fault.to_owned())]);
    }

    #[test]
    fn takes_local_and_recursive_references() {
        for schema in [
            json!({"type": "object"}),
            json!({"$schema": DIALECT, "$id": "https://example.com/settings"}),
            json!({"$defs": {"one": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/one"}}}),
            json!({"properties": {"inner": {"$ref": "#"}}}),
            json!({"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}}),
            json!({"properties": {"a": {"const": {"$ref": "https://example.com"}}}}),
        ] {
            assert_eq!(faults(&schema), [], "{schema}");
        }
    }

    #[test]
    fn refuses_references_that_lead_out() {
        for target in ["https://example.com/a", "file:///etc/hostname", "other.json", "#anchor", ""] {
            let fault = format!("is `{target}`, and leads out of the schema; allowed is `#/$defs/...`");
            refused(&json!({"properties": {"a": {"$ref": target}}}), "/properties/a/$ref", &fault);
        }
        // Where no reference leads, the compiler meets it.
        let unused = faults(&json!({"$defs": {"a": {"$ref": "https://example.com/a"}}}));
        assert!(unused.iter().any(|(_, fault)| fault.contains("references stay within the schema")), "{unused:?}");
    }

    #[test]
    fn refuses_what_changes_where_references_lead() {
        let fault = "is no reference that this host follows; use `$ref`";
        refused(&json!({"not": {"$dynamicRef": "#a"}}), "/not/$dynamicRef", fault);
        let fault = "names a schema within the schema; put it under `$defs`";
        refused(&json!({"not": {"$id": "https://example.com/a"}}), "/not/$id", fault);
        refused(&json!({"not": {"$ref": "#/%24defs/a"}}), "/not/$ref", "is percent-encoded; write it as it is");
    }

    #[test]
    fn refuses_another_dialect() {
        let fault = format!(r#"is "http://json-schema.org/draft-07/schema#", this host knows `{DIALECT}`"#);
        refused(&json!({"$schema": "http://json-schema.org/draft-07/schema#"}), "/$schema", &fault);
    }

    #[test]
    fn refuses_what_is_no_schema() {
        refused(
            &json!({"type": "text"}),
            "/type",
            "is no JSON Schema: \"text\" is not valid under any of the schemas listed in the 'anyOf' keyword",
        );
        assert!(!faults(&json!({"$ref": "#/$defs/none"})).is_empty());
        assert!(!faults(&json!({"pattern": "("})).is_empty());
    }

    #[test]
    fn refuses_the_hosts_key() {
        let fault = "is the host's key, which lays settings over each other by namespace; rename `namespaces`";
        refused(&json!({"properties": {"namespaces": {"type": "array"}}}), "/properties/namespaces", fault);
    }

    /// Each definition refers twice to the next: 2^30 sub-schemas.
    #[test]
    fn refuses_a_schema_that_unfolds_without_end() {
        let mut definitions = Map::new();
        for level in 0..30 {
            let next = json!({"$ref": format!("#/$defs/a{}", level + 1)});
            definitions.insert(format!("a{level}"), json!({"anyOf": [next, next]}));
        }
        definitions.insert("a30".to_owned(), json!({"type": "array"}));
        let schema = json!({"$ref": "#/$defs/a0", "$defs": definitions});
        let told: Vec<_> = faults(&schema).into_iter().map(|(_, fault)| fault).collect();
        assert!(told.iter().all(|fault| fault.ends_with("when its references are followed")), "{told:?}");
        assert!(!told.is_empty());
    }

    #[test]
    fn refuses_a_chain_of_references_that_would_exhaust_the_stack() {
        let next = |level: usize| json!({"$ref": format!("#/$defs/a{level}")});
        let definitions: Map<_, _> = (0..10_000).map(|level| (format!("a{level}"), next(level + 1))).collect();
        let fault = "nests more than 64 deep when its references are followed";
        refused(&json!({"$ref": "#/$defs/a0", "$defs": definitions}), "", fault);
    }
}
