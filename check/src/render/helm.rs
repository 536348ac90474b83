//! `helm template`: as an installation would render it, without its tests, and with nothing of the user's own helm configuration.
//! Knows the command line, nothing of charts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::tool::{ToolError, ToolName, Tools};
use super::{ChartAt, HelmOptions, SetValue};

const HELM: ToolName = ToolName { tool: "helm", option: "--helm" };

/// What a chart's templates see as their Kubernetes; pinned, so that the same chart gives the same manifests everywhere.
const KUBE_VERSION: &str = "1.36.0";

pub(super) fn render(
    tools: &Tools,
    ground: &Path,
    options: &HelmOptions,
    namespace: &str,
) -> Result<String, ToolError> {
    let unusable = |error| ToolError::Unusable { tool: HELM.tool, error };
    let home = tempfile::tempdir().map_err(unusable)?;
    let program = tools.helm.clone().unwrap_or_else(|| PathBuf::from("helm"));
    let mut command = tools.command(&program);
    for folder in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"] {
        command.env(folder, home.path());
    }
    command.arg("template");
    let namespace = options.namespace.as_deref().unwrap_or(namespace);
    let kube_version = options.kube_version.as_deref().unwrap_or(KUBE_VERSION);
    command.args([&format!("--namespace={namespace}"), &format!("--kube-version={kube_version}"), "--skip-tests"]);
    command.args(options.api_versions.iter().map(|version| format!("--api-versions={version}")));
    if options.is_upgrade {
        command.arg("--is-upgrade");
    }
    // helm splits the names of files at commas.
    for (index, file) in options.values.iter().enumerate() {
        let copy = home.path().join(format!("values-{index}.yaml"));
        std::fs::copy(ground.join(file), &copy).map_err(unusable)?;
        command.arg(assigned("--values=", &copy));
    }
    if let Some(inline) = &options.inline {
        let file = home.path().join("values.yaml");
        std::fs::write(&file, inline).map_err(unusable)?;
        command.arg(assigned("--values=", &file));
    }
    for (index, set) in options.sets.iter().enumerate() {
        command.arg(match set {
            SetValue::Value { assignment, is_text: false } => OsString::from(format!("--set={assignment}")),
            SetValue::Value { assignment, is_text: true } => OsString::from(format!("--set-string={assignment}")),
            SetValue::File { name, file } => {
                let copy = home.path().join(format!("set-{index}"));
                std::fs::copy(ground.join(file), &copy).map_err(unusable)?;
                assigned(&format!("--set-file={name}="), &copy)
            }
        });
    }
    if let ChartAt::Remote { repository, version, .. } = &options.chart {
        if !version.is_empty() {
            command.arg(format!("--version={version}"));
        }
        if repository.starts_with("http") {
            command.arg(format!("--repo={repository}"));
        }
    }
    // What a manifest says is never an option.
    command.arg("--").arg(&options.release).arg(chart(ground, &options.chart));
    let rendered = HELM.run(command).map_err(|error| error.without(home.path()))?;
    rendered.ok_or_else(|| HELM.missing())
}

fn chart(ground: &Path, chart: &ChartAt) -> OsString {
    match chart {
        ChartAt::Folder(folder) => ground.join(folder).into_os_string(),
        ChartAt::Archive(path) => path.clone().into_os_string(),
        ChartAt::Remote { repository, name, .. } if repository.starts_with("http") => OsString::from(name),
        ChartAt::Remote { repository, name, .. } => {
            let repository = repository.trim_start_matches("oci://").trim_end_matches('/');
            OsString::from(format!("oci://{repository}/{name}"))
        }
    }
}

fn assigned(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}
