//! Which kustomizations and charts a tree has, and which files and folders each of them uses.
//! Reads kustomizations as far as they name files; what they do with them is for kustomize.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::tree::SourceTree;
use super::{KUSTOMIZATIONS, is_below};
use crate::input;

/// All of a tree's kustomizations and charts, by folder.
#[derive(Debug, Default)]
pub(crate) struct RenderClosures {
    /// Files and folders that each kustomization names, within the tree.
    kustomizations: BTreeMap<String, KustomizationUses>,
    /// The outermost charts.
    pub(super) charts: BTreeSet<String>,
    /// What a kustomization itself fetches from elsewhere.
    remote: BTreeMap<String, String>,
    /// Files and folders that any kustomization uses.
    used: BTreeSet<String>,
}

#[derive(Debug)]
struct KustomizationUses {
    uses: Vec<String>,
    /// A Component is nothing by itself.
    is_component: bool,
}

impl RenderClosures {
    pub(crate) fn of(tree: &SourceTree) -> Self {
        let mut closures = Self::default();
        for (path, file) in &tree.files {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            if KUSTOMIZATIONS.contains(&name) {
                closures.kustomization(folder, &file.text);
            } else if name == "Chart.yaml" {
                closures.charts.insert(folder.to_owned());
            }
        }
        let all = closures.charts.clone();
        let is_inner = |chart: &String| all.iter().any(|outer| outer != chart && is_below(chart, outer));
        closures.charts.retain(|chart| !is_inner(chart));
        closures
    }

    fn kustomization(&mut self, folder: &str, text: &str) {
        let document = input::parse_yaml::<Value>(text).ok().and_then(|documents| documents.into_iter().next());
        let document = document.unwrap_or(Value::Null);
        let named = named_paths(&document);
        if let Some(remote) = named.iter().find(|named| is_remote(named)) {
            self.remote.insert(folder.to_owned(), remote.clone());
        }
        let uses = named.iter().filter(|named| !is_remote(named)).map(|named| joined(folder, named));
        let is_component = document.get("kind").is_some_and(|kind| kind == "Component");
        let own = KUSTOMIZATIONS.iter().map(|name| joined(folder, name));
        let uses: Vec<String> = uses.chain(own).collect();
        self.used.extend(uses.iter().cloned());
        self.kustomizations.insert(folder.to_owned(), KustomizationUses { uses, is_component });
    }

    pub(crate) fn is_kustomization(&self, folder: &str) -> bool {
        self.kustomizations.contains_key(folder)
    }

    pub(crate) fn is_chart(&self, folder: &str) -> bool {
        self.charts.contains(folder)
    }

    /// The kustomizations that stand for themselves: no other one uses them, and no chart holds them.
    pub(super) fn outer(&self) -> impl Iterator<Item = &str> {
        self.kustomizations.iter().filter_map(|(folder, kustomization)| {
            let is_used = self.kustomizations.iter().any(|(other, user)| other != folder && user.uses.contains(folder));
            let in_chart = self.charts.iter().any(|chart| is_below(folder, chart));
            (!is_used && !in_chart && !kustomization.is_component).then_some(folder.as_str())
        })
    }

    /// Whether some kustomization uses the file.
    pub(super) fn uses(&self, path: &str) -> bool {
        self.used.contains(path)
    }

    /// What the kustomization, or any that it uses, fetches from elsewhere.
    pub(super) fn remote_of(&self, folder: &str) -> Option<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            if !seen.insert(folder) {
                continue;
            }
            if let Some(remote) = self.remote.get(folder) {
                return Some(remote);
            }
            let uses = self.kustomizations.get(folder).map(|kustomization| kustomization.uses.as_slice());
            open.extend(uses.unwrap_or_default().iter().map(String::as_str));
        }
        None
    }
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
    // An inline patch has several lines, a path has not.
    plain.chain(paths).filter(|text| !text.contains('\n')).map(str::to_owned).collect()
}

/// As kustomize tells: a URL, or a host as Git writes it.
fn is_remote(named: &str) -> bool {
    named.contains("://") || named.contains("?ref=") || named.starts_with("git@") || named.starts_with("github.com/")
}

/// `../base` of `overlays/prod` is `overlays/base`. A path that leaves the tree keeps its dots, an absolute one its slash.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let is_absolute = path.starts_with('/') || folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", None | Some(&"..")) => parts.push(part),
            ("..", Some(_)) => drop(parts.pop()),
            (part, _) => parts.push(part),
        }
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/"))
}

/// The folder that a path within the tree names, in the tree's own words.
pub(crate) fn folder_of(path: &str) -> String {
    joined("", path)
}

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
        assert_eq!(closures.charts.iter().collect::<Vec<_>>(), ["charts/db"]);
        let plan = super::super::RenderPlan::of(&tree, &closures, &[]);
        let left: Vec<&String> = tree.files.keys().filter(|path| !plan.consumed.contains(*path)).collect();
        assert_eq!(left, ["plain.yaml"]);
    }

    #[test]
    fn names_what_comes_from_elsewhere() {
        let tree =
            tree(&[("kustomization.yaml", "resources: ['github.com/rqlite/kubernetes-configuration?ref=main']")]);
        let closures = RenderClosures::of(&tree);
        assert!(closures.remote.contains_key(""));
    }

    #[test]
    fn paths_are_resolved_within_the_tree() {
        assert_eq!(joined("overlays/prod", "../../base"), "base");
        assert_eq!(joined("", "./a/./b/"), "a/b");
        assert_eq!(joined("/tmp/repo/overlays", "../base"), "/tmp/repo/base");
        assert_eq!(joined("../repo/overlays", "../base"), "../repo/base");
        assert_eq!(folder_of("./apps/"), "apps");
    }
}
