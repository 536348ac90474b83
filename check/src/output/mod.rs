//! The ways in which an outcome is written; several at once, each to its own file or to standard output.
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
use quorate_engine::Finding;

use super::options::{OutputFormat, OutputTo};
use super::outcome::{Judged, Outcome, Spot};
use super::place::Place;
use crate::exit::Exit;

/// Writes every output that was asked for.
pub(super) fn write(outcome: &Outcome, exit: Exit, outputs: &[OutputTo], out: &mut dyn Write) -> anyhow::Result<()> {
    for OutputTo { format, file } in outputs {
        match file {
            None => one(*format, outcome, exit, out)?,
            Some(path) => {
                let mut bytes = anstream::StripStream::new(Vec::new());
                one(*format, outcome, exit, &mut bytes)?;
                fs::write(path, bytes.into_inner()).with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(out.flush()?)
}

fn one(format: OutputFormat, outcome: &Outcome, exit: Exit, out: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        OutputFormat::Text => text::write(outcome, out)?,
        OutputFormat::Json => json::write(outcome, exit, out)?,
        OutputFormat::Sarif => sarif::write(outcome, exit, out)?,
        OutputFormat::Junit => junit::write(outcome, out)?,
        OutputFormat::Github => github::write(outcome, out)?,
        OutputFormat::Markdown => markdown::write(outcome, out)?,
    }
    Ok(())
}

/// `StatefulSet db/rqlite: replicas 5 -> 2 leaves 2 of 5 voters, quorum is 3; scale to 3`
fn sentence(judged: &Judged, finding: &Finding) -> String {
    let Finding { message, remedy, .. } = finding;
    let stop = if remedy.is_empty() { "" } else { "; " };
    format!("{}: {message}{stop}{remedy}", judged.subject())
}

/// Where to point in the repository: a line of rendered output is none of the file that it was made from.
fn source_place(spot: &Spot) -> Place {
    if spot.rendered.is_some() { Place::START } else { spot.place }
}

/// `line 12 of what kustomize made of overlays/prod`
fn rendered_line(spot: &Spot) -> Option<String> {
    spot.rendered.as_deref().map(|name| format!("line {} of {name}", spot.place.line))
}
