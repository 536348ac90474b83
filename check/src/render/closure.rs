//! Which kustomizations and charts a tree has, and which files and folders each of them uses.
//! Reads kustomizations as far as they name files; what they do with them is for kustomize.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::tree::{Content, SourceTree};
use crate::input;
use crate::paths::{KUSTOMIZATIONS, above, joined};
use crate::versions::fits;

/// All of a tree's kustomizations and charts, by folder.
#[derive(Debug, Default)]
pub(crate) struct RenderClosures {
    /// What each kustomization uses.
    kustomizations: BTreeMap<String, KustomizationUses>,
    /// The folders of the kustomizations that use a file or a folder; its own does not count.
    users: BTreeMap<String, BTreeSet<String>>,
    /// Every chart, with name and version.
    charts: BTreeMap<String, ChartName>,
    /// Those that lie in no other one.
    outer_charts: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct KustomizationUses {
    /// Files and folders that it names, within the tree.
    uses: BTreeSet<String>,
    /// A Component is nothing by itself.
    is_component: bool,
    /// Why it cannot be built here: what it fetches from elsewhere, or who has to build it.
    not_built: Option<NotBuilt>,
    /// Every file that it reads is named in `uses`: nothing in it is a program of its own.
    stays_inside: bool,
}

/// Why a kustomization cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotBuilt {
    /// It fetches this.
    Remote(String),
    /// Another builder is needed, or a file outside of the tree.
    Other(String),
}

#[derive(Debug, Default)]
struct ChartName {
    name: String,
    version: String,
}

impl RenderClosures {
    pub(crate) fn of(tree: &SourceTree) -> Self {
        let mut closures = Self::default();
        for (path, file) in &tree.files {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            if KUSTOMIZATIONS.contains(&name) {
                closures.kustomization(folder, &file.text, tree);
            } else if name == "Chart.yaml" {
                closures.charts.insert(folder.to_owned(), chart_name(&file.text));
            }
        }
        closures.keep_live_users();
        let is_inner = |chart: &str| above(chart).any(|outer| outer != chart && closures.charts.contains_key(outer));
        closures.outer_charts = closures.charts.keys().filter(|chart| !is_inner(chart)).cloned().collect();
        closures
    }

    /// A kustomization that no other one uses and that is a component uses nothing by itself.
    fn keep_live_users(&mut self) {
        let outer: Vec<String> = self.outer().map(str::to_owned).collect();
        let live: BTreeSet<String> = outer.iter().flat_map(|folder| self.reach(folder)).collect();
        for users in self.users.values_mut() {
            users.retain(|user| live.contains(user));
        }
        self.users.retain(|_, users| !users.is_empty());
    }

    fn kustomization(&mut self, folder: &str, text: &str, tree: &SourceTree) {
        let document = input::parse_yaml::<Value>(text).ok().and_then(|documents| documents.into_iter().next());
        let document = document.unwrap_or(Value::Null);
        let named = named_paths(&document);
        let is_remote = |named: &str| is_remote(named) && !is_there(&joined(folder, named), tree);
        let inside = named.iter().filter(|named| !is_remote(named)).map(|named| joined(folder, named));
        let own = KUSTOMIZATIONS.iter().map(|name| joined(folder, name));
        let uses: BTreeSet<String> = inside.chain(own).collect();
        let outside = uses.iter().find(|path| path.starts_with("../") || path.starts_with('/') || *path == "..");
        let remote = named.iter().find(|named| is_remote(named)).cloned().map(NotBuilt::Remote);
        let charts = ["helmCharts", "helmChartInflationGenerator"]
            .into_iter()
            .find(|key| document.get(key).and_then(Value::as_array).is_some_and(|charts| !charts.is_empty()));
        let foreign = document.as_object().and_then(|members| members.keys().find(|key| !KEYS.contains(&key.as_str())));
        let foreign = foreign.map(|key| format!("has the key `{key}`, which is not known here"));
        let stays_inside = !["generators", "transformers", "validators", "configurations", "crds", "openapi"]
            .iter()
            .any(|key| document.get(key).is_some_and(|value| !value.is_null()));
        let other =
            foreign.or_else(|| charts.map(|key| format!("has `{key}`, which only `kustomize --enable-helm` builds")));
        let other =
            other.or_else(|| outside.map(|path| format!("uses `{path}`, which lies outside of the repository")));
        for path in uses.iter().filter(|path| path.as_str() != folder) {
            self.users.entry(path.clone()).or_default().insert(folder.to_owned());
        }
        let uses = KustomizationUses {
            uses,
            is_component: document.get("kind").is_some_and(|kind| kind == "Component"),
            not_built: other.map(NotBuilt::Other).or(remote),
            stays_inside,
        };
        self.kustomizations.insert(folder.to_owned(), uses);
    }

