//! `quorate snapshot save`: what runs, and what is known of it, for pipelines that cannot ask the cluster themselves.
//! Reads with the rights of the kubeconfig, and no Secret.

use std::io::Write;

use anyhow::{Context as _, ensure};
use quorate_webhook::cluster::survey::Surveyor;

use crate::args::Snapshot as Args;
use crate::check::snapshot::Snapshot;
use crate::exit::Exit;
use crate::output::complain;

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let Args::Save { file, namespace } = args;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (snapshot, gaps) = runtime.block_on(take(namespace.as_deref()))?;
    for gap in &gaps {
        complain(gap);
    }
    snapshot.write(file)?;
    writeln!(out, "{}: rqlite sets: {}", file.display(), snapshot.len())?;
    Ok(if gaps.is_empty() { Exit::Allowed } else { Exit::NotJudged })
}

/// The snapshot, and what of it could not be seen.
async fn take(namespace: Option<&str>) -> anyhow::Result<(Snapshot, Vec<String>)> {
    let surveyor = Surveyor::connect().await?;
    let sets = surveyor.sets(namespace).await.context("statefulsets could not be listed")?;
    let mut snapshot = Snapshot::new();
    let mut gaps = Vec::new();
    for (namespace, name) in &sets {
        let survey = surveyor.survey(namespace, name).await?;
        snapshot.keep(namespace, name, &survey.json, survey.facts)?;
        gaps.extend(survey.gaps.into_iter().map(|gap| format!("{namespace}/{name}: {gap}")));
    }
    ensure!(!sets.is_empty() || namespace.is_none(), "no StatefulSet of this namespace runs rqlite");
    Ok((snapshot, gaps))
}
