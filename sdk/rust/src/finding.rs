//! One thing that a rule has to say. Does not know how it is shown.

use std::borrow::Cow;

use crate::host::{Host, HostRef};

/// What a finding does to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It is refused.
    Deny,
    /// The rule cannot say, and why.
    NotJudged,
    /// It may pass, with a warning.
    Warn,
}

/// What a rule found; [`Rule`](crate::Rule) makes it, [`Verdict::push`](crate::Verdict::push) tells it.
/// Messages: one line, no prefix, no final stop; the first 200 characters suffice by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    rule: Cow<'static, str>,
    level: Level,
    message: String,
    at: Option<String>,
    remedy: Option<String>,
    evidence: Vec<(String, String)>,
    retry: Option<Option<u32>>,
    defect: Option<String>,
}

impl Finding {
    pub(crate) fn new(rule: impl Into<Cow<'static, str>>, level: Level, message: String) -> Self {
        let rule = rule.into();
        Finding { rule, level, message, at: None, remedy: None, evidence: Vec::new(), retry: None, defect: None }
    }

    /// The policy as a whole cannot judge, and why; one of its rules says so by [`Rule::not_judged`](crate::Rule::not_judged).
    pub fn not_judged(message: impl Into<String>) -> Self {
        Finding::new("", Level::NotJudged, message.into())
    }

    /// The same as a warning, where it is a denial.
    #[must_use]
    pub fn lowered(mut self) -> Self {
        if self.level == Level::Deny {
            self.level = Level::Warn;
        }
        self
    }

    /// Where it stands in the object, an RFC 6901 pointer. Not said: the object as a whole.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.at = Some(pointer.into());
        self
    }

    /// What to do instead, one line.
    #[must_use]
    pub fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }

    /// A value behind the message, for machines and for translated messages: `voters`, `5`.
    #[must_use]
    pub fn evidence(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.evidence.push((key.into(), value.to_string()));
        self
    }

    /// The same request may succeed later.
    #[must_use]
    pub fn retry(mut self, after_seconds: Option<u32>) -> Self {
        self.retry = Some(after_seconds);
        self
    }

    /// Names a defect that stays the same one while other things change: no positions, no counts, the bad value in it.
    /// If the old object has it too, the host lowers the finding to a warning.
    #[must_use]
    pub fn defect(mut self, name: impl Into<String>) -> Self {
        self.defect = Some(name.into());
        self
    }

    /// The id of the rule that found it.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// What it does to the request.
    pub fn level(&self) -> Level {
        self.level
    }

    /// What it says.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn send(&self, host: HostRef<'_>) {
        let id = host.add(&self.rule, self.level, &self.message);
        if let Some(pointer) = &self.at {
            host.at(id, pointer);
        }
        if let Some(text) = &self.remedy {
            host.remedy(id, text);
        }
        for (key, value) in &self.evidence {
            host.evidence(id, key, value);
        }
        if let Some(after_seconds) = self.retry {
            host.retry(id, after_seconds);
        }
        if let Some(name) = &self.defect {
            host.defect(id, name);
        }
    }
}
