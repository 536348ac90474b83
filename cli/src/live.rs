//! What runs now, with the rights of the kubeconfig: every rqlite set and its facts. Reads only, and no Secret.
//! Evaluates nothing, and stores nothing.

use anyhow::Context as _;
use quorate_check::Snapshot;
use quorate_cluster::Login;
use quorate_cluster::inspection::{ClusterInspector, InspectionError};

use crate::clock;

/// The cluster of the kubeconfig.
pub(crate) async fn cluster(login: &Login) -> anyhow::Result<ClusterInspector> {
    ClusterInspector::connect(login).await.context("no cluster to ask")
}

/// The sets of the cluster, or of one namespace, and what of them could not be seen.
pub(crate) async fn take_snapshot(
    inspector: &ClusterInspector,
    namespace: Option<&str>,
) -> anyhow::Result<(Snapshot, Vec<String>)> {
    let sets = inspector.sets(namespace).await?;
    let mut snapshot = Snapshot::new(clock::now());
    let mut gaps = Vec::new();
    for (namespace, name) in &sets {
        let inspection = match inspector.inspect(namespace, name).await {
            // Gone since they were listed.
            Err(InspectionError::Absent(_) | InspectionError::NotRqlite(_)) => continue,
            other => other?,
        };
        snapshot.add(namespace, name, &inspection.document, inspection.facts)?;
        gaps.extend(inspection.gaps.into_iter().map(|gap| format!("{namespace}/{name}: {gap}")));
    }
    Ok((snapshot, gaps))
}
