//! For programs: one JSON document, version 1 (docs/check.md). Keys are added, never renamed.
//! Holds everything that the other outputs show.

use std::io::Write;

use kubernetes::verdict::{Level, Verdict};
use serde::Serialize;

use super::super::change::Operation;
use super::super::outcome::{By, Counts, Gap, Judged, Outcome, Said, Spot, Trouble};
use super::super::place::Place;
use super::super::tree::Side;
use crate::exit::Exit;

const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'o> {
    version: u32,
    exit: u8,
    summary: Summary,
    changes: Vec<Change<'o>>,
    unreadable: Vec<Unreadable<'o>>,
    not_evaluated: Vec<NotEvaluated<'o>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    text: String,
    denied: usize,
    not_judged: usize,
    allowed: usize,
    allowed_with_warnings: usize,
    not_evaluated: usize,
    unreadable: usize,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'o> {
    group: &'o str,
    kind: &'o str,
    namespace: Option<&'o str>,
    name: &'o str,
    /// `null`: there is no base, only the shape was judged.
    operation: Option<Operation>,
    verdict: Verdict,
    /// `here`, or `cluster`: the cluster's own Quorate, by a dry run.
    by: &'static str,
    /// Why the cluster's own Quorate was not heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_heard: Option<&'o str>,
    at: At<'o>,
    findings: Vec<Finding<'o>>,
    patch: &'o json_patch::Patch,
}

#[derive(Serialize)]
struct Finding<'o> {
    rule: &'o str,
    level: Level,
    message: &'o str,
    field: &'o str,
    remedy: &'o str,
    retry: bool,
    at: At<'o>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct At<'o> {
    side: Side,
    file: &'o str,
    line: usize,
    column: usize,
    /// Line and column are those of this output.
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<&'o str>,
}

#[derive(Serialize)]
struct Unreadable<'o> {
    side: Side,
    file: &'o str,
    #[serde(flatten)]
    place: Option<LineColumn>,
    message: &'o str,
}

#[derive(Serialize)]
struct NotEvaluated<'o> {
    side: Side,
    file: &'o str,
    #[serde(flatten)]
    place: Option<LineColumn>,
    what: Option<&'o str>,
    reason: &'o str,
}

#[derive(Serialize)]
struct LineColumn {
    line: usize,
    column: usize,
}

pub(super) fn write(outcome: &Outcome, exit: Exit, out: &mut dyn Write) -> anyhow::Result<()> {
    let document = Document {
        version: VERSION,
        exit: exit.code(),
        summary: Summary {
            text: outcome.summary(),
            denied: outcome.count(Verdict::Denied),
            not_judged: outcome.count(Verdict::NotJudged),
            allowed: outcome.count(Verdict::Allowed),
            allowed_with_warnings: outcome.warned(),
            not_evaluated: outcome.gaps.len(),
            unreadable: outcome.troubles.len(),
            counts: outcome.counts,
        },
        changes: outcome.judged.iter().map(change).collect(),
        unreadable: outcome.troubles.iter().map(unreadable).collect(),
        not_evaluated: outcome.gaps.iter().map(not_evaluated).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    Ok(writeln!(out)?)
}

fn change(judged: &Judged) -> Change<'_> {
    let (by, not_heard) = match &judged.by {
        By::Here => ("here", None),
        By::Cluster => ("cluster", None),
        By::Instead(why) | By::Refused(why) => ("here", Some(why.as_str())),
    };
    Change {
        group: &judged.id.group,
        kind: &judged.id.kind,
        namespace: judged.id.namespace.as_deref(),
        name: &judged.id.name,
        operation: judged.operation,
        verdict: judged.verdict,
        by,
        not_heard,
        at: at(&judged.spot),
        findings: judged.said.iter().map(finding).collect(),
        patch: &judged.patch,
    }
}

fn finding(Said { finding, spot }: &Said) -> Finding<'_> {
    let quorate_engine::Finding { rule, level, message, field, remedy, retry, .. } = finding;
    Finding { rule, level: *level, message, field, remedy, retry: *retry, at: at(spot) }
}

fn at(Spot { side, file, place, rendered, .. }: &Spot) -> At<'_> {
    At { side: *side, file, line: place.line, column: place.column, rendered: rendered.as_deref() }
}

fn unreadable(Trouble { side, path, place, message }: &Trouble) -> Unreadable<'_> {
    Unreadable { side: *side, file: path, place: place.map(line_column), message }
}

fn not_evaluated(Gap { side, path, place, what, reason }: &Gap) -> NotEvaluated<'_> {
    NotEvaluated { side: *side, file: path, place: place.map(line_column), what: what.as_deref(), reason }
}

fn line_column(Place { line, column }: Place) -> LineColumn {
    LineColumn { line, column }
}
