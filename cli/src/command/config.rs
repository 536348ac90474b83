//! `quorate config`: the schema of the configuration file, and a check of one.
//! Starts nothing.

use std::io::Write;
use std::path::Path;

use crate::args::Config as Args;
use crate::config::{ConfigFile, schema};
use crate::load::{load, offline};
use quorate_check::Exit;

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match args {
        Args::Schema => writeln!(out, "{}", serde_json::to_string_pretty(&schema())?)?,
        Args::Check { file } => check(file, out)?,
    }
    Ok(Exit::Allowed)
}

/// Loads the policies too, since only they know what is wrong with their settings.
fn check(file: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let source = ConfigFile::read(Some(file))?;
    let resolved = source.resolve()?;
    let loaded = load(&source, &resolved, offline())?;
    writeln!(out, "{}: good, policies: {}", source.name, loaded.policies().len())?;
    Ok(())
}
