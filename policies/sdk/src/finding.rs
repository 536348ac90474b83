//! One thing that a rule has to say, and the rule that says it. Does not know how it is shown.

use crate::bindings::quorate::policy::types::{Finding as WireFinding, Level, RuleInfo};

/// A rule: its id within the policy, and one line on what it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// `scale-below-quorum`: the defect, never the cure.
    pub id: &'static str,
    pub summary: &'static str,
}

/// What a rule found. Messages: one line, no prefix, no final stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding(WireFinding);

impl Rule {
    /// The request must not pass.
    pub fn deny(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.id, Level::Deny, message.into())
    }

    /// The request may pass, and its author should know this.
    pub fn warn(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.id, Level::Warn, message.into())
    }

    pub(crate) fn info(&self) -> RuleInfo {
        RuleInfo { id: self.id.to_owned(), summary: self.summary.to_owned() }
    }
}

impl Finding {
    fn new(rule: &str, level: Level, message: String) -> Self {
        Finding(WireFinding {
            rule: rule.to_owned(),
            level,
            message,
            field: String::new(),
            remedy: String::new(),
            retry: false,
            defect: None,
        })
    }

    /// The policy cannot decide: a parent that could not be had, an object of a wrong shape.
    pub fn not_judged(message: impl Into<String>) -> Self {
        Finding::new("not-judged", Level::NotJudged, message.into())
    }

    /// Kubernetes path: `spec.template.spec.containers[0].args[2]`.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>) -> Self {
        self.0.field = path.into();
        self
    }

    /// What to do instead, one line.
    #[must_use]
    pub fn remedy(mut self, text: impl Into<String>) -> Self {
        self.0.remedy = text.into();
        self
    }

    /// The same request may succeed later.
    #[must_use]
    pub fn retry(mut self) -> Self {
        self.0.retry = true;
        self
    }

    /// Of a rule about an object's shape: what names the defect, so that the host can tell whether the old object had it.
    #[must_use]
    pub fn defect(mut self, name: impl Into<String>) -> Self {
        self.0.defect = Some(name.into());
        self
    }

    pub fn level(&self) -> Level {
        self.0.level
    }

    /// The id of the rule that found it, without the policy's name.
    pub fn rule(&self) -> &str {
        &self.0.rule
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The same finding as a warning.
    #[must_use]
    pub fn lowered(mut self) -> Self {
        if self.0.level == Level::Deny {
            self.0.level = Level::Warn;
        }
        self
    }

    pub(crate) fn into_wire(self) -> WireFinding {
        self.0
    }
}
