//! `quorate snapshot save`: what runs, and what is known of it, for pipelines that cannot ask the cluster themselves.
//! Writes a file; what is read, and how, is `live`.

use std::io::Write;

use crate::args::Snapshot as Args;
use crate::live::{cluster, take_snapshot};
use crate::output::print_error;
use quorate_check::Exit;

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let Args::Save { file, namespace, cluster: at } = args;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (snapshot, gaps) =
        runtime.block_on(async { take_snapshot(&cluster(&at.login()).await?, namespace.as_deref()).await })?;
    gaps.iter().for_each(print_error);
    snapshot.write(file)?;
    writeln!(out, "{}: rqlite sets: {}", file.display(), snapshot.sets())?;
    Ok(if gaps.is_empty() { Exit::Allowed } else { Exit::NotJudged })
}
