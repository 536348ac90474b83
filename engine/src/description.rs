//! What a policy says of itself, checked: name, rules, phases, matches, settings schema.
//! Does not check grants or settings; loading does.

use serde::Serialize;

use kubernetes::admission::{Operation, Phase, Request};

/// A policy's description, valid by construction when it comes out of [`crate::WasmRuntime`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// kebab-case; the prefix of its rules' ids.
    pub name: String,
    pub version: String,
    pub summary: String,
    pub phases: Vec<Phase>,
    /// JSON Schema (2020-12).
    pub settings_schema: serde_json::Value,
    /// The provider's interface, `log`.
    pub capabilities: Vec<String>,
    pub rules: Vec<RuleInfo>,
    /// The first one that fits a request is the one whose projections are cut.
    pub matches: Vec<MatchRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleInfo {
    /// Without the policy's name: `scale-below-quorum`.
    pub id: String,
    pub summary: String,
}

/// Which requests concern a policy, and what it wants to see of them. `*` fits any group, resource or sub-resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchRule {
    pub groups: Vec<String>,
    pub resources: Vec<String>,
    /// Empty: the resource itself only. `*`: any sub-resource, but not the resource itself.
    pub sub_resources: Vec<String>,
    pub operations: Vec<Operation>,
    pub projections: Projections,
    /// CEL for the API server.
    pub conditions: Vec<Condition>,
}

/// JSON pointers (RFC 6901) per document; the empty pointer is the whole document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Projections {
    pub object: Vec<String>,
    pub old_object: Vec<String>,
    pub parent: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    pub name: String,
    pub expression: String,
}

impl Description {
    /// The first match that fits the request's envelope.
    pub fn matching(&self, request: &Request) -> Option<&MatchRule> {
        self.matches.iter().find(|rule| rule.fits(request))
    }
}

impl MatchRule {
    fn fits(&self, request: &Request) -> bool {
        let lists = |list: &[String], found: &str| list.iter().any(|wanted| wanted == "*" || wanted == found);
        let sub_resource = match &request.sub_resource {
            None => self.sub_resources.is_empty(),
            Some(found) => lists(&self.sub_resources, found),
        };
        sub_resource
            && self.operations.contains(&request.operation)
            && lists(&self.groups, &request.resource.group)
            && lists(&self.resources, &request.resource.resource)
    }
}
