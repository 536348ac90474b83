//! Which part of a repository a check is about: all of it, or what has to do with its PATHs, which are taken from the current folder as git
//! takes them. What a way below them reaches is read wherever it lies.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::paths::joined;
use super::tree::SourceTree;

/// The PATHs of a check; none select all.
#[derive(Debug, Default)]
pub(super) struct Selection(Vec<SelectedPath>);

#[derive(Debug)]
struct SelectedPath {
    given: PathBuf,
    /// The same within the repository.
    within: PathBuf,
}

impl Selection {
    /// `current` is the folder that they are given in, `root` that of the repository; a bare one has none, and paths are those of its tree.
    ///
    /// # Errors
    /// When a path leads out of the repository.
    pub(super) fn of(paths: &[PathBuf], current: &Path, root: Option<&Path>) -> anyhow::Result<Self> {
        let root = root.map(|root| root.canonicalize().with_context(|| root.display().to_string())).transpose()?;
        let inside = match &root {
            Some(root) => current.canonicalize()?.strip_prefix(root).unwrap_or(Path::new("")).to_owned(),
            None => PathBuf::new(),
        };
        let within = |path: &PathBuf| {
            let from_root = root.as_deref().and_then(|root| path.strip_prefix(root).ok());
            let text = match from_root {
                Some(path) => joined("", &path.to_string_lossy()),
                None => joined(&inside.to_string_lossy(), &path.to_string_lossy()),
            };
            let leaves = text.starts_with('/') || text == ".." || text.starts_with("../");
            ensure!(!leaves, "{} lies outside of the repository", path.display());
            Ok(SelectedPath { given: path.clone(), within: PathBuf::from(text) })
        };
        Ok(Self(paths.iter().map(within).collect::<anyhow::Result<_>>()?))
    }

    /// Whether the file or folder, by its path within the repository, lies below one of them.
    pub(super) fn selects(&self, path: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|selected| Path::new(path).starts_with(&selected.within))
    }

    /// # Errors
    /// When a path selects nothing in either state: most likely it is misspelt, and nothing was checked.
    pub(super) fn ensure_used(&self, trees: [&SourceTree; 2]) -> anyhow::Result<()> {
        let is_there = |selected: &SelectedPath| {
            let mut paths = trees.iter().flat_map(|tree| tree.paths.keys().chain(tree.submodules.keys()));
            paths.any(|path| Path::new(path).starts_with(&selected.within))
        };
        let unused = self.0.iter().find(|selected| !is_there(selected));
        unused.map_or(Ok(()), |path| {
            bail!("{} selects no file, neither in the base nor in the head", path.given.display())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(paths: &[&str], inside: &str) -> (tempfile::TempDir, anyhow::Result<Selection>) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("apps/db")).unwrap();
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let selection = Selection::of(&paths, &root.path().join(inside), Some(root.path()));
        (root, selection)
    }

    #[test]
    fn paths_are_taken_from_the_current_folder() {
        let (_root, selection) = selection(&["db/", "../docs", "./a.yaml"], "apps");
        let selection = selection.unwrap();
        for (file, is) in [("apps/db/a.yaml", true), ("docs/b.yaml", true), ("apps/a.yaml", true), ("db/a.yaml", false)]
        {
            assert_eq!(selection.selects(file), is, "{file}");
        }
    }

    #[test]
    fn a_path_that_selects_nothing_is_an_error() {
        let (_root, selection) = selection(&["apps", "app"], "");
        let selection = selection.unwrap();
        let mut tree = SourceTree::default();
        tree.add("apps/a.yaml".to_owned(), String::new(), false);
        let error = selection.ensure_used([&tree, &SourceTree::default()]).unwrap_err().to_string();
        assert_eq!(error, "app selects no file, neither in the base nor in the head");
    }

    #[test]
    fn a_path_outside_of_the_repository_is_an_error() {
        let (_root, refused) = selection(&["../../other"], "apps");
        assert_eq!(refused.err().unwrap().to_string(), "../../other lies outside of the repository");
        let (_root, all) = selection(&["."], "");
        assert!(all.unwrap().selects("apps/a.yaml"));
    }
}