    pub(crate) fn is_kustomization(&self, folder: &str) -> bool {
        self.kustomizations.contains_key(folder)
    }

    /// Whether the folder is a chart, its own or one within another.
    pub(crate) fn is_any_chart(&self, folder: &str) -> bool {
        self.charts.contains_key(folder)
    }

    /// The name of a chart of the tree.
    pub(crate) fn chart_name(&self, folder: &str) -> Option<&str> {
        self.charts.get(folder).map(|chart| chart.name.as_str()).filter(|name| !name.is_empty())
    }

    pub(crate) fn chart_version(&self, folder: &str) -> Option<&str> {
        self.charts.get(folder).map(|chart| chart.version.as_str())
    }

    /// The charts that lie in no other one.
    pub(crate) fn outer_charts(&self) -> impl Iterator<Item = &str> {
        self.outer_charts.iter().map(String::as_str)
    }

    /// The outermost chart that the path lies in.
    pub(crate) fn chart_around(&self, path: &str) -> Option<&str> {
        above(path).find_map(|folder| self.outer_charts.get(folder)).map(String::as_str)
    }

    /// The folder of the tree's chart of that name, whose version fits what is asked for.
    pub(crate) fn vendored(&self, name: &str, version: &str) -> Option<&str> {
        let fits = |chart: &ChartName| chart.name == name && fits(&chart.version, version);
        self.charts.iter().find(|(_, chart)| fits(chart)).map(|(folder, _)| folder.as_str())
    }

    /// The kustomizations that no other one uses, and that no chart holds.
    pub(crate) fn outer(&self) -> impl Iterator<Item = &str> {
        self.kustomizations.iter().filter_map(|(folder, kustomization)| {
            let in_chart = self.chart_around(folder).is_some();
            (!self.uses(folder) && !in_chart && !kustomization.is_component).then_some(folder.as_str())
        })
    }

    /// The folders of the kustomizations that use a file or a folder.
    pub(crate) fn users(&self, path: &str) -> impl Iterator<Item = &str> {
        self.users.get(path).into_iter().flatten().map(String::as_str)
    }

    /// Whether some kustomization uses the file or the folder.
    pub(crate) fn uses(&self, path: &str) -> bool {
        self.users.contains_key(path)
    }

    /// Every file and folder that building the kustomization needs.
    pub(crate) fn reach(&self, folder: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![folder.to_owned()];
        while let Some(path) = open.pop() {
            if let Some(kustomization) = self.kustomizations.get(&path).filter(|_| !seen.contains(&path)) {
                open.extend(kustomization.uses.iter().cloned());
            }
            seen.insert(path);
        }
        seen
    }

    /// The folders of the kustomizations that building this one needs.
    pub(crate) fn kustomizations_of(&self, folder: &str) -> impl Iterator<Item = String> {
        self.reach(folder).into_iter().filter(|path| self.kustomizations.contains_key(path))
    }

    /// Whether all files that building the kustomization reads are known and are plain files of the tree.
    pub(crate) fn stays_inside(&self, folder: &str, tree: &SourceTree) -> bool {
        self.reach(folder).iter().all(|path| {
            let inside = self.kustomizations.get(path).is_none_or(|kustomization| kustomization.stays_inside);
            // A link whose file is in the tree leads nowhere else.
            inside && (tree.paths.get(path) != Some(&Content::Link) || tree.files.contains_key(path))
        })
    }

    /// Why the kustomization, or any that it uses, cannot be built here.
    pub(crate) fn not_built(&self, folder: &str, tree: &SourceTree) -> Option<NotBuilt> {
        self.reach(folder).iter().find_map(|path| {
            let is_folder_link = tree.paths.get(path) == Some(&Content::Link) && !tree.files.contains_key(path);
            if is_folder_link {
                return Some(NotBuilt::Other(format!(
                    "uses the symbolic link `{path}`, which leads to no file of the repository"
                )));
            }
            self.kustomizations.get(path)?.not_built.clone()
        })
    }
}

fn chart_name(text: &str) -> ChartName {
    let document = input::parse_yaml::<Value>(text).ok().and_then(|documents| documents.into_iter().next());
    let text = |key: &str| {
        let value = document.as_ref().and_then(|document| document.get(key));
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
    };
    ChartName { name: text("name"), version: text("version") }
}

