//! From the guest's words about itself to a checked [`Description`].
//! Does not compare them with the configuration.

use quorate_document::Pointer;

use super::LoadError;
use crate::description::{Condition, Description, MatchRule, Projections, RuleInfo};
use crate::guest_answer::{FURTHER_FINDINGS, NOT_JUDGED, WOULD_PATCH};
use crate::wit::types as guest;
use kubernetes::admission::{Operation, Phase};
use kubernetes::text::one_line;

/// Longest name or id, in bytes; Kubernetes labels end there too.
const MAX_NAME: usize = 63;
/// Longest summary or version, in bytes.
const MAX_TEXT: usize = 1 << 10;
/// Most rules, matches, pointers of one document, or conditions.
const MAX_ITEMS: usize = 128;
/// Longest JSON pointer, in bytes.
const MAX_POINTER: usize = 256;
/// Rule ids that the engine gives by itself.
const RESERVED_RULES: [&str; 3] = [NOT_JUDGED, FURTHER_FINDINGS, WOULD_PATCH];

/// Checks everything that later code relies on.
pub(super) fn checked(said: guest::Description) -> Result<Description, LoadError> {
    let policy = one_line(&said.name, MAX_NAME);
    described(said).map_err(|what| LoadError::BadDescription { policy, what: one_line(&what, MAX_TEXT) })
}

fn described(said: guest::Description) -> Result<Description, String> {
    if !is_kebab_case(&said.name) {
        return Err("`name` must be kebab-case, like `quorum-guard`".to_owned());
    }
    let mut phases = Vec::new();
    for phase in said.phases {
        let phase = match phase {
            guest::Phase::Mutate => Phase::Mutate,
            guest::Phase::Validate => Phase::Validate,
        };
        if !phases.contains(&phase) {
            phases.push(phase);
        }
    }
    bounded("phases", phases.len())?;
    bounded("matches", said.matches.len())?;
    Ok(Description {
        version: one_line(&said.version, MAX_TEXT),
        summary: one_line(&said.summary, MAX_TEXT),
        phases,
        settings_schema: schema(&said.settings_schema)?,
        rules: rules(said.rules)?,
        matches: said.matches.into_iter().map(match_rule).collect::<Result<_, _>>()?,
        name: said.name,
        capabilities: said.capabilities,
    })
}

fn is_kebab_case(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() <= MAX_NAME && name.split('-').all(word)
}

fn bounded(what: &str, len: usize) -> Result<(), String> {
    if (1..=MAX_ITEMS).contains(&len) {
        Ok(())
    } else {
        Err(format!("`{what}` has {len} items, allowed are 1 to {MAX_ITEMS}"))
    }
}

fn schema(text: &str) -> Result<serde_json::Value, String> {
    let schema = serde_json::from_str(text).map_err(|error| format!("`settings-schema` is not JSON: {error}"))?;
    // `validator_for` also resolves references; without a network, one that leads out of the schema is an error.
    jsonschema::validator_for(&schema).map_err(|error| format!("`settings-schema` is not a JSON Schema: {error}"))?;
    Ok(schema)
}

fn rules(said: Vec<guest::RuleInfo>) -> Result<Vec<RuleInfo>, String> {
    bounded("rules", said.len())?;
    let mut rules: Vec<RuleInfo> = Vec::with_capacity(said.len());
    for rule in said {
        if !is_kebab_case(&rule.id) {
            return Err(format!("the rule id `{}` must be kebab-case, without the policy's name", rule.id));
        }
        if RESERVED_RULES.contains(&rule.id.as_str()) {
            return Err(format!("the rule id `{}` is the engine's", rule.id));
        }
        if rules.iter().any(|known| known.id == rule.id) {
            return Err(format!("the rule id `{}` stands twice", rule.id));
        }
        rules.push(RuleInfo { summary: one_line(&rule.summary, MAX_TEXT), id: rule.id });
    }
    Ok(rules)
}

fn match_rule(said: guest::MatchRule) -> Result<MatchRule, String> {
    bounded("groups", said.groups.len())?;
    bounded("resources", said.resources.len())?;
    bounded("operations", said.operations.len())?;
    let conditions = said.conditions.into_iter().map(|one| Condition { name: one.name, expression: one.expression });
    Ok(MatchRule {
        groups: said.groups,
        resources: said.resources,
        sub_resources: said.sub_resources,
        operations: said.operations.into_iter().map(operation).collect(),
        projections: Projections {
            object: pointers(said.projections.object)?,
            old_object: pointers(said.projections.old_object)?,
            parent: pointers(said.projections.parent)?,
        },
        conditions: conditions.collect(),
    })
}

fn operation(said: guest::Operation) -> Operation {
    match said {
        guest::Operation::Create => Operation::Create,
        guest::Operation::Update => Operation::Update,
        guest::Operation::Delete => Operation::Delete,
        guest::Operation::Connect => Operation::Connect,
    }
}

fn pointers(said: Vec<String>) -> Result<Vec<String>, String> {
    if said.len() > MAX_ITEMS {
        return Err(format!("a projection has {} pointers, allowed are {MAX_ITEMS}", said.len()));
    }
    match said.iter().find(|pointer| pointer.len() > MAX_POINTER || Pointer::parse(pointer.as_str()).is_err()) {
        Some(wrong) => Err(format!("`{wrong}` is not a JSON pointer (RFC 6901) of at most {MAX_POINTER} bytes")),
        None => Ok(said),
    }
}
