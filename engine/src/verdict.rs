//! What a review comes to: findings, their levels, and the answer of all policies together.
//! Does not know HTTP, AdmissionReview responses or exit codes; the server and the command line translate.

use quorate_document::Patch;
use serde::{Serialize, Serializer};

use kubernetes::admission::Phase;
use kubernetes::verdict::{Level, Verdict};

/// One thing that one rule has to say. Serialises with its keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `<policy>/<rule>`.
    pub rule: String,
    /// Denied, warned, or not judged.
    pub level: Level,
    /// One line, no prefix, no final stop.
    pub message: String,
    /// Kubernetes path: `spec.template.spec.containers[0].args[2]`. Empty if none.
    pub field: String,
    /// What to do, one line. May be empty.
    pub remedy: String,
    /// The same request may succeed later without any change to it.
    pub retry: bool,
    /// In so many seconds, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// Key and value, for machines: `voters`, `5`.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    pub evidence: Vec<(String, String)>,
    /// It is about the object's shape, whatever the object was before. Not part of the published finding.
    #[serde(skip)]
    pub of_shape: bool,
}

impl Finding {
    /// A finding of a rule of that policy, with nothing but its message.
    pub fn new(policy: &str, rule: &str, level: Level, message: impl Into<String>) -> Self {
        Self {
            rule: format!("{policy}/{rule}"),
            level,
            message: message.into(),
            field: String::new(),
            remedy: String::new(),
            retry: false,
            retry_after_seconds: None,
            evidence: Vec::new(),
            of_shape: false,
        }
    }

    /// `quorum-guard/scale-below-quorum: Deployment web/shop: <message>; <remedy>`
    pub fn line(&self, subject: &str) -> String {
        let Self { rule, message, remedy, .. } = self;
        let stop = if remedy.is_empty() { "" } else { "; " };
        format!("{rule}: {subject}: {message}{stop}{remedy}")
    }

    /// What these findings amount to.
    pub fn verdict(findings: &[Self]) -> Verdict {
        Verdict::of(findings.iter().map(|finding| finding.level))
    }

    /// The policy that the finding belongs to: the rule's id up to the slash.
    pub fn policy(&self) -> &str {
        self.rule.split_once('/').map_or(self.rule.as_str(), |(policy, _)| policy)
    }
}

/// An object with the keys in their order.
fn as_map<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

/// The answer of all policies to one request.
#[derive(Debug, Clone)]
pub struct Review {
    /// The phase that was run; [`Phase::Validate`] when both were.
    pub phase: Phase,
    /// What the findings amount to.
    pub verdict: Verdict,
    /// In the order in which the policies are declared, then in the policy's own.
    pub findings: Vec<Finding>,
    /// RFC 6902, for the object as it came in. Empty in [`Phase::Validate`].
    pub patch: Patch,
    /// Audit annotations; a key holds only letters, digits, `-`, `_` and `.`.
    pub audit: Vec<(String, String)>,
    /// The policies that the request concerned, in declared order. Empty: nothing matched, so allowed.
    pub matched: Vec<String>,
}

impl Review {
    pub(crate) fn new(phase: Phase, findings: Vec<Finding>) -> Self {
        Self {
            phase,
            verdict: Finding::verdict(&findings),
            findings,
            patch: Patch::default(),
            audit: Vec::new(),
            matched: Vec::new(),
        }
    }

    /// What to do where what stands behind the request was not known: whoever asked knows how it is had, a policy does not. For what could not be
    /// evaluated for lack of it, and says no remedy of its own.
    pub fn advise(&mut self, remedy: &str) {
        let for_lack =
            |finding: &&mut Finding| finding.level == Level::NotJudged && finding.retry && finding.remedy.is_empty();
        self.findings.iter_mut().filter(for_lack).for_each(|finding| remedy.clone_into(&mut finding.remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3";

    fn finding(level: Level) -> Finding {
        Finding {
            field: "spec.replicas".to_owned(),
            remedy: "scale to 3".to_owned(),
            ..Finding::new("quorum-guard", "scale-below-quorum", level, MESSAGE)
        }
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
            one.line("Deployment web/shop"),
            "quorum-guard/scale-below-quorum: Deployment web/shop: replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3; scale to 3"
        );
        one.remedy.clear();
        assert!(one.line("Deployment web/shop").ends_with("quorum is 3"));
        assert_eq!(one.policy(), "quorum-guard");
    }
}
