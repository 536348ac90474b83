//! How a review is shown: text for people, or one line of JSON for programs.
//! Adds nothing to what the policies said.

use std::io::{self, Write};

use kubernetes::admission::Request;
use kubernetes::subject::subject;
use kubernetes::text::printable;
use kubernetes::verdict::{Level, Verdict};
use quorate_check::style::{BOLD, DIM, GREEN, RED, YELLOW};
use quorate_engine::{Finding, Review};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::Format;
use crate::output::print_error;

/// One review, ready to be shown.
pub(crate) struct Report<'a> {
    subject: String,
    uid: &'a str,
    review: &'a Review,
}

/// What `--format json` prints, in this order.
#[derive(Serialize)]
struct ReportLine<'a> {
    verdict: Verdict,
    findings: &'a [Finding],
    patch: Box<RawValue>,
    uid: &'a str,
}

impl<'a> Report<'a> {
    pub(crate) fn new(request: &'a Request, review: &'a Review) -> Self {
        Self { subject: printable(&subject(request)).into_owned(), uid: &request.uid, review }
    }

    pub(crate) fn write(&self, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
        match format {
            Format::Text => self.text(out)?,
            Format::Json => self.json(out)?,
        }
        Ok(out.flush()?)
    }

    fn json(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Review { verdict, findings, patch, .. } = self.review;
        let patch = RawValue::from_string(patch.to_string())?;
        serde_json::to_writer(&mut *out, &ReportLine { verdict: *verdict, findings, patch, uid: self.uid })?;
        writeln!(out)?;
        if self.review.matched.is_empty() {
            print_error(format_args!("{}: no policy matched", self.subject));
        }
        Ok(())
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let (style, verdict) = match self.review.verdict {
            Verdict::Allowed => (GREEN, "allowed"),
            Verdict::Denied => (RED, "denied"),
            Verdict::NotJudged => (YELLOW, "not judged"),
        };
        let nobody = if self.review.matched.is_empty() { ", no policy matched" } else { "" };
        writeln!(out, "{BOLD}{}{BOLD:#}: {style}{verdict}{style:#}{nobody}", self.subject)?;
        self.review.findings.iter().try_for_each(|finding| write_finding(finding, out))?;
        self.patch(out)
    }

    fn patch(&self, out: &mut dyn Write) -> io::Result<()> {
        let operations = self.review.patch.operations();
        if !operations.is_empty() {
            writeln!(out, "  {BOLD}patch{BOLD:#}, operations: {}", operations.len())?;
        }
        operations.iter().try_for_each(|operation| writeln!(out, "    {}", printable(&operation.to_string())))
    }
}

fn write_finding(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (style, level) = match finding.level {
        Level::Deny => (RED, "deny"),
        Level::Warn => (YELLOW, "warn"),
        Level::NotJudged => (YELLOW, "not judged"),
    };
    let Finding { rule, message, field, remedy, .. } = finding;
    writeln!(out, "  {style}{level}{style:#} {BOLD}{rule}{BOLD:#}: {}", printable(message))?;
    if !remedy.is_empty() {
        writeln!(out, "    remedy: {}", printable(remedy))?;
    }
    if !field.is_empty() {
        writeln!(out, "    {DIM}at {}{DIM:#}", printable(field))?;
    }
    if finding.retry {
        writeln!(out, "    {DIM}may succeed later{DIM:#}")?;
    }
    Ok(())
}
