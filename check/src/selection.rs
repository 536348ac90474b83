//! Which files of a repository a check looks at: all, or those below its PATHs, which are taken from the current folder as git takes them.
//! Reads no file.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::render::joined;

/// The PATHs of a check. Asked about every file of both sides, it knows in the end which of them selected nothing.
pub(super) struct Selection {
    /// As given, and within the repository.
    paths: Vec<(PathBuf, PathBuf)>,
    used: RefCell<BTreeSet<PathBuf>>,
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
            Ok((path.clone(), PathBuf::from(text)))
        };
        Ok(Self { paths: paths.iter().map(within).collect::<anyhow::Result<_>>()?, used: RefCell::default() })
    }

    /// Whether the file, by its path within the repository, is looked at.
    pub(super) fn selects(&self, file: &Path) -> bool {
        let selecting: Vec<&PathBuf> =
            self.paths.iter().map(|(_, within)| within).filter(|within| file.starts_with(within)).collect();
        let mut used = self.used.borrow_mut();
        let new: Vec<&PathBuf> = selecting.iter().copied().filter(|within| !used.contains(*within)).collect();
        used.extend(new.into_iter().cloned());
        self.paths.is_empty() || !selecting.is_empty()
    }

    /// # Errors
    /// When a path selected nothing: most likely it is misspelt, and nothing was checked.
    pub(super) fn ensure_used(&self) -> anyhow::Result<()> {
        let used = self.used.borrow();
        let unused = self.paths.iter().find(|(_, within)| !used.contains(within));
        if let Some((path, _)) = unused {
            anyhow::bail!("{} selects no file, neither in the base nor in the head", path.display());
        }
        Ok(())
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
            assert_eq!(selection.selects(Path::new(file)), is, "{file}");
        }
        assert!(selection.ensure_used().is_ok());
    }

    #[test]
    fn a_path_that_selects_nothing_is_an_error() {
        let (_root, selection) = selection(&["apps", "app"], "");
        let selection = selection.unwrap();
        assert!(selection.selects(Path::new("apps/a.yaml")));
        let error = selection.ensure_used().unwrap_err().to_string();
        assert_eq!(error, "app selects no file, neither in the base nor in the head");
    }

    #[test]
    fn a_path_outside_of_the_repository_is_an_error() {
        let (_root, selection) = selection(&["../../other"], "apps");
        assert_eq!(selection.err().unwrap().to_string(), "../../other lies outside of the repository");
        let (_root, all) = super::tests::selection(&["."], "");
        assert!(all.unwrap().selects(Path::new("apps/a.yaml")));
    }
}
