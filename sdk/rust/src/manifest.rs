//! What a host must know of a policy before it asks: the manifest, JSON, version 1.
//! Only writes it; the host reads and checks it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::matches::Matches;
use crate::rule::Rule;

/// The manifest of a policy.
///
/// ```
/// use quorate_policy::{Judges, Manifest, Matches, Operation, Related, Rule, Severity};
///
/// let manifest = Manifest::new("required-labels", "0.1.0", "every workload has its labels")
///     .rule(Rule::new("label-missing", "a required label is missing", Severity::Medium, Judges::Object))
///     .matches(Matches::new("apps", "v1", "deployments", &[Operation::Create, Operation::Update]))
///     .related("namespace", Related::Namespace)
///     .settings_schema(r#"{"type": "object"}"#);
/// assert!(manifest.to_json().starts_with(r#"{"manifest":1,"name":"required-labels""#));
/// ```
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    manifest: u32,
    name: Cow<'static, str>,
    version: Cow<'static, str>,
    summary: Cow<'static, str>,
    rules: Vec<Rule>,
    matches: Vec<Matches>,
    related: BTreeMap<Cow<'static, str>, Related>,
    facts: Vec<Cow<'static, str>>,
    reads: Vec<Read>,
    settings: Box<RawValue>,
}

/// An object beside the one under review, which the host looks up before it asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "RelatedJson")]
pub enum Related {
    /// What the sub-resource belongs to: the StatefulSet of a Scale, the Pod of an Eviction.
    Parent,
    /// The metadata of the object's namespace.
    Namespace,
    /// The metadata of the object's owners.
    Owners,
    /// What the object names at a pointer, in its namespace. Needs a grant for the kind.
    Reference {
        /// Where the name stands: `/spec/template/spec/serviceAccountName`.
        pointer: Cow<'static, str>,
        /// `v1`.
        api_version: Cow<'static, str>,
        /// `ServiceAccount`.
        kind: Cow<'static, str>,
    },
}

/// Objects that [`Cluster`](crate::Cluster) may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Read {
    /// `v1`.
    pub api_version: Cow<'static, str>,
    /// `Service`.
    pub kind: Cow<'static, str>,
    /// Where.
    pub namespaces: ReadNamespaces,
    /// Which parts of them, as pointers.
    pub fields: Vec<Cow<'static, str>>,
}

/// Where the objects are that a policy reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadNamespaces {
    /// In the namespace of the object under review.
    Own,
    /// Everywhere.
    All,
}

impl Manifest {
    /// The manifest of a policy without rules: its name (kebab-case, what is protected), its version, and one line on it.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        version: impl Into<Cow<'static, str>>,
        summary: impl Into<Cow<'static, str>>,
    ) -> Self {
        Manifest {
            manifest: 1,
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            rules: Vec::new(),
            matches: Vec::new(),
            related: BTreeMap::new(),
            facts: Vec::new(),
            reads: Vec::new(),
            settings: raw(NO_SETTINGS),
        }
    }

    /// One more rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// More requests that it wants to see.
    #[must_use]
    pub fn matches(mut self, matches: Matches) -> Self {
        self.matches.push(matches);
        self
    }

    /// An object beside it, under the name by which [`Request::related`](crate::Request::related) asks for it.
    #[must_use]
    pub fn related(mut self, name: impl Into<Cow<'static, str>>, related: Related) -> Self {
        self.related.insert(name.into(), related);
        self
    }

    /// A fact that [`Request::facts`](crate::Request::facts) asks for.
    #[must_use]
    pub fn fact(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.facts.push(name.into());
        self
    }

    /// Objects that [`Request::cluster`](crate::Request::cluster) reads.
    #[must_use]
    pub fn read(mut self, read: Read) -> Self {
        self.reads.push(read);
        self
    }

    /// The JSON Schema of the settings, as text. Keys for single namespaces are the host's, and are not in it.
    ///
    /// # Panics
    /// When the text is no JSON.
    #[must_use]
    pub fn settings_schema(mut self, json: &str) -> Self {
        self.settings = raw(json);
        self
    }

    /// The JSON Schema of the settings, by their type.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn settings<S: schemars::JsonSchema>(self) -> Self {
        let schema = schemars::schema_for!(S);
        self.settings_schema(&schema.to_value().to_string())
    }

    /// The manifest as the host reads it.
    pub fn to_json(&self) -> String {
        #[expect(clippy::expect_used, reason = "plain fields; the keys of all maps are strings")]
        serde_json::to_string(self).expect("a manifest is JSON")
    }
}

/// The schema of a policy without settings.
const NO_SETTINGS: &str = r#"{"type":"object","additionalProperties":false}"#;

#[expect(clippy::panic, reason = "the author's own text, found at the first build")]
fn raw(json: &str) -> Box<RawValue> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("the schema of the settings is no JSON: {error}"))
}

/// `Related` as it is written.
#[derive(Serialize)]
#[serde(untagged)]
enum RelatedJson {
    Of {
        of: &'static str,
    },
    #[serde(rename_all = "camelCase")]
    Reference {
        reference: Cow<'static, str>,
        api_version: Cow<'static, str>,
        kind: Cow<'static, str>,
    },
}

impl From<Related> for RelatedJson {
    fn from(related: Related) -> Self {
        match related {
            Related::Parent => RelatedJson::Of { of: "parent" },
            Related::Namespace => RelatedJson::Of { of: "namespace" },
            Related::Owners => RelatedJson::Of { of: "owners" },
            Related::Reference { pointer, api_version, kind } => {
                RelatedJson::Reference { reference: pointer, api_version, kind }
            }
        }
    }
}
