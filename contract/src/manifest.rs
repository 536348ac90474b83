//! The manifest of a policy, version 1: its rules, what it matches, and what it wants to see beside the request.
//! Holds what [`Manifest::parse`] has checked; does not know what an operator grants.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::match_rule::{Match, Operation};

/// What a policy says of itself. Valid when it comes out of [`Manifest::parse`]; prints as it is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The version of the manifest: [`crate::MANIFEST`].
    pub manifest: u32,
    /// kebab-case. What the module is called; its rules' ids begin with the name under which it is configured.
    pub name: String,
    /// The policy's own version.
    pub version: String,
    /// What the policy is for, in one line.
    pub summary: String,
    /// The defects that it may find, at least one.
    pub rules: Vec<Rule>,
    /// The requests that concern it, at least one match.
    pub matches: Vec<Match>,
    /// Objects that the host is to have at hand, by the name under which the policy asks for them.
    pub related: BTreeMap<String, Related>,
    /// Facts of the host's providers, each with the provider before the first `/`: `rqlite/current`.
    pub facts: Vec<String>,
    /// What the policy may read of the cluster.
    pub reads: Vec<Read>,
    /// JSON Schema of its settings, without `namespaces`.
    pub settings: Value,
}

/// One defect that a policy may find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// kebab-case, without the policy's name: `scale-below-quorum`.
    pub id: String,
    /// The defect, in one line.
    pub summary: String,
    /// How bad the defect is.
    pub severity: Severity,
    /// What the rule has to see.
    pub judges: Judges,
}

/// How bad a defect is. A report sorts by it; a verdict does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a correction.
    Medium,
    /// Costs availability.
    High,
    /// Costs data or security.
    Critical,
}

/// What a rule has to see, and so whether a scan of what is there may ask it. Says nothing about old defects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Judges {
    /// The object's shape alone.
    Object,
    /// The old and the new object.
    Change,
    /// What runs in the cluster.
    Live,
}

/// An object that the host is to have at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Related {
    /// By its relation to the object; needs no grant.
    Of {
        /// Which relation.
        of: Relation,
    },
    /// By its name, which stands in the object; needs a grant for the kind.
    #[serde(rename_all = "camelCase")]
    Reference {
        /// JSON pointer (RFC 6901) to the name.
        reference: String,
        /// `v1`, `apps/v1`.
        api_version: String,
        /// `ServiceAccount`.
        kind: String,
    },
}

/// How a related object stands to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// The object whose sub-resource is asked for.
    Parent,
    /// The metadata of its namespace.
    Namespace,
    /// The metadata of its owners.
    Owners,
}

/// One kind of objects that a policy reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Read {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Service`.
    pub kind: String,
    /// Whose objects.
    pub namespaces: Namespaces,
    /// JSON pointers (RFC 6901) to what is read of each object; the host keeps nothing else.
    pub fields: Vec<String>,
}

/// Whose objects a policy reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Namespaces {
    /// Those in the namespace of the object.
    Own,
    /// Those in every namespace.
    All,
}

impl Manifest {
    /// The first match that fits; none: the request does not concern the policy.
    pub fn matching(
        &self,
        group: &str,
        version: &str,
        resource: &str,
        sub_resource: Option<&str>,
        operation: Operation,
    ) -> Option<&Match> {
        self.matches.iter().find(|one| one.fits(group, version, resource, sub_resource, operation))
    }
}