/// Every file and folder that a kustomization names.
fn named_paths(document: &Value) -> Vec<String> {
    const LISTS: [&str; 10] = [
        "resources",
        "bases",
        "components",
        "crds",
        "configurations",
        "generators",
        "transformers",
        "validators",
        "patchesStrategicMerge",
        "patches",
    ];
    const PATHS: [&str; 3] = ["patches", "patchesJson6902", "replacements"];
    let items = |key: &str| document.get(key).and_then(Value::as_array).into_iter().flatten();
    let plain = LISTS.iter().flat_map(|key| items(key)).filter_map(Value::as_str);
    let paths = PATHS.iter().flat_map(|key| items(key)).filter_map(|item| item.get("path")?.as_str());
    let generated = ["configMapGenerator", "secretGenerator"].into_iter().flat_map(items).flat_map(|item| {
        let files =
            ["files", "envs"].into_iter().flat_map(|key| item.get(key).and_then(Value::as_array).into_iter().flatten());
        files.chain(item.get("env")).filter_map(Value::as_str)
    });
    // `key=path`
    let generated = generated.map(|file| file.rsplit('=').next().unwrap_or(file));
    let openapi = document.pointer("/openapi/path").and_then(Value::as_str);
    // An inline patch has several lines, a path has not.
    plain.chain(paths).chain(generated).chain(openapi).filter(|text| !text.contains('\n')).map(str::to_owned).collect()
}

/// As kustomize tells: a URL, or a host as Git writes it.
fn is_remote(named: &str) -> bool {
    let first = named.split('/').next().unwrap_or_default();
    let is_host =
        named.contains('/') && first.contains('.') && !first.trim_matches('.').is_empty() && !first.starts_with('.');
    named.contains("://")
        || named.contains("?ref=")
        || named.contains("git::")
        || named.contains('@')
        || first.contains(':')
        || is_host
}

/// Whether the tree has such a file or folder.
fn is_there(path: &str, tree: &SourceTree) -> bool {
    let folder = format!("{path}/");
    tree.paths.contains_key(path)
        || tree.paths.range(folder.clone()..).next().is_some_and(|(first, _)| first.starts_with(&folder))
}

/// The keys of a kustomization. kustomize takes them in any case of letters; others here are not read, and such a kustomization is not built.
const KEYS: [&str; 33] = [
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generatorOptions",
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "helmGlobals",
    "images",
    "imageTags",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "openapi",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
    "sortOptions",
    "transformers",
    "validators",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> SourceTree {
        let mut tree = SourceTree::default();
        files.iter().for_each(|(path, text)| tree.add((*path).to_owned(), (*text).to_owned(), false));
        tree
    }

    #[test]
    fn tells_roots_from_what_they_use() {
        let tree = tree(&[
            ("base/kustomization.yaml", "resources: [set.yaml]"),
            ("base/set.yaml", ""),
            ("overlays/prod/kustomization.yaml", "resources:\n- ../../base\npatches:\n- path: replicas.yaml\n"),
            ("overlays/prod/replicas.yaml", ""),
            ("parts/tls/kustomization.yaml", "kind: Component\n"),
            ("plain.yaml", ""),
            ("charts/db/Chart.yaml", ""),
            ("charts/db/charts/sub/Chart.yaml", ""),
        ]);
        let closures = RenderClosures::of(&tree);
        assert_eq!(closures.outer().collect::<Vec<_>>(), ["overlays/prod"]);
        assert_eq!(closures.outer_charts().collect::<Vec<_>>(), ["charts/db"]);
        let used: Vec<&str> = ["base/set.yaml", "overlays/prod/replicas.yaml", "plain.yaml"]
            .into_iter()
            .filter(|path| closures.uses(path))
            .collect();
        assert_eq!(used, ["base/set.yaml", "overlays/prod/replicas.yaml"]);
        let reach = closures.reach("overlays/prod");
        assert!(reach.contains("base") && reach.contains("base/set.yaml"), "{reach:?}");
    }

    #[test]
    fn names_what_comes_from_elsewhere() {
        let tree =
            tree(&[("kustomization.yaml", "resources: ['github.com/rqlite/kubernetes-configuration?ref=main']")]);
        let closures = RenderClosures::of(&tree);
        assert!(matches!(closures.not_built("", &tree), Some(NotBuilt::Remote(_))));
    }
}
