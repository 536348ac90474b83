//! `quorate man`: a man page for each command, made from the help texts.
//! Says nothing that `--help` does not say.

use std::fs;

use anyhow::Context;
use clap::CommandFactory;
use quorate_check::Exit;

use crate::args::{Args as CommandLine, Man as Args};

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let Args { folder } = args;
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(CommandLine::command(), folder));
    written.with_context(|| folder.display().to_string())?;
    Ok(Exit::Allowed)
}
