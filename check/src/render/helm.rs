//! `helm template`: as an installation would render it, without its tests, and with nothing of the user's own helm configuration.
//! Knows the command line, nothing of charts.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::tool::{ToolError, ToolName, Tools};

const HELM: ToolName = ToolName { tool: "helm", option: "--helm" };

/// What a chart's templates see as their Kubernetes; pinned, so that the same chart gives the same manifests everywhere.
const KUBE_VERSION: &str = "1.36.0";

pub(super) struct ChartRelease<'r> {
    pub(super) release: &'r str,
    pub(super) namespace: &'r str,
    pub(super) values: &'r [PathBuf],
    pub(super) inline: Option<&'r str>,
}

pub(super) fn render(tools: &Tools, chart: &Path, release: &ChartRelease<'_>) -> Result<String, ToolError> {
    let unusable = |error| ToolError::Unusable { tool: HELM.tool, error };
    let home = tempfile::tempdir().map_err(unusable)?;
    let program = tools.helm.clone().unwrap_or_else(|| PathBuf::from("helm"));
    let mut command = tools.command(&program);
    for folder in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"] {
        command.env(folder, home.path());
    }
    command.args(["template", release.release]).arg(chart);
    command.args(["--namespace", release.namespace, "--kube-version", KUBE_VERSION, "--skip-tests"]);
    for file in release.values {
        command.arg("--values").arg(file);
    }
    if let Some(inline) = release.inline {
        let mut file = tempfile::NamedTempFile::new_in(home.path()).map_err(unusable)?;
        file.write_all(inline.as_bytes()).map_err(unusable)?;
        // Kept by the folder, which outlives the command.
        let (_, path) = file.keep().map_err(|error| unusable(error.error))?;
        command.arg("--values").arg(path);
    }
    HELM.run(command)?.ok_or_else(|| HELM.missing())
}
