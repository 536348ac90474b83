//! SARIF 2.1.0, for code scanning: one result a finding, `ruleId` the rule; what was not read, and what is kept, as notifications of the run.
//! Knows the format, not the rules.

use std::io::Write;

use kubernetes::verdict::Level;
use serde_json::{Value, json};

use super::super::position::TextPosition;
use super::super::result::{CheckResult, EvaluatedChange, InputError, KeptObject, LocatedFinding, NotEvaluated};
use crate::exit::Exit;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn write(result: &CheckResult, exit: Exit, out: &mut dyn Write) -> anyhow::Result<()> {
    let rules = rules(result);
    let results = result
        .changes
        .iter()
        .flat_map(|evaluated| evaluated.findings.iter().map(|found| sarif_result(evaluated, found, &rules)));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "quorate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| json!({"id": rule})).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<Value>>(),
            "invocations": [{
                // Denials are results, not failures of the tool.
                "executionSuccessful": result.input_errors.is_empty(),
                "exitCode": exit.code(),
                "toolExecutionNotifications": notifications(result),
            }],
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    Ok(writeln!(out)?)
}

/// The rules that speak, each once, in order.
fn rules(result: &CheckResult) -> Vec<&str> {
    let found = result.changes.iter().flat_map(|evaluated| &evaluated.findings);
    let mut rules: Vec<&str> = found.map(|found| found.finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn sarif_result(
    evaluated: &EvaluatedChange,
    LocatedFinding { finding, location }: &LocatedFinding,
    rules: &[&str],
) -> Value {
    let level = match finding.level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::NotJudged => "note",
    };
    let rendered = super::rendered_line(location).map(|line| format!(" ({line})")).unwrap_or_default();
    let name = format!("{} {}", evaluated.subject(), finding.field);
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": level,
        "message": {"text": format!("{}{rendered}", super::sentence(evaluated, finding))},
        "locations": [{
            "physicalLocation": physical(&location.file, super::source_position(location)),
            "logicalLocations": [{"fullyQualifiedName": name.trim_end()}],
        }],
    })
}

fn notifications(result: &CheckResult) -> Vec<Value> {
    let unreadable = result.input_errors.iter().map(|InputError { path, position, message, .. }| {
        notification("error", format!("unreadable: {message}"), path, *position)
    });
    let not_evaluated = result.not_evaluated.iter().map(|NotEvaluated { path, position, what, reason, .. }| {
        let what = what.as_deref().map(|what| format!("{what}: ")).unwrap_or_default();
        notification("note", format!("not evaluated: {what}{reason}"), path, *position)
    });
    let kept = result.kept.iter().map(|KeptObject { id, file, reason, .. }| {
        notification("warning", format!("kept in the cluster: {}: {reason}", id.shown()), file, None)
    });
    unreadable.chain(kept).chain(not_evaluated).collect()
}

fn notification(level: &str, text: String, path: &str, position: Option<TextPosition>) -> Value {
    let position = position.unwrap_or(TextPosition::START);
    json!({"level": level, "message": {"text": text}, "locations": [{"physicalLocation": physical(path, position)}]})
}

fn physical(path: &str, TextPosition { line, column }: TextPosition) -> Value {
    json!({"artifactLocation": {"uri": uri(path)}, "region": {"startLine": line, "startColumn": column}})
}

/// A path as a relative reference (RFC 3986).
pub(super) fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().fold(String::new(), |uri, byte| {
        if plain(byte) { format!("{uri}{}", char::from(byte)) } else { format!("{uri}%{byte:02X}") }
    })
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(uri("apps/a b/ü.yaml"), "apps/a%20b/%C3%BC.yaml");
        assert_eq!(uri("c:d.yaml"), "c%3Ad.yaml");
    }
}
