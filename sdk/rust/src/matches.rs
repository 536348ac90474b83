//! Which requests a policy wants to see, as its manifest has it.

use std::borrow::Cow;

use crate::host::Operation;
use crate::json_writer::JsonWriter;

/// Requests of some resources, or of their sub-resources.
///
/// ```
/// use quorate_policy::{Matches, Operation};
///
/// let workloads = Matches::new("apps", "v1", "deployments", &[Operation::Create, Operation::Update])
///     .resource("statefulsets")
///     .condition("lives", "!has(object.metadata.deletionTimestamp)");
/// let scales = Matches::new("apps", "v1", "deployments", &[Operation::Update]).sub_resource("scale");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matches {
    groups: Vec<Cow<'static, str>>,
    versions: Vec<Cow<'static, str>>,
    resources: Vec<Cow<'static, str>>,
    sub_resources: Vec<Cow<'static, str>>,
    operations: Vec<Operation>,
    conditions: Vec<Condition>,
}

/// A condition of the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    name: Cow<'static, str>,
    expression: Cow<'static, str>,
}

impl Matches {
    /// Requests of one resource: its group (empty for the core's), version, and plural. `*` is any.
    pub fn new(
        group: impl Into<Cow<'static, str>>,
        version: impl Into<Cow<'static, str>>,
        resource: impl Into<Cow<'static, str>>,
        operations: &[Operation],
    ) -> Self {
        Matches {
            groups: vec![group.into()],
            versions: vec![version.into()],
            resources: vec![resource.into()],
            sub_resources: Vec::new(),
            operations: operations.to_vec(),
            conditions: Vec::new(),
        }
    }

    /// One more group.
    #[must_use]
    pub fn group(mut self, group: impl Into<Cow<'static, str>>) -> Self {
        self.groups.push(group.into());
        self
    }

    /// One more version.
    #[must_use]
    pub fn version(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.versions.push(version.into());
        self
    }

    /// One more resource.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<Cow<'static, str>>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// A sub-resource of all of them, in place of the resources themselves: `scale`.
    #[must_use]
    pub fn sub_resource(mut self, sub_resource: impl Into<Cow<'static, str>>) -> Self {
        self.sub_resources.push(sub_resource.into());
        self
    }

    /// A CEL expression that the API server evaluates, by its name (kebab-case); requests for which it is false are not sent.
    #[must_use]
    pub fn condition(mut self, name: impl Into<Cow<'static, str>>, expression: impl Into<Cow<'static, str>>) -> Self {
        self.conditions.push(Condition { name: name.into(), expression: expression.into() });
        self
    }

    pub(crate) fn write(&self, json: &mut JsonWriter) {
        json.object(|json| {
            json.key("groups").texts(&self.groups);
            json.key("versions").texts(&self.versions);
            json.key("resources").texts(&self.resources);
            if !self.sub_resources.is_empty() {
                json.key("subResources").texts(&self.sub_resources);
            }
            json.key("operations").array(&self.operations, |json, operation| json.text(operation.as_str()));
            json.key("conditions").array(&self.conditions, |json, condition| {
                json.object(|json| {
                    json.key("name").text(&condition.name);
                    json.key("expression").text(&condition.expression);
                });
            });
        });
    }
}
