//! The way of an object: the chain of leading objects (Application, Kustomization, HelmRelease) from the topmost one down to it.
//! A model alone: how they are read is in `ways`, and nothing here knows a rule, or a kind that a policy looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_facts::Propagation;
use serde_json::Value;

use super::object_id::ObjectId;
use super::paths::parent_of;

/// The group of Argo CD's objects.
pub(crate) const ARGO_CD: &str = "argoproj.io";
const FLUX_KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const FLUX_HELM: &str = "helm.toolkit.fluxcd.io";

/// Leading objects by the keys of their ways.
pub(crate) type Links = BTreeMap<String, Arc<Link>>;

/// What applies manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    ArgoCd,
    Flux,
    Helm,
    Kubectl,
}

impl Tool {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ArgoCd => "Argo CD",
            Self::Flux => "Flux",
            Self::Helm => "Helm",
            Self::Kubectl => "kubectl",
        }
    }

    /// How it deletes if nothing says otherwise: Argo CD prunes in the foreground (PrunePropagationPolicy), the others in the background.
    pub(crate) const fn propagation(self) -> Propagation {
        match self {
            Self::ArgoCd => Propagation::Foreground,
            Self::Flux | Self::Helm | Self::Kubectl => Propagation::Background,
        }
    }

    /// Of a leading object.
    pub(crate) fn of_leading(group: &str, kind: &str) -> Option<Self> {
        match (group, kind) {
            (ARGO_CD, "Application" | "ApplicationSet") => Some(Self::ArgoCd),
            (FLUX_KUSTOMIZE, "Kustomization") => Some(Self::Flux),
            (FLUX_HELM, "HelmRelease") => Some(Self::Helm),
            _ => None,
        }
    }
}

/// Whether objects of the group say where Flux's sources come from.
pub(crate) fn is_source(group: &str) -> bool {
    group == "source.toolkit.fluxcd.io" || group == "source.extensions.fluxcd.io"
}

/// Text without these words holds no leading object.
pub(crate) fn leads_by_text(text: &str) -> bool {
    text.contains("argoproj.io/") || text.contains(".fluxcd.io/")
}

/// Whether the gate reads objects of this kind to find ways: those that lead to others, and the sources that they name.
pub(crate) fn is_leading(group: &str, kind: &str) -> bool {
    Tool::of_leading(group, kind).is_some() || is_source(group)
}

/// What becomes of what a leading object applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Removal {
    Deletes,
    /// It stays in the cluster, and why.
    Keeps(String),
}

/// One leading object of a way, as one side has it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: ObjectId,
    pub(crate) tool: Tool,
    /// Where it stands: a file, or a folder that is rendered.
    pub(crate) file: String,
    /// The cluster that it applies to, as it writes it; empty for its own.
    pub(crate) destination: String,
    /// What beside its name makes it another one: a release's name and namespaces.
    pub(crate) identity: String,
    /// Of a release: the name of its chart, where another one means another release.
    pub(crate) chart: Option<String>,
    /// Of what it no longer applies while it stays.
    pub(crate) when_dropped: Removal,
    /// Of all that it applied when it goes.
    pub(crate) when_gone: Removal,
    pub(crate) propagation: Propagation,
    pub(crate) propagation_when_gone: Propagation,
    pub(crate) recreation: Recreation,
    /// Keeping words that count for all its objects: Argo CD's `syncOptions`.
    pub(crate) options: Vec<String>,
    /// The object itself, for the words on it.
    pub(crate) value: Value,
    /// Why not everything that it applies is known.
    pub(crate) gaps: Vec<String>,
    /// What it reads at another revision.
    pub(crate) fixed: Vec<FixedFolder>,
}

/// A folder that is read at another revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FixedFolder {
    pub(crate) folder: String,
    /// As it is written.
    pub(crate) revision: String,
    /// Of a chart.
    pub(crate) version: Option<String>,
}

impl AsRef<Link> for Link {
    fn as_ref(&self) -> &Link {
        self
    }
}

impl Link {
    /// The name of the source that Flux takes it from.
    pub(crate) fn source_name(&self) -> Option<&str> {
        self.value.pointer("/spec/sourceRef/name").and_then(Value::as_str)
    }

    /// The names of all sources that Flux takes it from.
    pub(crate) fn source_names(&self) -> impl Iterator<Item = &str> {
        let places = ["/spec/sourceRef/name", "/spec/chart/spec/sourceRef/name", "/spec/chartRef/name"];
        places.into_iter().filter_map(|place| self.value.pointer(place)?.as_str())
    }

