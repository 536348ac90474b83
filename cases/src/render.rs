//! A verdict as the words of a case: every finding whole, every patch operation on its line.

use std::fmt::Write as _;

use kubernetes::verdict::Level;
use quorate_engine::host::GuestFinding;
use serde_json::Value;

use super::{Ran, Verdict};

/// Where there is nothing to say.
pub(crate) const ALLOWED: &str = "allowed";

/// The text of what came of a case; `allowed` alone where there is nothing to say.
pub fn render(policy: &str, ran: &Ran) -> String {
    let mut text = String::new();
    if let Some(verdict) = &ran.mutated {
        findings(&mut text, policy, verdict);
        patch(&mut text, verdict.patch.as_deref().unwrap_or("[]"));
    }
    if let Some(verdict) = &ran.validated {
        findings(&mut text, policy, verdict);
    }
    if text.is_empty() { format!("{ALLOWED}\n") } else { text }
}

fn findings(text: &mut String, policy: &str, verdict: &Verdict) {
    for finding in &verdict.findings {
        // Writing into a String cannot fail.
        let _ = one(text, policy, finding);
    }
}

fn one(text: &mut String, policy: &str, finding: &GuestFinding) -> std::fmt::Result {
    let level = match finding.level {
        Level::Deny => "deny",
        Level::Warn => "warn",
        Level::NotJudged => "not judged",
    };
    writeln!(text, "{level} {policy}/{}: {}", finding.rule, finding.message)?;
    if !finding.remedy.is_empty() {
        writeln!(text, "  remedy: {}", finding.remedy)?;
    }
    if !finding.field.is_empty() {
        writeln!(text, "  field: {}", finding.field)?;
    }
    if finding.retry.is_some() {
        writeln!(text, "  retry: true")?;
    }
    if let Some(defect) = &finding.defect {
        writeln!(text, "  defect: {defect}")?;
    }
    Ok(())
}

fn patch(text: &mut String, patch: &str) {
    let operations: Vec<Value> = serde_json::from_str(patch).unwrap_or_default();
    for operation in operations {
        let (op, path) = (operation["op"].as_str().unwrap_or_default(), operation["path"].as_str().unwrap_or_default());
        let value = operation.get("value").or_else(|| operation.get("from"));
        let value = value.map(|value| format!(" {value}")).unwrap_or_default();
        let _ = writeln!(text, "patch {op} {path}{value}");
    }
}
