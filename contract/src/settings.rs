//! The settings of a policy: keys at the top, and the same keys again under `namespaces.<namespace>`, which win there.
//! The host lays them over each other; a policy and its schema know nothing of `namespaces`.

mod published;
pub(crate) mod schema;

use std::collections::BTreeMap;
use std::fmt;

use jsonschema::Validator;
use serde_json::{Map, Value};

use crate::text::{message, shown, token};

/// The key that is the host's.
pub(crate) const NAMESPACES: &str = "namespaces";
/// Most problems that are told of the keys at the top, and of those of one namespace.
const MAX_PROBLEMS: usize = 10;

type Keys = Map<String, Value>;

/// One thing wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// JSON pointer into the settings; empty for the whole.
    pub pointer: String,
    /// One line.
    pub message: String,
}

impl SettingsProblem {
    fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "`{}`: {}", shown(pointer), self.message)
    }
}

/// What is wrong with settings that have no `namespaces`, by the policy's schema.
pub fn check(schema: &Value, settings: &Value) -> Vec<SettingsProblem> {
    match validator(schema) {
        Ok(validator) => by_schema(&validator, settings),
        Err(problems) => problems,
    }
}

/// Settings that fit the policy's schema, at the top and in each namespace that has some of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    top: String,
    namespaces: BTreeMap<String, String>,
}

impl Settings {
    /// Checks the settings that an operator gives; `null` is the same as none.
    ///
    /// # Errors
    /// When they, or what is in force in one of the namespaces, do not fit the schema, or when the schema itself is refused.
    pub fn new(schema: &Value, given: &Value) -> Result<Self, Vec<SettingsProblem>> {
        let validator = validator(schema)?;
        let (top, namespaces) = split(given)?;
        let at_the_top = by_schema(&validator, &Value::Object(top.clone()));
        let mut laid_over = BTreeMap::new();
        let mut in_namespaces = Vec::new();
        for (name, own) in namespaces {
            match lay_over(&top, &name, own) {
                Ok(keys) => {
                    let found =
                        by_schema(&validator, &keys).into_iter().filter(|problem| !at_the_top.contains(problem));
                    in_namespaces.extend(found.map(|problem| below(&name, problem)));
                    laid_over.insert(name, keys.to_string());
                }
                Err(problem) => in_namespaces.push(problem),
            }
        }
        let problems: Vec<_> = at_the_top.into_iter().chain(in_namespaces).collect();
        if problems.is_empty() {
            Ok(Self { top: Value::Object(top).to_string(), namespaces: laid_over })
        } else {
            Err(problems)
        }
    }

    /// The JSON text in force in a namespace; for none, and for one without keys of its own, that of the top.
    pub fn in_namespace(&self, namespace: Option<&str>) -> &str {
        namespace.and_then(|name| self.namespaces.get(name)).unwrap_or(&self.top)
    }

    /// All texts that are in force somewhere: first that of the top, then those of namespaces, by name.
    pub fn all(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let namespaces = self.namespaces.iter().map(|(name, text)| (Some(name.as_str()), text.as_str()));
        std::iter::once((None, self.top.as_str())).chain(namespaces)
    }

    /// The schema of what an operator may give: the policy's own, with `namespaces` added. For docs and editors.
    pub fn published_schema(schema: &Value) -> Value {
        published::with_namespaces(schema)
    }
}

fn validator(schema: &Value) -> Result<Validator, Vec<SettingsProblem>> {
    schema::compile(schema).map_err(|faults| {
        let problem = |(pointer, fault): (String, String)| {
            let place = if pointer.is_empty() { String::new() } else { format!(", at `{}`,", shown(&pointer)) };
            SettingsProblem::new("", format!("cannot be checked: the policy's schema{place} {fault}"))
        };
        faults.into_iter().map(problem).collect()
    })
}

fn by_schema(validator: &Validator, settings: &Value) -> Vec<SettingsProblem> {
    let problem = |error: jsonschema::ValidationError<'_>| {
        SettingsProblem::new(error.instance_path().to_string(), message(&error.to_string()))
    };
    validator.iter_errors(settings).take(MAX_PROBLEMS).map(problem).collect()
}

/// The keys at the top, and those of the namespaces.
fn split(given: &Value) -> Result<(Keys, Keys), Vec<SettingsProblem>> {
    let mut top = match (given, given.as_object()) {
        (_, Some(keys)) => keys.clone(),
        (Value::Null, _) => Map::new(),
        (_, None) => return Err(vec![SettingsProblem::new("", "must be an object")]),
    };
    match top.remove(NAMESPACES) {
        Some(Value::Object(namespaces)) => Ok((top, namespaces)),
        None => Ok((top, Map::new())),
        Some(_) => {
            let message = "must be an object: under the name of each namespace its own keys";
            Err(vec![SettingsProblem::new(format!("/{NAMESPACES}"), message)])
        }
    }
}

/// What is in force in one namespace.
fn lay_over(top: &Keys, namespace: &str, own: Value) -> Result<Value, SettingsProblem> {
    let problem = |pointer: &str, message: &str| below(namespace, SettingsProblem::new(pointer, message));
    if !is_namespace(namespace) {
        return Err(problem("", "is no name of a namespace"));
    }
    let Value::Object(own) = own else { return Err(problem("", "must be an object: keys as at the top")) };
    if own.contains_key(NAMESPACES) {
        return Err(problem(&format!("/{NAMESPACES}"), "may stand at the top only"));
    }
    let mut keys = top.clone();
    keys.extend(own);
    Ok(Value::Object(keys))
}

/// A label of DNS; a name that no namespace can have would never be in force.
fn is_namespace(name: &str) -> bool {
    let is_lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().last()];
    name.len() <= 63
        && ends.into_iter().all(|end| end.is_some_and(is_lower))
        && name.bytes().all(|byte| is_lower(byte) || byte == b'-')
}

fn below(namespace: &str, problem: SettingsProblem) -> SettingsProblem {
    let pointer = format!("/{NAMESPACES}/{}{}", token(namespace), problem.pointer);
    SettingsProblem { pointer, ..problem }
}

#[cfg(test)]
mod tests;
