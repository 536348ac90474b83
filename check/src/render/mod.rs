//! Folders that are no manifests yet: kustomizations and charts, and what the user's own tools make of them.
//! Renders nothing itself. What a tool is told is pinned, and it is kept from the network unless that was asked for.

mod closure;
mod helm;
mod kustomize;
mod renderer;
mod substitute;
mod tool;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) use closure::{NotBuilt, RenderClosures};
pub(super) use renderer::{AskedBy, Ground, RenderFailure, Renderer};
pub(super) use tool::{ToolError, Tools};

use serde_json::Value;

use super::paths::{KUSTOMIZATIONS, joined};
use super::tree::SourceTree;

/// A folder that a tool makes manifests of, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RenderRoot {
    /// Within the tree; empty for the tree itself.
    pub(super) folder: String,
    pub(super) method: RenderMethod,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RenderMethod {
    Kustomize(KustomizeOptions),
    Helm(HelmOptions),
}

/// What is laid over a kustomization.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KustomizeOptions {
    /// Members of a kustomization, as a JSON object; empty for none. Folders of components are those of the tree.
    pub(super) overlay: String,
    /// What it is laid over, where that is not the folder's own kustomization: files and folders of the tree.
    pub(super) resources: Vec<String>,
    /// Its tool lets files outside of the kustomization's own folder be read. We do so where all of them are known, and lie in the tree.
    pub(super) is_unrestricted: bool,
    /// `${NAME}` is filled in.
    pub(super) substitutions: Option<BTreeMap<String, String>>,
}

impl KustomizeOptions {
    /// The folders of the components in the overlay.
    pub(super) fn components(&self) -> Vec<String> {
        let overlay: Value = serde_json::from_str(&self.overlay).unwrap_or_default();
        let items = overlay.get("components").and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

/// How a chart is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HelmOptions {
    pub(super) release: String,
    pub(super) namespace: Option<String>,
    pub(super) chart: ChartAt,
    /// Files, within the tree.
    pub(super) values: Vec<String>,
    /// YAML text, which goes over the files.
    pub(super) inline: Option<String>,
    pub(super) sets: Vec<SetValue>,
    /// What its templates see as their Kubernetes, where that is told.
    pub(super) kube_version: Option<String>,
    pub(super) api_versions: Vec<String>,
    /// Its templates see an upgrade of what is there.
    pub(super) is_upgrade: bool,
}

/// Where a chart is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChartAt {
    /// Within the tree.
    Folder(String),
    /// A folder or an archive elsewhere, that the user gave.
    Archive(PathBuf),
    Remote {
        repository: String,
        name: String,
        version: String,
    },
}

impl Default for ChartAt {
    fn default() -> Self {
        Self::Folder(String::new())
    }
}

/// One value that goes over files and text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SetValue {
    /// `a.b=c`
    Value { assignment: String, is_text: bool },
    /// A file within the tree gives it.
    File { name: String, file: String },
}

impl RenderRoot {
    pub(super) fn kustomize(folder: &str) -> Self {
        let options = KustomizeOptions { is_unrestricted: true, ..KustomizeOptions::default() };
        Self { folder: folder.to_owned(), method: RenderMethod::Kustomize(options) }
    }

    /// A chart with nothing but its own values, and those of a file beside it; the release has the chart's name.
    pub(super) fn chart(folder: &str, name: Option<&str>, values: Option<&str>) -> Self {
        let of_folder = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("release");
        let name = name.unwrap_or(of_folder);
        let options = HelmOptions {
            release: name.to_owned(),
            chart: ChartAt::Folder(folder.to_owned()),
            values: values.into_iter().map(str::to_owned).collect(),
            ..HelmOptions::default()
        };
        Self { folder: folder.to_owned(), method: RenderMethod::Helm(options) }
    }

    /// What its output is listed under.
    pub(super) fn name(&self) -> String {
        let folder = if self.folder.is_empty() { ".".to_owned() } else { self.folder.clone() };
        match &self.method {
            RenderMethod::Kustomize(_) => format!("{folder} (kustomize)"),
            RenderMethod::Helm(HelmOptions { release, chart, values, .. }) => {
                let chart = if matches!(chart, ChartAt::Folder(_)) { folder.clone() } else { chart.shown() };
                let values: String = values.iter().map(|file| format!(", {file}")).collect();
                format!("{chart} (helm, release {release}{values})")
            }
        }
    }

    /// The files whose values go into it, the strongest last.
    pub(super) fn values(&self) -> impl Iterator<Item = String> {
        let options = match &self.method {
            RenderMethod::Helm(options) => Some(options),
            RenderMethod::Kustomize(_) => None,
        };
        let own = options.and_then(|options| match &options.chart {
            ChartAt::Folder(folder) => Some(joined(folder, "values.yaml")),
            ChartAt::Archive(_) | ChartAt::Remote { .. } => None,
        });
        own.into_iter().chain(options.into_iter().flat_map(|options| options.values.iter().cloned()))
    }

    /// The file that stands for the folder.
    pub(super) fn file(&self, tree: &SourceTree) -> String {
        match &self.method {
            RenderMethod::Helm(HelmOptions { chart: ChartAt::Folder(folder), .. }) => joined(folder, "Chart.yaml"),
            RenderMethod::Helm(HelmOptions { values, chart, .. }) => {
                values.last().cloned().unwrap_or_else(|| chart.shown())
            }
            RenderMethod::Kustomize(_) => {
                let names = KUSTOMIZATIONS.iter().map(|name| joined(&self.folder, name));
                names.into_iter().find(|path| tree.files.contains_key(path)).unwrap_or_else(|| self.folder.clone())
            }
        }
    }

    /// What the tool makes of it; `ground` is where the tree lies.
    pub(super) fn render(&self, tools: &Tools, ground: &Path, namespace: &str) -> Result<String, ToolError> {
        match &self.method {
            RenderMethod::Kustomize(options) => {
                let rendered = kustomize::render(tools, ground, &self.folder, options)?;
                Ok(match &options.substitutions {
                    Some(variables) => substitute::filled(&rendered, variables),
                    None => rendered,
                })
            }
            RenderMethod::Helm(options) => {
                let rendered = helm::render(tools, ground, options, namespace)?;
                // A template may ask for a random value; what comes out then says nothing of the next time.
                if helm::render(tools, ground, options, namespace)? == rendered {
                    Ok(rendered)
                } else {
                    Err(ToolError::Failed { tool: "helm", said: "the chart gives another output each time".to_owned() })
                }
            }
        }
    }
}

impl ChartAt {
    fn shown(&self) -> String {
        match self {
            Self::Folder(folder) => folder.clone(),
            Self::Archive(path) => {
                path.file_name().map_or_else(|| "chart".to_owned(), |name| name.to_string_lossy().into_owned())
            }
            Self::Remote { name, version, .. } => format!("{name} {version}"),
        }
    }
}
