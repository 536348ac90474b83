//! For people: every change with its verdict, every finding with the line that does it, and a summary.
//! Colour goes away by itself where nobody sees it.

use std::io::{self, Write};

use anstyle::Style;
use kubernetes::verdict::{Level, Verdict};

use super::super::position::TextPosition;
use super::super::result::{
    CheckResult, EvaluatedChange, InputError, KeptObject, LocatedFinding, NotEvaluated, SourceLocation, VerdictSource,
    verdict_name,
};
use super::super::tree::Side;
use crate::style::{BOLD, DIM, GREEN, RED, YELLOW};
use kubernetes::text::printable;

/// Longest line of a file that is shown, in characters.
const SHOWN: usize = 120;

pub(super) fn write(result: &CheckResult, out: &mut dyn Write) -> io::Result<()> {
    result.changes.iter().try_for_each(|evaluated| change(evaluated, out))?;
    result.input_errors.iter().try_for_each(|input_error| unreadable(input_error, out))?;
    result.kept.iter().try_for_each(|object| kept(object, out))?;
    result.counting().try_for_each(|missing| not_evaluated(missing, out))?;
    result.notices.iter().try_for_each(|notice| writeln!(out, "{YELLOW}note{YELLOW:#} {}", printable(notice)))?;
    writeln!(out, "{BOLD}{}{BOLD:#}", printable_lines(&result.summary()))
}

fn change(evaluated: &EvaluatedChange, out: &mut dyn Write) -> io::Result<()> {
    let style = match evaluated.verdict {
        Verdict::Allowed => GREEN,
        Verdict::Denied => RED,
        Verdict::NotJudged => YELLOW,
    };
    let verdict = verdict_name(evaluated.verdict);
    let operation = match evaluated.operation {
        Some(operation) => operation.name(),
        None if evaluated.is_not_followed() => "from",
        None => "shape",
    };
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}: {style}{verdict}{style:#} {DIM}{operation} {}{DIM:#}",
        printable(&evaluated.subject()),
        at(&evaluated.location)
    )?;
    match &evaluated.by {
        // What is refused stands among what was not evaluated.
        VerdictSource::Local | VerdictSource::Refused(_) => {}
        VerdictSource::Cluster => writeln!(out, "  {DIM}by the cluster's own Quorate{DIM:#}")?,
        VerdictSource::LocalFallback(why) => writeln!(out, "  {DIM}judged here: {}{DIM:#}", printable(why))?,
    }
    if let Some(cause) = &evaluated.cause {
        writeln!(out, "  {DIM}because {}{DIM:#}", printable(cause))?;
    }
    evaluated.findings.iter().try_for_each(|found| finding(found, out))
}

fn kept(KeptObject { id, reason, .. }: &KeptObject, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{YELLOW}kept{YELLOW:#} {}: {}", printable(&id.shown()), printable(reason))
}

/// Names out of manifests stand in it, and its lines are ours.
fn printable_lines(text: &str) -> String {
    text.lines().map(|line| printable(line).into_owned()).collect::<Vec<_>>().join("\n")
}

fn finding(LocatedFinding { finding, location }: &LocatedFinding, out: &mut dyn Write) -> io::Result<()> {
    let (style, level) = match finding.level {
        Level::Deny => (RED, "deny"),
        Level::Warn => (YELLOW, "warn"),
        Level::NotJudged => (YELLOW, "not judged"),
    };
    writeln!(out, "  {style}{level}{style:#} {BOLD}{}{BOLD:#}: {}", finding.rule, printable(&finding.message))?;
    if !finding.remedy.is_empty() {
        writeln!(out, "    remedy: {}", printable(&finding.remedy))?;
    }
    let field = if finding.field.is_empty() { String::new() } else { format!(" {}", printable(&finding.field)) };
    writeln!(out, "    {DIM}at {}{field}{DIM:#}", at(location))?;
    marked(location, style, out)
}

/// The line, and below it what of it is meant.
fn marked(SourceLocation { position, text, .. }: &SourceLocation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let shown: String = text.trim_end().chars().take(SHOWN).collect();
    if shown.is_empty() {
        return Ok(());
    }
    let shown = shown.replace('\t', " ");
    let number = position.line.to_string();
    let before = position.column.saturating_sub(1);
    let width = shown.chars().count().saturating_sub(before).max(1);
    writeln!(out, "    {DIM}{number} |{DIM:#} {}", printable(&shown))?;
    let empty = " ".repeat(number.len());
    writeln!(out, "    {DIM}{empty} |{DIM:#} {}{style}{}{style:#}", " ".repeat(before), "^".repeat(width))
}

/// `db/rqlite.yaml:8:3`, and of a line that is no more, that it is the base's.
fn at(location: &SourceLocation) -> String {
    let SourceLocation { side, file, position, rendered, .. } = location;
    let file = printable(rendered.as_deref().unwrap_or(file));
    let side = match side {
        Side::Base => " (base)",
        Side::Head => "",
    };
    format!("{file}:{}:{}{side}", position.line, position.column)
}

fn unreadable(InputError { side, path, position, message }: &InputError, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{RED}unreadable{RED:#} {}: {}", file_at(*side, path, *position), printable(message))
}

fn not_evaluated(
    NotEvaluated { side, path, position, what, reason, .. }: &NotEvaluated,
    out: &mut dyn Write,
) -> io::Result<()> {
    let what = what.as_deref().map(|what| format!("{}: ", printable(what))).unwrap_or_default();
    writeln!(out, "{YELLOW}not evaluated{YELLOW:#} {}: {what}{}", file_at(*side, path, *position), printable(reason))
}

fn file_at(side: Side, path: &str, position: Option<TextPosition>) -> String {
    let position = position.map(|position| format!(":{}:{}", position.line, position.column)).unwrap_or_default();
    let side = match side {
        Side::Base => " (base)",
        Side::Head => "",
    };
    format!("{}{position}{side}", printable(path))
}
