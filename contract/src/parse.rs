//! From the text of a manifest to a checked [`Manifest`]: bounds first, then the JSON, then every key.
//! Does not compare it with what an operator grants.

mod condition;
mod grammar;
mod json;
mod matches;
mod node;
mod related;

use serde_json::{Value, json};

use crate::manifest::{Judges, Manifest, Rule, Severity};
use crate::problem::{ManifestError, Problems};
use crate::settings::schema;
use crate::{MANIFEST, text};
use node::{Node, Object};

/// Longest manifest that is read.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Most rules of a policy, and most matches.
const MAX_RULES: usize = 128;
/// Rule ids that the host gives by itself.
const RESERVED_RULES: [&str; 3] = ["not-judged", "further-findings", "would-patch"];

const KEYS: [&str; 10] =
    ["manifest", "name", "version", "summary", "rules", "matches", "related", "facts", "reads", "settings"];
const SEVERITIES: [(&str, Severity); 4] =
    [("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];
const JUDGES: [(&str, Judges); 3] = [("object", Judges::Object), ("change", Judges::Change), ("live", Judges::Live)];

impl Manifest {
    /// Reads what a guest says of itself.
    ///
    /// # Errors
    /// When the text is no manifest of version 1. All problems are told, up to ten.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLong { bytes: text.len() });
        }
        let value = json::read(text)?;
        check_version(&value)?;
        let problems = Problems::default();
        let manifest = manifest(&Node::root(&value, &problems));
        match (problems.into_error(), manifest) {
            (None, Some(manifest)) => Ok(manifest),
            (Some(error), _) => Err(error),
            (None, None) => Err(ManifestError::Invalid { problems: Vec::new(), more: 0 }),
        }
    }
}

/// Another version may have other keys, so nothing else is said of it.
fn check_version(manifest: &Value) -> Result<(), ManifestError> {
    match manifest.get("manifest") {
        Some(found) if found.as_f64() != Some(f64::from(MANIFEST)) => {
            Err(ManifestError::OtherVersion { found: text::shown(&found.to_string()) })
        }
        _ => Ok(()),
    }
}

fn manifest(node: &Node<'_>) -> Option<Manifest> {
    let object = node.object(&KEYS)?;
    // Its value is checked already.
    let version_of_format = object.required("manifest");
    let name = object.text("name", &grammar::NAME);
    let version = object.text("version", &grammar::VERSION);
    let summary = object.text("summary", &grammar::SUMMARY);
    let rules = rules(&object);
    let matches = matches::matches(&object);
    let related = related::related(&object);
    let facts = related::facts(&object);
    let reads = related::reads(&object);
    let settings = settings(&object);
    version_of_format?;
    Some(Manifest {
        manifest: MANIFEST,
        name: name?,
        version: version?,
        summary: summary?,
        rules,
        matches,
        related,
        facts,
        reads,
        settings: settings?,
    })
}

fn rules(object: &Object<'_, '_>) -> Vec<Rule> {
    let Some(list) = object.required("rules") else { return Vec::new() };
    let nodes = list.list(1, MAX_RULES);
    let rules: Vec<_> = nodes.iter().filter_map(rule).collect();
    node::unique(&nodes, "id");
    rules
}

fn rule(node: &Node<'_>) -> Option<Rule> {
    let object = node.object(&["id", "summary", "severity", "judges"])?;
    let id = object.text("id", &grammar::RULE_ID).filter(|id| is_free(&object, id));
    let summary = object.text("summary", &grammar::SUMMARY);
    let severity = object.one_of("severity", &SEVERITIES);
    let judges = object.one_of("judges", &JUDGES);
    Some(Rule { id: id?, summary: summary?, severity: severity?, judges: judges? })
}

fn is_free(rule: &Object<'_, '_>, id: &str) -> bool {
    let is_reserved = RESERVED_RULES.contains(&id);
    if is_reserved && let Some(node) = rule.optional("id") {
        node.problem(|| format!("is `{id}`, which the host gives by itself; choose another id"));
    }
    !is_reserved
}

fn settings(object: &Object<'_, '_>) -> Option<Value> {
    let Some(node) = object.optional("settings") else { return Some(json!({"type": "object"})) };
    if !node.value.is_object() {
        node.problem(|| format!("must be a JSON Schema, an object, and is {}", node.kind()));
        return None;
    }
    let faults = schema::faults(node.value);
    for (pointer, fault) in &faults {
        node.problem_below(pointer, || fault.clone());
    }
    faults.is_empty().then(|| node.value.clone())
}

#[cfg(test)]
mod tests;
