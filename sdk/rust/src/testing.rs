//! A host for unit tests: a request made of JSON texts, and what the policy said about it. Feature `testing`, native only.
//! What it offers, it answers as Quorate does. What it cannot answer exactly, it refuses with a panic that says so; for
//! that there is `quorate policy test`.
#![allow(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a failing test is told by a panic")]

mod decimal;
mod fake;
mod json;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::edits::Edit;
use crate::finding::Finding;
use crate::kubernetes::Image;
use crate::lookup::Missing;
use crate::policy::{Mutate, Policy, Validate};
use crate::request::LogLevel;
use crate::settings::SettingsError;
use crate::shell;
use fake::FakeHost;
use json::Tree;

/// A request for a test.
///
/// ```
/// # use quorate_policy::prelude::*;
/// # const BAD: Rule = Rule::new("bad", "", Severity::Low, Judges::Object);
/// # struct Labels;
/// # impl Policy for Labels {
/// #     type Settings = NoSettings;
/// #     fn manifest() -> Manifest { Manifest::new("labels", "0.1.0", "").rule(BAD) }
/// # }
/// # impl Validate for Labels {
/// #     fn validate(r: &Request<'_>, _: &NoSettings, verdict: &mut Verdict) -> Result<(), NotJudged> {
/// #         if r.object().unwrap().len("/metadata/labels").is_none() { verdict.push(BAD.deny("no labels")) }
/// #         Ok(())
/// #     }
/// # }
/// use quorate_policy::testing::Review;
///
/// let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}}"#;
/// let outcome = Review::create("pods", pod).validate::<Labels>("{}");
/// assert_eq!(outcome.messages(), ["bad: no labels"]);
/// ```
pub struct Review {
    envelope: Tree,
    object: Option<Tree>,
    old_object: Option<Tree>,
    related: BTreeMap<String, Result<Vec<Tree>, Missing>>,
    facts: BTreeMap<String, Result<Vec<Tree>, Missing>>,
    images: BTreeMap<String, Result<Image, String>>,
    now: Option<u64>,
}

/// What the policy said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its findings, in order.
    pub findings: Vec<Finding>,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
    /// Its edits; none where it could not judge.
    pub edits: Vec<Edit>,
    /// Its lines in the log.
    pub log: Vec<(LogLevel, String)>,
    /// Why it could not judge.
    pub not_judged: Option<String>,
}

impl Outcome {
    /// `rule: message` of each finding.
    pub fn messages(&self) -> Vec<String> {
        self.findings.iter().map(|finding| format!("{}: {}", finding.rule(), finding.message())).collect()
    }
}

impl Review {
    /// The creation of an object, JSON text; `resource` is its plural.
    pub fn create(resource: &str, object: &str) -> Self {
        Self::of(resource, "CREATE", Some(object), None)
    }

    /// A change of an object.
    pub fn update(resource: &str, old_object: &str, object: &str) -> Self {
        Self::of(resource, "UPDATE", Some(object), Some(old_object))
    }

    /// The deletion of an object.
    pub fn delete(resource: &str, old_object: &str) -> Self {
        Self::of(resource, "DELETE", None, Some(old_object))
    }

    /// `AdmissionReview.request`, JSON text: for everything that the others do not make.
    ///
    /// # Panics
    /// When the text is not such a request.
    pub fn request(text: &str) -> Self {
        let (mut head, mut objects) = (Vec::new(), BTreeMap::new());
        for (key, tree) in Tree::parse(text).into_members() {
            if key == "object" || key == "oldObject" {
                tree.refuse_managed_fields();
                objects.insert(key, tree);
            } else {
                head.push(format!("{}:{}", Json::from(key), tree.json()));
            }
        }
        let mut object = |name: &str| objects.remove(name).filter(|tree| !tree.is_null());
        Review {
            envelope: Tree::parse(&format!("{{{}}}", head.join(","))),
            object: object("object"),
            old_object: object("oldObject"),
            related: BTreeMap::new(),
            facts: BTreeMap::new(),
            images: BTreeMap::new(),
            now: None,
        }
    }

