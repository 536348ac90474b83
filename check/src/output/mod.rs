//! The ways in which a result is written; several at once, each to its own file or to standard output.
//! None of them adds to what was found.

mod github;
mod json;
mod junit;
mod markdown;
mod sarif;
mod text;

use std::fs;
use std::io::Write;

use anyhow::Context as _;
use kubernetes::text::printable;
use quorate_engine::Finding;

use super::options::{OutputFormat, OutputTo};
use super::position::TextPosition;
use super::result::{CheckResult, EvaluatedChange, ShownSet, SourceLocation};
use crate::exit::Exit;

/// Writes every output that was asked for.
pub(super) fn write(result: &CheckResult, exit: Exit, outputs: &[OutputTo], out: &mut dyn Write) -> anyhow::Result<()> {
    for OutputTo { format, file } in outputs {
        match file {
            None => one(*format, result, exit, out)?,
            Some(path) => {
                let mut bytes = anstream::StripStream::new(Vec::new());
                one(*format, result, exit, &mut bytes)?;
                fs::write(path, bytes.into_inner()).with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(out.flush()?)
}

/// `base StatefulSet db/rqlite: <- ...`, a line for each rqlite set and side.
pub(super) fn write_ways(result: &CheckResult, out: &mut dyn Write) -> anyhow::Result<()> {
    for ShownSet { id, way } in &result.sets {
        writeln!(out, "{} {} <- {}", way.side.name(), printable(&id.shown()), printable(&way.way))?;
    }
    for gap in result.counting() {
        writeln!(out, "{} {}: not evaluated: {}", gap.side.name(), printable(gap.name()), printable(&gap.reason))?;
    }
    Ok(out.flush()?)
}

fn one(format: OutputFormat, result: &CheckResult, exit: Exit, out: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        OutputFormat::Text => text::write(result, out)?,
        OutputFormat::Json => json::write(result, exit, out)?,
        OutputFormat::Sarif => sarif::write(result, exit, out)?,
        OutputFormat::Junit => junit::write(result, out)?,
        OutputFormat::Github => github::write(result, out)?,
        OutputFormat::Markdown => markdown::write(result, out)?,
    }
    Ok(())
}

/// `StatefulSet db/rqlite: replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3; scale to 3`
fn sentence(evaluated: &EvaluatedChange, finding: &Finding) -> String {
    let Finding { message, remedy, .. } = finding;
    let stop = if remedy.is_empty() { "" } else { "; " };
    let cause = evaluated.cause.as_ref().map(|cause| format!(" (because {cause})")).unwrap_or_default();
    format!("{}: {message}{cause}{stop}{remedy}", evaluated.subject())
}

/// Where to point in the repository: a line of rendered output is none of the file that it was made from.
fn source_position(location: &SourceLocation) -> TextPosition {
    if location.rendered.is_some() { TextPosition::START } else { location.position }
}

/// `line 12 of what kustomize made of overlays/prod`
fn rendered_line(location: &SourceLocation) -> Option<String> {
    location.rendered.as_deref().map(|name| format!("line {} of {name}", location.position.line))
}
