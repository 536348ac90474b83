//! What a host must know of a policy before it asks: the manifest, JSON, version 1.
//! Only writes it; the host reads and checks it.

use std::borrow::Cow;

use crate::json_writer::JsonWriter;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    name: Cow<'static, str>,
    version: Cow<'static, str>,
    summary: Cow<'static, str>,
    rules: Vec<Rule>,
    matches: Vec<Matches>,
    related: Vec<(Cow<'static, str>, Related)>,
    facts: Vec<Cow<'static, str>>,
    reads: Vec<Read>,
    settings: Cow<'static, str>,
}

/// An object beside the one under review, which the host looks up before it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            rules: Vec::new(),
            matches: Vec::new(),
            related: Vec::new(),
            facts: Vec::new(),
            reads: Vec::new(),
            settings: Cow::Borrowed(NO_SETTINGS),
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
        self.related.push((name.into(), related));
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
    #[must_use]
    pub fn settings_schema(mut self, json: impl Into<Cow<'static, str>>) -> Self {
        self.settings = json.into();
        self
    }

    /// The JSON Schema of the settings, by their type. Feature `schema`; it makes the module some 35 kB larger.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn settings<S: schemars::JsonSchema>(self) -> Self {
        let schema = schemars::schema_for!(S);
        self.settings_schema(schema.to_value().to_string())
    }

    /// The manifest as the host reads it.
    pub fn to_json(&self) -> String {
        let mut json = JsonWriter::default();
        json.object(|json| {
            json.key("manifest").raw("1");
            json.key("name").text(&self.name);
            json.key("version").text(&self.version);
            json.key("summary").text(&self.summary);
            json.key("rules").array(&self.rules, |json, rule| rule.write(json));
            json.key("matches").array(&self.matches, |json, matches| matches.write(json));
            json.key("related").object(|json| self.related.iter().for_each(|(name, it)| it.write(json.key(name))));
            json.key("facts").texts(&self.facts);
            json.key("reads").array(&self.reads, |json, read| read.write(json));
            json.key("settings").raw(&self.settings);
        });
        json.into_text()
    }
}

/// The schema of a policy without settings.
const NO_SETTINGS: &str = r#"{"type":"object","additionalProperties":false}"#;

impl Related {
    fn write(&self, json: &mut JsonWriter) {
        json.object(|json| match self {
            Related::Parent => json.key("of").text("parent"),
            Related::Namespace => json.key("of").text("namespace"),
            Related::Owners => json.key("of").text("owners"),
            Related::Reference { pointer, api_version, kind } => {
                json.key("reference").text(pointer);
                json.key("apiVersion").text(api_version);
                json.key("kind").text(kind);
            }
        });
    }
}

impl Read {
    fn write(&self, json: &mut JsonWriter) {
        json.object(|json| {
            json.key("apiVersion").text(&self.api_version);
            json.key("kind").text(&self.kind);
            json.key("namespaces").text(match self.namespaces {
                ReadNamespaces::Own => "own",
                ReadNamespaces::All => "all",
            });
            json.key("fields").texts(&self.fields);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Operation;
    use crate::rule::{Judges, Severity};

    #[test]
    fn writes_the_example_of_the_contract() {
        let account = Related::Reference {
            pointer: "/spec/template/spec/serviceAccountName".into(),
            api_version: "v1".into(),
            kind: "ServiceAccount".into(),
        };
        let services = Read {
            api_version: "v1".into(),
            kind: "Service".into(),
            namespaces: ReadNamespaces::Own,
            fields: vec!["/metadata".into(), "/spec/selector".into()],
        };
        let manifest = Manifest::new("required-labels", "0.1.0", "every workload has its labels")
            .rule(Rule::new("label-missing", "a required label is missing", Severity::Medium, Judges::Object))
            .matches(Matches::new("apps", "v1", "deployments", &[Operation::Create, Operation::Update]))
            .related("namespace", Related::Namespace)
            .related("account", account)
            .fact("rqlite/launch/object")
            .read(services)
            .settings_schema(r#"{"type": "object"}"#);
        let written: serde_json::Value = serde_json::from_str(&manifest.to_json()).unwrap();
        let example = include_str!("../../../contract/manifest.json");
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(example).unwrap());
    }
}
