//! Which requests concern a policy.
//! Does not evaluate conditions: the API server has done so before it asks.

use std::fmt;

use serde::Serialize;

/// Stands for any group, version, resource or sub-resource.
pub(crate) const ANY: &str = "*";

/// What is asked of the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// `CREATE`.
    Create,
    /// `UPDATE`, of a sub-resource too: a scale is one.
    Update,
    /// `DELETE`.
    Delete,
    /// `CONNECT`: `pods/exec` and its like.
    Connect,
}

impl Operation {
    /// As the API server writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Requests that concern a policy: one that fits each of its lists. `*` fits any group, version, resource or sub-resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// `apps`; empty for the core group.
    pub groups: Vec<String>,
    /// `v1`.
    pub versions: Vec<String>,
    /// Plural names: `statefulsets`.
    pub resources: Vec<String>,
    /// Empty: the resource itself only. `*`: any sub-resource, but not the resource itself.
    pub sub_resources: Vec<String>,
    /// What is asked for, at least one.
    pub operations: Vec<Operation>,
    /// For the API server, which asks only where all are true.
    pub conditions: Vec<Condition>,
}

/// A CEL expression that the API server evaluates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// kebab-case, unique within its match.
    pub name: String,
    /// It parses; whether it compiles, the API server says.
    pub expression: String,
}

impl Match {
    /// Whether a request with this envelope concerns the policy.
    pub fn fits(
        &self,
        group: &str,
        version: &str,
        resource: &str,
        sub_resource: Option<&str>,
        operation: Operation,
    ) -> bool {
        let sub_resource_fits = match sub_resource {
            None => self.sub_resources.is_empty(),
            Some(found) => lists(&self.sub_resources, found),
        };
        sub_resource_fits
            && self.operations.contains(&operation)
            && lists(&self.groups, group)
            && lists(&self.versions, version)
            && lists(&self.resources, resource)
    }
}

fn lists(list: &[String], found: &str) -> bool {
    list.iter().any(|wanted| wanted == ANY || wanted == found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(groups: &[&str], versions: &[&str], resources: &[&str], sub_resources: &[&str]) -> Match {
        let owned = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect();
        Match {
            groups: owned(groups),
            versions: owned(versions),
            resources: owned(resources),
            sub_resources: owned(sub_resources),
            operations: vec![Operation::Create, Operation::Update],
            conditions: Vec::new(),
        }
    }

    #[test]
    fn fits_only_where_every_list_has_the_value() {
        let sets = of(&["apps"], &["v1"], &["statefulsets"], &[]);
        assert!(sets.fits("apps", "v1", "statefulsets", None, Operation::Update));
        assert!(!sets.fits("", "v1", "statefulsets", None, Operation::Update));
        assert!(!sets.fits("apps", "v1beta1", "statefulsets", None, Operation::Update));
        assert!(!sets.fits("apps", "v1", "deployments", None, Operation::Update));
        assert!(!sets.fits("apps", "v1", "statefulsets", None, Operation::Delete));
    }

    #[test]
    fn no_sub_resources_is_the_resource_itself() {
        let sets = of(&["apps"], &["v1"], &["statefulsets"], &[]);
        assert!(!sets.fits("apps", "v1", "statefulsets", Some("scale"), Operation::Update));
    }

    #[test]
    fn sub_resources_leave_the_resource_itself_out() {
        for list in [["scale"], [ANY]] {
            let scales = of(&["apps"], &["v1"], &["statefulsets"], &list);
            assert!(scales.fits("apps", "v1", "statefulsets", Some("scale"), Operation::Update));
            assert!(!scales.fits("apps", "v1", "statefulsets", None, Operation::Update));
        }
        let scales = of(&["apps"], &["v1"], &["statefulsets"], &["scale"]);
        assert!(!scales.fits("apps", "v1", "statefulsets", Some("status"), Operation::Update));
    }

    #[test]
    fn a_star_fits_anything() {
        let all = of(&[ANY], &[ANY], &[ANY], &[]);
        assert!(all.fits("", "v1", "pods", None, Operation::Create));
        assert!(all.fits("example.com", "v1alpha1", "widgets", None, Operation::Create));
    }

    #[test]
    fn an_operation_is_written_as_the_api_server_does() {
        for operation in [Operation::Create, Operation::Update, Operation::Delete, Operation::Connect] {
            assert_eq!(serde_json::json!(operation), operation.to_string());
        }
    }
}