    fn of(resource: &str, operation: &str, object: Option<&str>, old_object: Option<&str>) -> Self {
        let shown = Tree::parse(object.or(old_object).unwrap_or_default());
        let text = |pointer: &str| shown.text(pointer);
        let api_version = text("/apiVersion").expect("an object has an apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let envelope = serde_json::json!({
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": group, "version": version, "kind": text("/kind").expect("an object has a kind")},
            "resource": {"group": group, "version": version, "resource": resource},
            "namespace": text("/metadata/namespace"), "name": text("/metadata/name"),
            "operation": operation, "dryRun": false,
            "userInfo": {"username": "someone", "groups": ["system:authenticated"]},
        });
        let head = envelope.to_string();
        let (object, old_object) = (object.unwrap_or("null"), old_object.unwrap_or("null"));
        let head = head.strip_suffix('}').unwrap_or(&head);
        Self::request(&format!(r#"{head},"object":{object},"oldObject":{old_object}}}"#))
    }

    /// What the host finds under a name of the manifest's `related`.
    #[must_use]
    pub fn related(mut self, name: &str, objects: &[&str]) -> Self {
        self.related.insert(name.to_owned(), Ok(objects.iter().map(|text| Tree::parse(text)).collect()));
        self
    }

    /// Why the host finds nothing under a name of the manifest's `related`.
    #[must_use]
    pub fn related_missing(mut self, name: &str, why: Missing) -> Self {
        self.related.insert(name.to_owned(), Err(why));
        self
    }

    /// What the host knows by the name of a fact.
    #[must_use]
    pub fn fact(mut self, name: &str, documents: &[&str]) -> Self {
        self.facts.insert(name.to_owned(), Ok(documents.iter().map(|text| Tree::parse(text)).collect()));
        self
    }

    /// Why the host knows no fact of a name.
    #[must_use]
    pub fn fact_missing(mut self, name: &str, why: Missing) -> Self {
        self.facts.insert(name.to_owned(), Err(why));
        self
    }

    /// When the request arrived, in milliseconds since 1970.
    #[must_use]
    pub fn now(mut self, milliseconds: u64) -> Self {
        self.now = Some(milliseconds);
        self
    }

    /// What the host makes of an image reference. This host knows no images of its own.
    #[must_use]
    pub fn image(mut self, reference: &str, parts: Result<Image, String>) -> Self {
        self.images.insert(reference.to_owned(), parts);
        self
    }

    /// What a policy says about the request, with these settings (JSON text).
    ///
    /// # Panics
    /// When the settings are refused, or the policy asks for what the review does not hold.
    pub fn validate<P: Validate>(&self, settings: &str) -> Outcome {
        let host = self.host::<P>();
        let result = shell::validate::<P>(&host, Some(&configured::<P>(settings)));
        host.into_outcome(result)
    }

    /// What a policy edits, with these settings (JSON text).
    ///
    /// # Panics
    /// When the settings are refused, or the policy asks for what the review does not hold.
    pub fn mutate<P: Mutate>(&self, settings: &str) -> Outcome {
        let host = self.host::<P>();
        let result = shell::mutate::<P>(&host, Some(&configured::<P>(settings)));
        host.into_outcome(result)
    }

    fn host<P: Policy>(&self) -> FakeHost<'_> {
        FakeHost::new(self, manifest::<P>())
    }
}

/// The manifest of a policy, as the host reads it.
///
/// # Panics
/// When it is no JSON, which only a schema given as text can be the reason of.
pub fn manifest<P: Policy>() -> Json {
    let text = P::manifest().to_json();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("the manifest is no JSON: {error}; see settings_schema"))
}

/// What is wrong with settings (JSON text): by their type, and by [`Policy::check`]. Nothing if they are right.
pub fn settings_errors<P: Policy>(settings: &str) -> Vec<SettingsError> {
    shell::configure::<P>(settings).err().unwrap_or_default()
}

fn configured<P: Policy>(settings: &str) -> P::Settings {
    shell::configure::<P>(settings).unwrap_or_else(|errors| panic!("the settings are refused: {errors:?}"))
}
