//! Which requests a policy wants to see, as its manifest has it.

use std::borrow::Cow;

use crate::host::Operation;
use crate::json_writer::JsonWriter;

/// Requests of some resources.
///
/// ```
/// use quorate_policy::{Matches, Operation};
///
/// let workloads = Matches::new("apps", "v1", "deployments", &[Operation::Create, Operation::Update])
///     .resource("statefulsets")
///     .resource("deployments/scale")
///     .condition("!has(object.metadata.deletionTimestamp)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matches {
    groups: Vec<Cow<'static, str>>,
    versions: Vec<Cow<'static, str>>,
    resources: Vec<Cow<'static, str>>,
    operations: Vec<Operation>,
    conditions: Vec<Cow<'static, str>>,
}

impl Matches {
    /// Requests of one resource: its group (empty for the core's), version, and plural; a sub-resource behind a slash.
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

    /// A CEL expression that the API server evaluates; requests for which it is false are not sent.
    #[must_use]
    pub fn condition(mut self, cel: impl Into<Cow<'static, str>>) -> Self {
        self.conditions.push(cel.into());
        self
    }

    pub(crate) fn write(&self, json: &mut JsonWriter) {
        json.object(|json| {
            json.key("groups").texts(&self.groups);
            json.key("versions").texts(&self.versions);
            json.key("resources").texts(&self.resources);
            json.key("operations").array(&self.operations, |json, operation| json.text(operation.as_str()));
            json.key("conditions").texts(&self.conditions);
        });
    }
}
