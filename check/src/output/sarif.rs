//! SARIF 2.1.0, for code scanning: one result a finding, `ruleId` the rule; what was not judged or read as notifications of the run.
//! Knows the format, not the rules.

use std::io::Write;

use kubernetes::verdict::Level;
use serde_json::{Value, json};

use super::super::outcome::{Gap, Judged, Outcome, Said, Trouble};
use super::super::place::Place;
use crate::exit::Exit;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn write(outcome: &Outcome, exit: Exit, out: &mut dyn Write) -> anyhow::Result<()> {
    let rules = rules(outcome);
    let results = outcome.judged.iter().flat_map(|judged| judged.said.iter().map(|said| result(judged, said, &rules)));
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
                "executionSuccessful": outcome.troubles.is_empty(),
                "exitCode": exit.code(),
                "toolExecutionNotifications": notifications(outcome),
            }],
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    Ok(writeln!(out)?)
}

/// The rules that speak, each once, in order.
fn rules(outcome: &Outcome) -> Vec<&str> {
    let said = outcome.judged.iter().flat_map(|judged| &judged.said);
    let mut rules: Vec<&str> = said.map(|said| said.finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn result(judged: &Judged, Said { finding, spot }: &Said, rules: &[&str]) -> Value {
    let level = match finding.level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::NotJudged => "note",
    };
    let rendered = super::rendered_line(spot).map(|line| format!(" ({line})")).unwrap_or_default();
    let name = format!("{} {}", judged.subject(), finding.field);
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": level,
        "message": {"text": format!("{}{rendered}", super::sentence(judged, finding))},
        "locations": [{
            "physicalLocation": physical(&spot.file, super::source_place(spot)),
            "logicalLocations": [{"fullyQualifiedName": name.trim_end()}],
        }],
    })
}

fn notifications(outcome: &Outcome) -> Vec<Value> {
    let unreadable = outcome.troubles.iter().map(|Trouble { path, place, message, .. }| {
        notification("error", format!("unreadable: {message}"), path, *place)
    });
    let gaps = outcome.gaps.iter().map(|Gap { path, place, what, reason, .. }| {
        let what = what.as_deref().map(|what| format!("{what}: ")).unwrap_or_default();
        notification("note", format!("not evaluated: {what}{reason}"), path, *place)
    });
    unreadable.chain(gaps).collect()
}

fn notification(level: &str, text: String, path: &str, place: Option<Place>) -> Value {
    let place = place.unwrap_or(Place::START);
    json!({"level": level, "message": {"text": text}, "locations": [{"physicalLocation": physical(path, place)}]})
}

fn physical(path: &str, Place { line, column }: Place) -> Value {
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
