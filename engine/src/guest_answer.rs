//! A guest's answer, checked against its description and made fit to be shown.
//! Does not know modes, phases or what the patch does; `evaluation` does.

#[cfg(test)]
mod tests;

use crate::binding::PolicyLimits;
use crate::description::Description;
use crate::failure::PolicyFailure;
use crate::policy::RawVerdict;
use crate::verdict::Finding;
use crate::wit::types as guest;
use kubernetes::text::one_line;
use kubernetes::verdict::Level;

/// The rule of a guest that says it cannot judge; every policy has it.
pub(crate) const NOT_JUDGED: &str = "not-judged";

/// The rule of what the limit on findings cut off.
pub(crate) const FURTHER_FINDINGS: &str = "further-findings";

/// The rule that says what a policy in mode warn leaves unpatched.
pub(crate) const WOULD_PATCH: &str = "would-patch";

/// The longest name part of a qualified Kubernetes name, in bytes.
const MAX_AUDIT_KEY: usize = 63;

/// What a guest said, in our words.
#[derive(Debug, PartialEq)]
pub(crate) struct GuestAnswer {
    pub(crate) findings: Vec<GuestFinding>,
    /// JSON text, not looked at yet.
    pub(crate) patch: Option<String>,
    pub(crate) audit: Vec<(String, String)>,
}

/// A finding, and the name of the defect in the object's shape, if it is about one.
#[derive(Debug, PartialEq)]
pub(crate) struct GuestFinding {
    pub(crate) finding: Finding,
    pub(crate) defect: Option<String>,
}

impl GuestAnswer {
    pub(crate) fn checked(
        description: &Description,
        limits: &PolicyLimits,
        raw: RawVerdict,
    ) -> Result<Self, PolicyFailure> {
        let mut findings = Vec::with_capacity(raw.findings.len().min(limits.findings));
        for finding in raw.findings {
            findings.push(checked_finding(description, limits, finding)?);
        }
        summarise(&description.name, limits.findings, &mut findings);
        let audit = raw.audit.into_iter().take(limits.findings);
        Ok(Self {
            findings,
            patch: raw.patch,
            audit: audit.filter_map(|(key, value)| annotation(&description.name, limits, &key, &value)).collect(),
        })
    }
}

fn checked_finding(
    description: &Description,
    limits: &PolicyLimits,
    raw: guest::Finding,
) -> Result<GuestFinding, PolicyFailure> {
    let level = match raw.level {
        guest::Level::Deny => Level::Deny,
        guest::Level::Warn => Level::Warn,
        guest::Level::NotJudged => Level::NotJudged,
    };
    let declared = description.rules.iter().any(|rule| rule.id == raw.rule);
    let gives_up = raw.rule == NOT_JUDGED && level == Level::NotJudged;
    if !(declared || gives_up) {
        return Err(PolicyFailure::bad_output(format!(
            "the rule `{}` is not one that it declares",
            one_line(&raw.rule, 63)
        )));
    }
    let text = |text: &str| one_line(text, limits.text_bytes);
    Ok(GuestFinding {
        finding: Finding {
            rule: format!("{}/{}", description.name, raw.rule),
            level,
            message: text(&raw.message),
            field: text(&raw.field),
            remedy: text(&raw.remedy),
            retry: raw.retry,
            of_shape: raw.defect.is_some(),
        },
        defect: raw.defect,
    })
}

/// Replaces what is above the limit by one finding as heavy as the heaviest of them.
///
/// It has a rule of its own, so that no break-glass for a shown rule covers a hidden one.
fn summarise(policy: &str, max: usize, findings: &mut Vec<GuestFinding>) {
    if findings.len() <= max {
        return;
    }
    let rest = findings.split_off(max);
    let has = |level| rest.iter().any(|found| found.finding.level == level);
    let level = if has(Level::Deny) {
        Level::Deny
    } else if has(Level::NotJudged) {
        Level::NotJudged
    } else {
        Level::Warn
    };
    findings.push(GuestFinding {
        finding: Finding {
            rule: format!("{policy}/{FURTHER_FINDINGS}"),
            level,
            message: format!("{} more findings, {max} are shown", rest.len()),
            field: String::new(),
            remedy: "repair the shown ones and ask again".to_owned(),
            retry: false,
            of_shape: false,
        },
        defect: None,
    });
}

/// `<policy>.<key>`: two policies may use the same key. The API server drops keys with other characters.
fn annotation(policy: &str, limits: &PolicyLimits, key: &str, value: &str) -> Option<(String, String)> {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let key: String = format!("{policy}.{key}").chars().map(safe).take(MAX_AUDIT_KEY).collect();
    let key = key.trim_end_matches(['-', '_', '.']);
    (key.len() > policy.len()).then(|| (key.to_owned(), one_line(value, limits.text_bytes)))
}