    /// `Kustomization flux-system/db`
    pub(crate) fn shown(&self) -> String {
        self.id.shown()
    }
}

/// When a leading object deletes and creates what it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Recreation {
    /// Argo CD's `Replace=true` for all objects of an Application.
    pub(crate) replaces: bool,
    /// Argo CD applies only what differs.
    pub(crate) only_out_of_sync: bool,
    /// Flux's `spec.force`: at a change that the API server refuses.
    pub(crate) forces: bool,
    /// Argo CD applies on the server.
    pub(crate) server_side: bool,
    /// A HelmRelease that uninstalls after an upgrade that failed.
    pub(crate) uninstalls_when_refused: bool,
}

/// How an object comes into a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Way {
    /// Topmost first. None: nobody is known to apply it.
    pub(crate) links: Vec<Arc<Link>>,
    /// The folder that was rendered, with its tool; empty for plain manifests.
    pub(crate) rendered: String,
    /// Which tool is taken to apply it where nobody is known.
    pub(crate) is_chart: bool,
}

/// Between the parts of a way's key.
pub(crate) const SEPARATOR: char = '\u{1f}';

impl Way {
    pub(crate) fn is_known(&self) -> bool {
        !self.links.is_empty()
    }

    /// What makes it the same way on both sides. It begins with the file of the topmost object.
    pub(crate) fn key(&self) -> String {
        if self.links.is_empty() { self.rendered.clone() } else { key_of(&self.links) }
    }

    /// The cluster that its leading objects name; empty for their own.
    pub(crate) fn destination(&self) -> &str {
        self.links.iter().rev().map(|link| link.destination.as_str()).find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// Which cluster it leads to, as far as that can be told: where it stands and what it names. Empty for a way that nobody is known to go.
    pub(crate) fn cluster(&self) -> String {
        let Some(top) = self.links.first() else { return String::new() };
        let folder = parent_of(&top.file);
        format!("{folder}{SEPARATOR}{}", self.destination())
    }

    /// Whether it leads to the cluster of this name: what a leading object writes, or a folder around the topmost one.
    pub(crate) fn leads_to(&self, destination: &str) -> bool {
        let plain = |link: &Arc<Link>| link.destination.trim_start_matches("cluster ").to_owned();
        let named = |link: &Arc<Link>| !link.destination.is_empty() && plain(link) == destination.trim_end_matches('/');
        let folder = destination.trim_start_matches("./").trim_end_matches('/');
        let lies_in = |link: &Arc<Link>| link.file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.links.iter().any(named) || self.links.first().is_some_and(lies_in)
    }

    /// `apps/db (kustomize) <- Kustomization flux-system/db <- clusters/eu/db.yaml; prunes`
    pub(crate) fn shown(&self, file: &str) -> String {
        let mut parts = vec![if self.rendered.is_empty() { file } else { &self.rendered }.to_owned()];
        parts.extend(self.links.iter().rev().map(|link| link.shown()));
        parts.extend(self.links.first().map(|top| top.file.clone()));
        let end = match self.links.last().map(|link| &link.when_dropped) {
            None => "; nobody is known to apply it",
            Some(Removal::Deletes) => "; prunes",
            Some(Removal::Keeps(_)) => "; does not prune",
        };
        format!("{}{end}", parts.join(" <- "))
    }
}

/// The key of the way that these links are.
pub(crate) fn key_of<L: AsRef<Link>>(links: &[L]) -> String {
    let links = || links.iter().map(AsRef::as_ref);
    let top = links().next().map(|link| link.file.clone()).unwrap_or_default();
    let names = links().map(|link| format!("{} {}{}", link.shown(), link.identity, link.destination));
    std::iter::once(top).chain(names).collect::<Vec<_>>().join(&SEPARATOR.to_string())
}

/// The only tool whose leading objects stand in a tree.
pub(crate) fn only_tool(before: &Links, after: &Links) -> Option<Tool> {
    let mut tools =
        before.values().chain(after.values()).map(|link| if link.tool == Tool::Helm { Tool::Flux } else { link.tool });
    let first = tools.next()?;
    tools.all(|tool| tool == first).then_some(first)
}

/// The key with another file of its topmost object.
pub(crate) fn moved(key: &str, from: &str, to: &str) -> Option<String> {
    let rest = key.strip_prefix(from)?;
    rest.starts_with(SEPARATOR).then(|| format!("{to}{rest}"))
}
