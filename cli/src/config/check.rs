//! The configuration's own schema, and its errors by the path of their key.
//! Does not ask whether policies, files or addresses exist.

use jsonschema::ValidationError;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;
use crate::schema::problems;

/// One error: the path of a key, as `policies.quorum-guard.mode`, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigFault {
    pub(crate) path: String,
    pub(crate) message: String,
}

impl std::fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

/// The JSON Schema (2020-12) of the configuration file.
pub(crate) fn schema() -> Value {
    // Inlined: short, and to be read from top to bottom.
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// Every error of keys, types and ranges.
pub(super) fn faults(config: &Value) -> Result<Vec<ConfigFault>, ValidationError<'static>> {
    let problems = problems(&schema(), config)?;
    Ok(problems
        .into_iter()
        .map(|problem| ConfigFault { path: dotted(&problem.pointer), message: problem.message })
        .collect())
}

/// A JSON pointer as a path that people write: `/breakGlass/groups/0` is `breakGlass.groups[0]`.
fn dotted(pointer: &str) -> String {
    pointer.split('/').skip(1).fold(String::new(), |path, token| {
        let key = token.replace("~1", "/").replace("~0", "~");
        match key.parse::<usize>() {
            Ok(index) => format!("{path}[{index}]"),
            Err(_) => join(&path, &key),
        }
    })
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Config, faults, schema};

    #[track_caller]
    fn assert_faults(config: Value, expected: &[&str]) {
        let found: Vec<String> = faults(&config).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_an_unknown_key_and_the_nearest_known_one() {
        assert_faults(json!({"polices": {}}), &["polices: unknown key, the nearest known one is `policies`"]);
        assert_faults(
            json!({"policies": {"quorum-guard": {"onerror": "deny"}}}),
            &["policies.quorum-guard.onerror: unknown key, the nearest known one is `onError`"],
        );
        assert_faults(
            json!({"policies": {"quorum-guard": {"limits": {"memory": 1}}}}),
            &["policies.quorum-guard.limits.memory: unknown key, the nearest known one is `memoryBytes`"],
        );
        assert_faults(json!({"breakGlass": {"x": 1}}), &["breakGlass.x: unknown key, known: `groups`"]);
    }

    #[test]
    fn names_the_path_and_the_expected_type() {
        assert_faults(json!({"bodyLimitBytes": "8Mi"}), &["bodyLimitBytes: found string `8Mi`, expected integer"]);
        assert_faults(
            json!({"breakGlass": {"groups": ["sre", 3]}}),
            &["breakGlass.groups[1]: found number `3`, expected string"],
        );
        assert_faults(
            json!({"policies": {"quorum-guard": null}}),
            &["policies.quorum-guard: found nothing, expected object"],
        );
        assert_faults(json!([]), &["found array, expected object"]);
    }

    #[test]
    fn names_the_choices() {
        assert_faults(
            json!({"policies": {"quorum-guard": {"mode": "dry-run"}}}),
            &["policies.quorum-guard.mode: found string `dry-run`, expected one of `enforce`, `warn`"],
        );
        assert_faults(
            json!({"policies": {"quorum-guard": {"onError": "fail"}}}),
            &["policies.quorum-guard.onError: found string `fail`, expected one of `deny`, `warn`, `allow`"],
        );
        assert_faults(
            json!({"certificate": {"source": "cert-manager"}}),
            &["certificate.source: found string `cert-manager`, expected one of `self`, `files`"],
        );
        assert_faults(json!({"logs": {"level": true}}), &["logs.level: found boolean `true`, expected string"]);
    }

    #[test]
    fn names_ranges() {
        assert_faults(json!({"bodyLimitBytes": 10}), &["bodyLimitBytes: found 10, expected at least 65536"]);
        assert_faults(
            json!({"certificate": {"names": [], "rotation": {"propagationSeconds": 0}}}),
            &[
                "certificate.names: found too few items, expected at least 1",
                "certificate.rotation.propagationSeconds: found 0, expected at least 1",
            ],
        );
        assert_faults(
            json!({"policies": {"own": {"limits": {"findings": 5000}}}}),
            &["policies.own.limits.findings: found 5000, expected at most 1024"],
        );
    }

    #[test]
    fn reports_every_error_at_once() {
        assert_faults(
            json!({"lisen": "x", "bodyLimitBytes": -1}),
            &[
                "bodyLimitBytes: found -1, expected at least 65536",
                "lisen: unknown key, the nearest known one is `listen`",
            ],
        );
    }

    #[test]
    fn accepts_what_the_defaults_print() {
        assert_faults(serde_json::to_value(Config::default()).unwrap(), &[]);
    }

    /// Every key of the file is explained to whoever reads the schema.
    #[test]
    fn every_key_has_a_description() {
        fn walk(node: &Value, path: &str, bare: &mut Vec<String>) {
            for (key, child) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let path = format!("{path}.{key}");
                if child.get("description").is_none() {
                    bare.push(path.clone());
                }
                walk(child, &path, bare);
            }
            if let Some(child) = node.get("additionalProperties") {
                walk(child, &format!("{path}.*"), bare);
            }
        }
        let mut bare = Vec::new();
        walk(&schema(), "", &mut bare);
        assert_eq!(bare, Vec::<String>::new());
    }
}
