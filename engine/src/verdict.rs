//! What a review comes to: findings, their levels, and the answer of all policies together.
//! Does not know HTTP, AdmissionReview responses or exit codes; the doors translate.

use std::borrow::Cow;

use serde::Serialize;

use crate::admission::{Phase, Request};
use crate::projection;

/// How a review ends. Denied beats not judged, which beats allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Allowed,
    Denied,
    NotJudged,
}

impl Verdict {
    /// The verdict that these findings amount to.
    pub fn of(findings: &[Finding]) -> Self {
        let has = |level| findings.iter().any(|finding| finding.level == level);
        if has(Level::Deny) {
            Self::Denied
        } else if has(Level::NotJudged) {
            Self::NotJudged
        } else {
            Self::Allowed
        }
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Deny,
    Warn,
    NotJudged,
}

/// One thing that one rule has to say. Serialises with its keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `<policy>/<rule>`.
    pub rule: String,
    pub level: Level,
    /// One line, no prefix, no final stop.
    pub message: String,
    /// Kubernetes path: `spec.template.spec.containers[0].args[2]`. Empty if none.
    pub field: String,
    /// What to do, one line. May be empty.
    pub remedy: String,
    /// The same request may succeed later without any change to it.
    pub retry: bool,
    /// It is about the object's shape, whatever the object was before. Not part of the published finding.
    #[serde(skip)]
    pub of_shape: bool,
}

impl Finding {
    /// `quorum-guard/scale-below-quorum: StatefulSet db/rqlite: <message>; <remedy>`
    pub fn line(&self, subject: &str) -> String {
        let Self { rule, message, remedy, .. } = self;
        let stop = if remedy.is_empty() { "" } else { "; " };
        format!("{rule}: {subject}: {message}{stop}{remedy}")
    }

    /// The policy that the finding belongs to: the rule's id up to the slash.
    pub fn policy(&self) -> &str {
        self.rule.split_once('/').map_or(self.rule.as_str(), |(policy, _)| policy)
    }
}

/// The answer of all policies to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The phase that was run; [`Phase::Validate`] when both were.
    pub phase: Phase,
    pub verdict: Verdict,
    /// In the order in which the policies are declared, then in the policy's own.
    pub findings: Vec<Finding>,
    /// RFC 6902, for the object as it came in. Empty in [`Phase::Validate`].
    pub patch: json_patch::Patch,
    /// Audit annotations; a key holds only letters, digits, `-`, `_` and `.`.
    pub audit: Vec<(String, String)>,
    /// The policies that the request concerned, in declared order. Empty: nothing matched, so allowed.
    pub matched: Vec<String>,
}

impl Review {
    pub(crate) fn new(phase: Phase, findings: Vec<Finding>) -> Self {
        Self {
            phase,
            verdict: Verdict::of(&findings),
            findings,
            patch: json_patch::Patch::default(),
            audit: Vec::new(),
            matched: Vec::new(),
        }
    }

    /// What to do where what stands behind the request was not known: a door knows how it is had, a policy does not. For what could not be
    /// judged for lack of it, and says no remedy of its own.
    pub fn advise(&mut self, remedy: &str) {
        let for_lack =
            |finding: &&mut Finding| finding.level == Level::NotJudged && finding.retry && finding.remedy.is_empty();
        self.findings.iter_mut().filter(for_lack).for_each(|finding| remedy.clone_into(&mut finding.remedy));
    }
}

/// What the request is about, as a user would name it: `StatefulSet db/rqlite`.
///
/// A sub-resource names the object behind it: a Scale its StatefulSet, an Eviction `Pod db/rqlite-0`.
pub fn subject(request: &Request<'_>) -> String {
    let kind = match (&request.sub_resource, request.resource.resource.as_ref()) {
        (None, _) => request.kind.kind.as_ref(),
        (Some(_), "statefulsets") => "StatefulSet",
        (Some(_), "deployments") => "Deployment",
        (Some(_), "replicasets") => "ReplicaSet",
        (Some(_), "pods") => "Pod",
        (Some(_), _) => request.kind.kind.as_ref(),
    };
    let name = request.name.clone().or_else(|| name_in_object(request)).unwrap_or(Cow::Borrowed("(unnamed)"));
    // The API server sends a Namespace's own name as its namespace too.
    let namespace = request.namespace.as_deref().filter(|namespace| kind != "Namespace" || *namespace != name);
    named(kind, namespace, &name)
}

