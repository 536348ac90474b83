//! What runs now, with the rights of the kubeconfig: every rqlite set and its facts. Reads only, and no Secret.
//! Does not judge, and keeps nothing.

use anyhow::Context as _;
use quorate_check::Snapshot;
use quorate_cluster::Login;
use quorate_cluster::survey::{SurveyError, Surveyor};

use crate::clock;

/// The cluster of the kubeconfig.
pub(crate) async fn cluster(login: &Login) -> anyhow::Result<Surveyor> {
    Surveyor::connect(login).await.context("no cluster to ask")
}

/// The sets of the cluster, or of one namespace, and what of them could not be seen.
pub(crate) async fn look(surveyor: &Surveyor, namespace: Option<&str>) -> anyhow::Result<(Snapshot, Vec<String>)> {
    let sets = surveyor.sets(namespace).await?;
    let mut snapshot = Snapshot::new(clock::now());
    let mut gaps = Vec::new();
    for (namespace, name) in &sets {
        let survey = match surveyor.survey(namespace, name).await {
            // Gone since they were listed.
            Err(SurveyError::Absent(_) | SurveyError::NotRqlite(_)) => continue,
            other => other?,
        };
        snapshot.keep(namespace, name, &survey.document, survey.facts)?;
        gaps.extend(survey.gaps.into_iter().map(|gap| format!("{namespace}/{name}: {gap}")));
    }
    Ok((snapshot, gaps))
}
