//! A rule of a policy, as its manifest has it.

use crate::finding::{Finding, Level};
use crate::json_writer::JsonWriter;

/// A rule: what it refuses, and how bad that is.
///
/// ```
/// use quorate_policy::{Judges, Rule, Severity};
///
/// const MISSING: Rule = Rule::new("label-missing", "a required label is missing", Severity::Medium, Judges::Object);
///
/// let finding = MISSING.deny("label team is missing").at("/metadata/labels").remedy("set it");
/// assert_eq!((finding.rule(), finding.message()), ("label-missing", "label team is missing"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    id: &'static str,
    summary: &'static str,
    severity: Severity,
    judges: Judges,
}

/// How bad it is what a rule refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Untidy.
    Low,
    /// May cost something later.
    Medium,
    /// Costs availability or security.
    High,
    /// Costs data.
    Critical,
}

/// What a rule looks at. It decides where the host can ask the rule: a scan has no change, and a repository has no live state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judges {
    /// The shape of the object by itself.
    Object,
    /// What differs from the old object.
    Change,
    /// What is so in the cluster.
    Live,
}

impl Rule {
    /// A rule. `id` is kebab-case and names the defect; `summary` is one line on what it refuses.
    pub const fn new(id: &'static str, summary: &'static str, severity: Severity, judges: Judges) -> Self {
        Rule { id, summary, severity, judges }
    }

    /// Its id within the policy.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The request must not pass. In `mutate` it is shown as a warning.
    pub fn deny(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.id, Level::Deny, message.into())
    }

    /// The request may pass, and its author should know this.
    pub fn warn(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.id, Level::Warn, message.into())
    }

    /// This rule cannot say, and why. The other rules go on.
    pub fn not_judged(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.id, Level::NotJudged, message.into())
    }

    pub(crate) fn write(&self, json: &mut JsonWriter) {
        json.object(|json| {
            json.key("id").text(self.id);
            json.key("summary").text(self.summary);
            json.key("severity").text(match self.severity {
                Severity::Low => "low",
                Severity::Medium => "medium",
                Severity::High => "high",
                Severity::Critical => "critical",
            });
            json.key("judges").text(match self.judges {
                Judges::Object => "object",
                Judges::Change => "change",
                Judges::Live => "live",
            });
        });
    }
}