/// An object, as findings name it: `StatefulSet db/rqlite`, `Namespace db`.
pub fn named(kind: &str, namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// The API server leaves `request.name` out where it is not yet known, or where it stands in the object only.
fn name_in_object<'a>(request: &Request<'a>) -> Option<Cow<'a, str>> {
    let pointers = ["/metadata/name".to_owned(), "/metadata/generateName".to_owned()];
    let object = request.object.or(request.old_object)?;
    let found = projection::cut(object.get(), &pointers).ok()?;
    let text = |index: usize| {
        serde_json::from_str::<String>(found.get(index)?.as_deref()?).ok().filter(|text| !text.is_empty())
    };
    text(0).or_else(|| text(1).map(|prefix| format!("{prefix}*"))).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(level: Level) -> Finding {
        Finding {
            rule: "quorum-guard/scale-below-quorum".to_owned(),
            level,
            message: "replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3".to_owned(),
            field: "spec.replicas".to_owned(),
            remedy: "scale to 3".to_owned(),
            retry: false,
            of_shape: false,
        }
    }

    #[test]
    fn denied_beats_not_judged_beats_allowed() {
        let all = [finding(Level::Warn), finding(Level::NotJudged), finding(Level::Deny)];
        assert_eq!(Verdict::of(&all), Verdict::Denied);
        assert_eq!(Verdict::of(&all[..2]), Verdict::NotJudged);
        assert_eq!(Verdict::of(&all[..1]), Verdict::Allowed);
        assert_eq!(Verdict::of(&[]), Verdict::Allowed);
    }

    #[test]
    fn a_finding_serialises_in_the_published_order() {
        assert_eq!(
            serde_json::to_string(&finding(Level::NotJudged)).unwrap(),
            r#"{"rule":"quorum-guard/scale-below-quorum","level":"not-judged","message":"replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3","field":"spec.replicas","remedy":"scale to 3","retry":false}"#
        );
    }

    #[test]
    fn a_line_ends_with_the_remedy_or_without_a_semicolon() {
        let mut one = finding(Level::Deny);
        assert_eq!(
            one.line("StatefulSet db/rqlite"),
            "quorum-guard/scale-below-quorum: StatefulSet db/rqlite: replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3; scale to 3"
        );
        one.remedy.clear();
        assert!(one.line("StatefulSet db/rqlite").ends_with("quorum is 3"));
        assert_eq!(one.policy(), "quorum-guard");
    }

    #[test]
    fn sub_resources_name_the_object_behind_them() {
        let request = |kind: &'static str, resource: &'static str, sub: Option<&'static str>| Request {
            kind: crate::GroupVersionKind { kind: kind.into(), ..Default::default() },
            resource: crate::GroupVersionResource { resource: resource.into(), ..Default::default() },
            sub_resource: sub.map(Into::into),
            namespace: Some("db".into()),
            name: Some("rqlite-0".into()),
            ..Request::new("u", crate::Operation::Update)
        };
        assert_eq!(subject(&request("Scale", "statefulsets", Some("scale"))), "StatefulSet db/rqlite-0");
        assert_eq!(subject(&request("Eviction", "pods", Some("eviction"))), "Pod db/rqlite-0");
        assert_eq!(subject(&request("StatefulSet", "statefulsets", None)), "StatefulSet db/rqlite-0");
    }

    #[test]
    fn a_namespace_is_not_in_itself() {
        let request = Request {
            kind: crate::GroupVersionKind { kind: "Namespace".into(), ..Default::default() },
            namespace: Some("db".into()),
            name: Some("db".into()),
            ..Request::new("u", crate::Operation::Delete)
        };
        assert_eq!(subject(&request), "Namespace db");
    }

    #[test]
    fn a_generated_name_shows_its_prefix() {
        let object =
            serde_json::value::to_raw_value(&serde_json::json!({"metadata": {"generateName": "rq-"}})).unwrap();
        let request = Request {
            kind: crate::GroupVersionKind { kind: "Pod".into(), ..Default::default() },
            object: Some(&object),
            ..Request::new("u", crate::Operation::Create)
        };
        assert_eq!(subject(&request), "Pod rq-*");
    }
}
