//! What a guest says: findings and annotations, collected while it runs, bounded as they come.
//! Does not know modes, phases or old defects; `evaluation` does.

use kubernetes::field_path::field_path;
use kubernetes::text::one_line;
use kubernetes::verdict::Level;
use quorate_document::{Edits, Limits};

use super::documents::parsed;
use super::{CallContext, Misuse};

/// The rule of a guest that says it cannot judge; every policy has it.
pub(crate) const NOT_JUDGED: &str = "not-judged";

/// Longest name of a rule that a message repeats, in bytes.
const MAX_RULE: usize = 63;

/// Annotations of one call: all of them go into the audit event.
const MAX_ANNOTATIONS: usize = 16;

/// Pairs of evidence of one finding.
const MAX_EVIDENCE: usize = 16;

/// A finding, for the time of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingId(pub u32);

/// What a guest said, in its own words, each cut to its bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GuestAnswer {
    /// As many as the policy may have; in the order in which they were given.
    pub findings: Vec<GuestFinding>,
    /// Of which level those were that are too many.
    pub further: Vec<(Level, usize)>,
    /// Key and value.
    pub annotations: Vec<(String, String)>,
}

impl GuestAnswer {
    fn push(&mut self, rule: &str, level: Level, message: String) {
        self.findings.push(GuestFinding {
            rule: rule.to_owned(),
            level,
            message,
            field: String::new(),
            remedy: String::new(),
            evidence: Vec::new(),
            retry: None,
            defect: None,
        });
    }
}

/// One finding of a guest.
#[derive(Debug, Clone, PartialEq)]
pub struct GuestFinding {
    /// Without the policy's name: `scale-below-quorum`.
    pub rule: String,
    /// Denied, warned, or not judged.
    pub level: Level,
    /// One line.
    pub message: String,
    /// Kubernetes path; empty if none.
    pub field: String,
    /// What to do; may be empty.
    pub remedy: String,
    /// Key and value, for machines.
    pub evidence: Vec<(String, String)>,
    /// The same request may succeed later; in so many seconds, where that is known.
    pub retry: Option<Option<u32>>,
    /// What names the defect, whatever else changes.
    pub defect: Option<String>,
}

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Said {
    answer: GuestAnswer,
}

impl Said {
    pub(super) fn into_answer(self) -> GuestAnswer {
        self.answer
    }
}

impl CallContext {
    /// `verdicts.add`. What is above the limit of findings is counted, and nothing more is kept of it.
    ///
    /// # Errors
    /// In `manifest` and `configure`, and for a rule that the manifest does not have.
    pub fn add(&mut self, rule: &str, level: Level, message: &str) -> Result<FindingId, Misuse> {
        let function = "verdicts.add";
        let manifest = self.inputs(function)?.manifest.clone();
        let rule = match (rule, level) {
            ("" | NOT_JUDGED, Level::NotJudged) => NOT_JUDGED,
            _ if manifest.rules.iter().any(|declared| declared.id == rule) => rule,
            _ => {
                return Err(Misuse::new(
                    function,
                    format!("the rule `{}` is not in the manifest", one_line(rule, MAX_RULE)),
                ));
            }
        };
        self.hand_handles(function, 1)?;
        let text = |text: &str| one_line(text, self.limits.text_bytes);
        let answer = &mut self.answer.answer;
        if answer.findings.len() >= self.limits.findings {
            match answer.further.iter_mut().find(|(further, _)| *further == level) {
                Some((_, count)) => *count += 1,
                None => answer.further.push((level, 1)),
            }
            return Ok(FindingId(u32::MAX));
        }
        let number = u32::try_from(answer.findings.len()).unwrap_or(u32::MAX);
        answer.push(rule, level, text(message));
        Ok(FindingId(number))
    }

    /// The guest gave up: one more finding. What it found before stays, its edits do not.
    pub fn cannot_judge(&mut self, why: &str) {
        self.edits = Edits::new(&Limits::DEFAULT);
        let why = if why.trim().is_empty() { "it gives no reason" } else { why };
        self.answer.answer.push(NOT_JUDGED, Level::NotJudged, one_line(why, self.limits.text_bytes));
    }

    /// `finding.at`.
    ///
    /// # Errors
    /// When `pointer` is none.
    pub fn at(&mut self, finding: FindingId, pointer: &str) -> Result<(), Misuse> {
        let at = parsed("finding.at", pointer)?;
        let path = one_line(&field_path(&at), self.limits.text_bytes);
        self.change(finding, |finding| finding.field = path);
        Ok(())
    }

    /// `finding.remedy`.
    pub fn remedy(&mut self, finding: FindingId, text: &str) {
        let text = one_line(text, self.limits.text_bytes);
        self.change(finding, |finding| finding.remedy = text);
    }

    /// `finding.evidence`.
    pub fn evidence(&mut self, finding: FindingId, key: &str, value: &str) {
        let text = |text: &str| one_line(text, self.limits.text_bytes);
        let pair = (text(key), text(value));
        self.change(finding, |finding| {
            if finding.evidence.len() < MAX_EVIDENCE {
                finding.evidence.push(pair);
            }
        });
    }

    /// `finding.retry`.
    pub fn retry(&mut self, finding: FindingId, after_seconds: Option<u32>) {
        self.change(finding, |finding| finding.retry = Some(after_seconds));
    }

    /// `finding.defect`. Kept as it is given: two names are one defect only where they are equal.
    ///
    /// # Errors
    /// When the name is longer than a text may be.
    pub fn defect(&mut self, finding: FindingId, name: &str) -> Result<(), Misuse> {
        let limit = self.limits.text_bytes;
        if name.len() > limit {
            return Err(Misuse::new(
                "finding.defect",
                format!("the name has {} bytes, allowed are {limit}", name.len()),
            ));
        }
        self.change(finding, |finding| finding.defect = Some(name.to_owned()));
        Ok(())
    }

    /// `verdicts.annotate`.
    ///
    /// # Errors
    /// In `manifest` and `configure`.
    pub fn annotate(&mut self, key: &str, value: &str) -> Result<(), Misuse> {
        self.inputs("verdicts.annotate")?;
        let text = |text: &str| one_line(text, self.limits.text_bytes);
        let pair = (text(key), text(value));
        let annotations = &mut self.answer.answer.annotations;
        if annotations.len() < MAX_ANNOTATIONS {
            annotations.push(pair);
        }
        Ok(())
    }

    /// One that was counted only has no place.
    fn change(&mut self, FindingId(number): FindingId, change: impl FnOnce(&mut GuestFinding)) {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(finding) = self.answer.answer.findings.get_mut(place) {
            change(finding);
        }
    }
}
