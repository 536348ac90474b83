//! `matches`: which requests concern a policy.
//! Leaves the CEL of conditions to `condition`.

use super::grammar::{self, Form};
use super::node::{self, Node, Object};
use super::{MAX_RULES, condition};
use crate::match_rule::{ANY, Condition, Match, Operation};

/// Most groups, versions, resources or sub-resources of one match.
const MAX_NAMES: usize = 32;
/// Most conditions of one match; the API server takes no more of a webhook.
const MAX_CONDITIONS: usize = 64;

const KEYS: [&str; 6] = ["groups", "versions", "resources", "subResources", "operations", "conditions"];
const OPERATIONS: [(&str, Operation); 4] = [
    ("CREATE", Operation::Create),
    ("UPDATE", Operation::Update),
    ("DELETE", Operation::Delete),
    ("CONNECT", Operation::Connect),
];

pub(super) fn matches(manifest: &Object<'_, '_>) -> Vec<Match> {
    let Some(list) = manifest.required("matches") else { return Vec::new() };
    list.list(1, MAX_RULES).iter().filter_map(one_match).collect()
}

fn one_match(node: &Node<'_>) -> Option<Match> {
    let object = node.object(&KEYS)?;
    Some(Match {
        groups: names(object.required("groups"), 1, &grammar::GROUP),
        versions: names(object.required("versions"), 1, &grammar::API_VERSION_OF_GROUP),
        resources: names(object.required("resources"), 1, &grammar::RESOURCE),
        sub_resources: names(object.optional("subResources"), 0, &grammar::SUB_RESOURCE),
        operations: operations(object.required("operations")),
        conditions: conditions(object.optional("conditions")),
    })
}

fn names(list: Option<Node<'_>>, min: usize, form: &Form) -> Vec<String> {
    let Some(list) = list else { return Vec::new() };
    let names = list.texts(min, MAX_NAMES, form);
    // The API server refuses it, and a reader would wonder what is meant.
    if names.len() > 1 && names.iter().any(|name| name == ANY) {
        list.problem(|| "has `*` beside others; `*` stands alone".to_owned());
    }
    names
}

fn operations(list: Option<Node<'_>>) -> Vec<Operation> {
    let Some(list) = list else { return Vec::new() };
    let mut operations = Vec::new();
    for node in list.list(1, OPERATIONS.len()) {
        let Some(operation) = node.one_of(&OPERATIONS) else { continue };
        if operations.contains(&operation) {
            node.problem(|| format!("is `{operation}`, which stands there already"));
        }
        operations.push(operation);
    }
    operations
}

fn conditions(list: Option<Node<'_>>) -> Vec<Condition> {
    let Some(list) = list else { return Vec::new() };
    let nodes = list.list(0, MAX_CONDITIONS);
    let conditions = nodes.iter().filter_map(condition).collect();
    node::unique(&nodes, "name");
    conditions
}

fn condition(node: &Node<'_>) -> Option<Condition> {
    let object = node.object(&["name", "expression"])?;
    let name = object.text("name", &grammar::NAME);
    let expression_node = object.required("expression")?;
    let expression = expression_node.text(&grammar::EXPRESSION)?;
    if let Err(fault) = condition::check(&expression) {
        expression_node.problem(|| fault);
    }
    Some(Condition { name: name?, expression })
}
