//! For people: every change with its verdict, every finding with the line that does it, and a summary.
//! Colour goes away by itself where nobody sees it.

use std::io::{self, Write};

use anstyle::Style;
use kubernetes::verdict::{Level, Verdict};

use super::super::outcome::{By, Gap, Judged, Outcome, Said, Spot, Trouble, verdict_name};
use super::super::place::Place;
use super::super::tree::Side;
use crate::style::{BOLD, DIM, GREEN, RED, YELLOW};
use kubernetes::text::printable;

/// Longest line of a file that is shown, in characters.
const SHOWN: usize = 120;

pub(super) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    outcome.judged.iter().try_for_each(|judged| change(judged, out))?;
    outcome.troubles.iter().try_for_each(|trouble| unreadable(trouble, out))?;
    outcome.gaps.iter().try_for_each(|gap| not_evaluated(gap, out))?;
    writeln!(out, "{BOLD}{}{BOLD:#}", outcome.summary())
}

fn change(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let style = match judged.verdict {
        Verdict::Allowed => GREEN,
        Verdict::Denied => RED,
        Verdict::NotJudged => YELLOW,
    };
    let verdict = verdict_name(judged.verdict);
    let operation = judged.operation.map_or("shape", |operation| operation.name());
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}: {style}{verdict}{style:#} {DIM}{operation} {}{DIM:#}",
        printable(&judged.subject()),
        at(&judged.spot)
    )?;
    match &judged.by {
        // What is refused stands among what was not evaluated.
        By::Here | By::Refused(_) => {}
        By::Cluster => writeln!(out, "  {DIM}by the cluster's own Quorate{DIM:#}")?,
        By::Instead(why) => writeln!(out, "  {DIM}judged here: {}{DIM:#}", printable(why))?,
    }
    judged.said.iter().try_for_each(|said| finding(said, out))
}

fn finding(Said { finding, spot }: &Said, out: &mut dyn Write) -> io::Result<()> {
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
    writeln!(out, "    {DIM}at {}{field}{DIM:#}", at(spot))?;
    marked(spot, style, out)
}

/// The line, and below it what of it is meant.
fn marked(Spot { place, text, .. }: &Spot, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let shown: String = text.trim_end().chars().take(SHOWN).collect();
    if shown.is_empty() {
        return Ok(());
    }
    let shown = shown.replace('\t', " ");
    let number = place.line.to_string();
    let before = place.column.saturating_sub(1);
    let width = shown.chars().count().saturating_sub(before).max(1);
    writeln!(out, "    {DIM}{number} |{DIM:#} {}", printable(&shown))?;
    let empty = " ".repeat(number.len());
    writeln!(out, "    {DIM}{empty} |{DIM:#} {}{style}{}{style:#}", " ".repeat(before), "^".repeat(width))
}

/// `db/rqlite.yaml:8:3`, and of a line that is no more, that it is the base's.
fn at(spot: &Spot) -> String {
    let Spot { side, file, place, rendered, .. } = spot;
    let file = printable(rendered.as_deref().unwrap_or(file));
    let side = match side {
        Side::Base => " (base)",
        Side::Head => "",
    };
    format!("{file}:{}:{}{side}", place.line, place.column)
}

fn unreadable(Trouble { side, path, place, message }: &Trouble, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{RED}unreadable{RED:#} {}: {}", file_at(*side, path, *place), printable(message))
}

fn not_evaluated(Gap { side, path, place, what, reason }: &Gap, out: &mut dyn Write) -> io::Result<()> {
    let what = what.as_deref().map(|what| format!("{}: ", printable(what))).unwrap_or_default();
    writeln!(out, "{YELLOW}not evaluated{YELLOW:#} {}: {what}{}", file_at(*side, path, *place), printable(reason))
}

fn file_at(side: Side, path: &str, place: Option<Place>) -> String {
    let place = place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
    let side = match side {
        Side::Base => " (base)",
        Side::Head => "",
    };
    format!("{}{place}{side}", printable(path))
}
