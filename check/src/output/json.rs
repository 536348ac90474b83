//! For programs: one JSON document, version 1 (docs/check.md). Keys are added, never renamed.
//! Holds everything that the other outputs show.

use std::io::Write;

use kubernetes::verdict::{Level, Verdict};
use quorate_document::Patch;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::manifest_change::{ChangeOperation, ShownWay};
use super::super::position::TextPosition;
use super::super::result::{
    ChangeCounts, CheckResult, EvaluatedChange, InputError, KeptObject, LocatedFinding, NotEvaluated, SourceLocation,
    VerdictSource,
};
use super::super::tree::Side;
use crate::exit::Exit;

const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportJson<'o> {
    version: u32,
    exit: u8,
    summary: SummaryJson,
    changes: Vec<ChangeJson<'o>>,
    unreadable: Vec<InputErrorJson<'o>>,
    not_evaluated: Vec<NotEvaluatedJson<'o>>,
    kept: &'o [KeptObject],
    notices: &'o [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryJson {
    text: String,
    denied: usize,
    not_judged: usize,
    allowed: usize,
    allowed_with_warnings: usize,
    not_evaluated: usize,
    /// Of these, what an rqlite set may be behind.
    not_evaluated_that_count: usize,
    unreadable: usize,
    kept: usize,
    #[serde(flatten)]
    counts: ChangeCounts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeJson<'o> {
    group: &'o str,
    kind: &'o str,
    namespace: Option<&'o str>,
    name: &'o str,
    /// `null`: there is no base, only the shape was evaluated.
    operation: Option<ChangeOperation>,
    verdict: Verdict,
    /// `here`, or `cluster`: the cluster's own Quorate, by a dry run.
    by: &'static str,
    /// Why the cluster's own Quorate was not heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_heard: Option<&'o str>,
    /// Why it comes to this: the link that broke, the word that forces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'o str>,
    at: LocationJson<'o>,
    ways: &'o [ShownWay],
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_until: Option<&'o str>,
    findings: Vec<FindingJson<'o>>,
    #[serde(serialize_with = "as_json")]
    patch: &'o Patch,
}

#[derive(Serialize)]
struct FindingJson<'o> {
    rule: &'o str,
    level: Level,
    message: &'o str,
    field: &'o str,
    remedy: &'o str,
    retry: bool,
    at: LocationJson<'o>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationJson<'o> {
    side: Side,
    file: &'o str,
    line: usize,
    column: usize,
    /// Line and column are those of this output.
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<&'o str>,
}

#[derive(Serialize)]
struct InputErrorJson<'o> {
    side: Side,
    file: &'o str,
    #[serde(flatten)]
    place: Option<LineColumn>,
    message: &'o str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotEvaluatedJson<'o> {
    side: Side,
    file: &'o str,
    #[serde(flatten)]
    place: Option<LineColumn>,
    what: Option<&'o str>,
    reason: &'o str,
    counts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_until: Option<&'o str>,
}

#[derive(Serialize)]
struct LineColumn {
    line: usize,
    column: usize,
}

pub(super) fn write(result: &CheckResult, exit: Exit, out: &mut dyn Write) -> anyhow::Result<()> {
    let document = ReportJson {
        version: VERSION,
        exit: exit.code(),
        summary: SummaryJson {
            text: result.summary(),
            denied: result.count(Verdict::Denied),
            not_judged: result.count(Verdict::NotJudged),
            allowed: result.count(Verdict::Allowed),
            allowed_with_warnings: result.warned(),
            not_evaluated: result.not_evaluated.len(),
            not_evaluated_that_count: result.counting().count(),
            unreadable: result.input_errors.len(),
            kept: result.kept.len(),
            counts: result.counts,
        },
        changes: result.changes.iter().map(change).collect(),
        unreadable: result.input_errors.iter().map(unreadable).collect(),
        not_evaluated: result.not_evaluated.iter().map(not_evaluated).collect(),
        kept: &result.kept,
        notices: &result.notices,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    Ok(writeln!(out)?)
}

fn change(evaluated: &EvaluatedChange) -> ChangeJson<'_> {
    let (by, not_heard) = match &evaluated.by {
        VerdictSource::Local => ("here", None),
        VerdictSource::Cluster => ("cluster", None),
        VerdictSource::LocalFallback(why) | VerdictSource::Refused(why) => ("here", Some(why.as_str())),
    };
    ChangeJson {
        group: &evaluated.id.group,
        kind: &evaluated.id.kind,
        namespace: evaluated.id.namespace.as_deref(),
        name: &evaluated.id.name,
        operation: evaluated.operation,
        verdict: evaluated.verdict,
        by,
        not_heard,
        because: evaluated.cause.as_deref(),
        at: at(&evaluated.location),
        ways: &evaluated.ways,
        accepted_until: evaluated.accepted_until.as_deref(),
        findings: evaluated.findings.iter().map(finding).collect(),
        patch: &evaluated.patch,
    }
}

fn as_json<S: Serializer>(patch: &&Patch, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(patch.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

fn finding(LocatedFinding { finding, location }: &LocatedFinding) -> FindingJson<'_> {
    let quorate_engine::Finding { rule, level, message, field, remedy, retry, .. } = finding;
    FindingJson { rule, level: *level, message, field, remedy, retry: *retry, at: at(location) }
}

fn at(SourceLocation { side, file, position: place, rendered, .. }: &SourceLocation) -> LocationJson<'_> {
    LocationJson { side: *side, file, line: place.line, column: place.column, rendered: rendered.as_deref() }
}

fn unreadable(InputError { side, path, position: place, message }: &InputError) -> InputErrorJson<'_> {
    InputErrorJson { side: *side, file: path, place: place.map(line_column), message }
}

fn not_evaluated(gap: &NotEvaluated) -> NotEvaluatedJson<'_> {
    let NotEvaluated { side, path, position, what, reason, counts, accepted_until, .. } = gap;
    NotEvaluatedJson {
        side: *side,
        file: path,
        place: position.map(line_column),
        what: what.as_deref(),
        reason,
        counts: *counts,
        accepted_until: accepted_until.as_deref(),
    }
}

fn line_column(TextPosition { line, column }: TextPosition) -> LineColumn {
    LineColumn { line, column }
}
