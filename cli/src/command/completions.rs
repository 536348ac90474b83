//! `quorate completions`: what a shell needs to complete the command line, made from the one that clap reads.
//! Puts it nowhere: each shell, and each system, has a folder of its own for that.

use std::io::Write;

use clap::CommandFactory;
use quorate_check::Exit;

use crate::args::{Args as CommandLine, Completions as Args};

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    // By way of memory: the generator ends the process when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut CommandLine::command(), "quorate", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Allowed)
}
