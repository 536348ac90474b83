//! Folders that are no manifests yet: kustomizations and charts, and what the user's own tools make of them.
//! Renders nothing itself. What a tool is told is pinned, and it is kept from the network unless that was asked for.

mod closure;
mod helm;
mod kustomize;
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) use closure::{RenderClosures, folder_of, joined};
pub(super) use tool::{ToolError, Tools};

use super::tree::SourceTree;

/// A folder that a tool makes manifests of, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RenderRoot {
    /// Within the tree; empty for the tree itself.
    pub(super) folder: String,
    pub(super) method: RenderMethod,
    /// Where its objects go that name no namespace.
    pub(super) namespace: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RenderMethod {
    Kustomize,
    Helm {
        release: String,
        /// Files, within the tree.
        values: Vec<String>,
        /// YAML text, which goes over the files.
        inline: Option<String>,
    },
}

impl RenderRoot {
    pub(super) fn kustomize(folder: &str) -> Self {
        Self { folder: folder.to_owned(), method: RenderMethod::Kustomize, namespace: None }
    }

    /// A chart with nothing but its own values.
    pub(super) fn chart(folder: &str) -> Self {
        let name = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("release");
        let recipe = RenderMethod::Helm { release: name.to_owned(), values: Vec::new(), inline: None };
        Self { folder: folder.to_owned(), method: recipe, namespace: None }
    }

    /// What its output is listed under.
    pub(super) fn name(&self) -> String {
        let folder = if self.folder.is_empty() { "." } else { &self.folder };
        match &self.method {
            RenderMethod::Kustomize => format!("{folder} (kustomize)"),
            RenderMethod::Helm { release, .. } => format!("{folder} (helm, release {release})"),
        }
    }

    /// The file that stands for the folder.
    pub(super) fn file(&self, tree: &SourceTree) -> String {
        match self.method {
            RenderMethod::Helm { .. } => joined(&self.folder, "Chart.yaml"),
            RenderMethod::Kustomize => {
                let names = KUSTOMIZATIONS.iter().map(|name| joined(&self.folder, name));
                names.into_iter().find(|path| tree.files.contains_key(path)).unwrap_or_else(|| self.folder.clone())
            }
        }
    }

    /// What the tool makes of it; `ground` is where the tree lies.
    pub(super) fn render(&self, tools: &Tools, ground: &Path, namespace: &str) -> Result<String, ToolError> {
        let folder = ground.join(&self.folder);
        match &self.method {
            RenderMethod::Kustomize => kustomize::render(tools, &folder),
            RenderMethod::Helm { release, values, inline } => {
                let namespace = self.namespace.as_deref().unwrap_or(namespace);
                let values: Vec<_> = values.iter().map(|file| ground.join(file)).collect();
                helm::render(
                    tools,
                    &folder,
                    &helm::ChartRelease { release, namespace, values: &values, inline: inline.as_deref() },
                )
            }
        }
    }
}

/// The names that kustomize itself looks for.
pub(super) const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What of a tree is to be rendered, and which of its files are therefore no manifests by themselves.
#[derive(Debug, Default)]
pub(super) struct RenderPlan {
    pub(super) roots: BTreeSet<RenderRoot>,
    pub(super) consumed: BTreeSet<String>,
    /// Roots that cannot be rendered without the network.
    pub(super) remote: BTreeMap<String, String>,
}

impl RenderPlan {
    /// Every chart and every kustomization that no other one uses, and those that Argo CD or Flux apply.
    pub(super) fn of(tree: &SourceTree, closures: &RenderClosures, followed: &[RenderRoot]) -> Self {
        let mut roots: BTreeSet<RenderRoot> = followed.iter().cloned().collect();
        let is_followed = |folder: &str| followed.iter().any(|root| root.folder == folder);
        roots.extend(
            closures.charts.iter().filter(|folder| !is_followed(folder)).map(|folder| RenderRoot::chart(folder)),
        );
        let outer = closures.outer().filter(|folder| !is_followed(folder));
        roots.extend(outer.map(RenderRoot::kustomize));
        let below_chart = |path: &str| closures.charts.iter().any(|chart| is_below(path, chart));
        let consumed = tree.files.keys().filter(|path| closures.uses(path) || below_chart(path));
        let consumed = consumed.cloned().collect();
        let remote = |root: &RenderRoot| Some((root.folder.clone(), closures.remote_of(&root.folder)?.to_owned()));
        let remote = roots.iter().filter(|root| root.method == RenderMethod::Kustomize).filter_map(remote).collect();
        Self { consumed, roots, remote }
    }
}

/// Whether the path is the folder, or lies in it.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
