//! Workflow commands of GitHub Actions: an annotation at the line, for every finding and every gap that counts.
//! https://docs.github.com/actions/reference/workflow-commands-for-github-actions

use std::io::{self, Write};

use kubernetes::verdict::Level;

use super::super::position::TextPosition;
use super::super::result::{CheckResult, EvaluatedChange, InputError, KeptObject, LocatedFinding, NotEvaluated};

pub(super) fn write(result: &CheckResult, out: &mut dyn Write) -> io::Result<()> {
    for evaluated in &result.changes {
        evaluated.findings.iter().try_for_each(|found| finding(evaluated, found, out))?;
    }
    for InputError { path, position, message, .. } in &result.input_errors {
        command("error", path, position.unwrap_or(TextPosition::START), "unreadable", message, out)?;
    }
    for KeptObject { id, ways, reason, .. } in &result.kept {
        let way = ways.first().map(|way| format!(" ({})", way.way)).unwrap_or_default();
        writeln!(out, "::warning title=kept in the cluster::{}", data(&format!("{}: {reason}{way}", id.shown())))?;
    }
    for notice in &result.notices {
        writeln!(out, "::notice title=quorate check::{}", data(notice))?;
    }
    for NotEvaluated { path, position, what, reason, .. } in result.counting() {
        let what = what.as_deref().map(|what| format!("{what}: ")).unwrap_or_default();
        command(
            "notice",
            path,
            position.unwrap_or(TextPosition::START),
            "not evaluated",
            &format!("{what}{reason}"),
            out,
        )?;
    }
    writeln!(out, "::notice title=quorate check::{}", data(&result.summary()))
}

fn finding(
    evaluated: &EvaluatedChange,
    LocatedFinding { finding, location }: &LocatedFinding,
    out: &mut dyn Write,
) -> io::Result<()> {
    let level = match finding.level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::NotJudged => "notice",
    };
    let rendered = super::rendered_line(location).map(|line| format!(" ({line})")).unwrap_or_default();
    let text = format!("{}{rendered}", super::sentence(evaluated, finding));
    command(level, &location.file, super::source_position(location), &finding.rule, &text, out)
}

fn command(
    level: &str,
    file: &str,
    position: TextPosition,
    title: &str,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (file, title) = (property(file), property(title));
    let TextPosition { line, column } = position;
    writeln!(out, "::{level} file={file},line={line},col={column},title={title}::{}", data(text))
}

/// What the runner would read as the end of the text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("100 %\n::error::x"), "100 %25%0A::error::x");
        assert_eq!(property("a,b:c.yaml"), "a%2Cb%3Ac.yaml");
    }
}
