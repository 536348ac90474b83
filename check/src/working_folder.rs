//! The working folder as git sees it: what the index lists, as it lies there, and what is neither listed nor ignored. What a sparse checkout
//! leaves out comes from the index, and submodules are other repositories.
//! Does not parse.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use gix::index::entry::{Flags, Mode};

use super::git::{LINK_OUTSIDE, LINK_TO_NO_FILE, Repository};
use super::selection::Selection;
use super::tree::{SourceTree, may_be_manifest};
use crate::input::{self, MANIFEST_BYTES};

impl Repository {
    /// Every selected file of the working folder that may be a manifest.
    ///
    /// # Errors
    /// When the index or the folder cannot be read.
    pub(super) fn working_tree(&self, folder: &Path, selection: &Selection) -> anyhow::Result<SourceTree> {
        let root = folder.canonicalize().with_context(|| folder.display().to_string())?;
        let index = self.0.index_or_empty().context("the index of the repository cannot be read")?;
        let mut work = WorkingFolder { repository: self, root: &root, selection, tree: SourceTree::default() };
        let mut listed = BTreeSet::new();
        for entry in index.entries() {
            let path = entry.path(&index).to_string();
            if entry.mode.is_sparse() {
                work.left_out_folder(&path, entry.id)?;
            } else {
                work.listed(&path, entry)?;
            }
            listed.insert(path.trim_end_matches('/').to_owned());
        }
        let mut ignored = self
            .0
            .excludes(&index, None, gix::worktree::stack::state::ignore::Source::WorktreeThenIdMappingIfNotSkipped)
            .context("what git ignores cannot be read")?;
        work.unlisted("", &listed, &mut ignored)?;
        Ok(work.tree)
    }
}

struct WorkingFolder<'r> {
    repository: &'r Repository,
    root: &'r Path,
    selection: &'r Selection,
    tree: SourceTree,
}

impl WorkingFolder<'_> {
    /// A file, link or submodule of the index.
    fn listed(&mut self, path: &str, entry: &gix::index::Entry) -> anyhow::Result<()> {
        if !self.selection.selects(Path::new(path)) {
            return Ok(());
        }
        if entry.mode.is_submodule() {
            let own = gix::open(self.root.join(path))
                .ok()
                .and_then(|submodule| submodule.head_id().ok().map(gix::Id::detach));
            self.tree.submodules.insert(path.to_owned(), own.unwrap_or(entry.id).to_string());
            return Ok(());
        }
        if !may_be_manifest(Path::new(path)) {
            return Ok(());
        }
        match fs::symlink_metadata(self.root.join(path)) {
            Ok(_) => self.file(path),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if entry.flags.contains(Flags::SKIP_WORKTREE) {
                    self.tree.take(path.to_owned(), self.repository.blob(entry.id)?, false);
                }
            }
            Err(error) => self.tree.refuse(path.to_owned(), error.to_string(), false),
        }
        Ok(())
    }

    /// A folder that a sparse index names as a whole: nothing of it lies in the working folder.
    fn left_out_folder(&mut self, path: &str, id: gix::ObjectId) -> anyhow::Result<()> {
        let folder = self.repository.0.find_object(id)?.peel_to_tree()?;
        for entry in folder.traverse().breadthfirst.files()? {
            let path = format!("{}/{}", path.trim_end_matches('/'), entry.filepath);
            let selected = self.selection.selects(Path::new(&path)) && may_be_manifest(Path::new(&path));
            if selected && entry.mode.is_blob() {
                self.tree.take(path, self.repository.blob(entry.oid)?, false);
            }
        }
        Ok(())
    }

    /// What lies below the folder, is not listed, and is not ignored.
    fn unlisted(
        &mut self,
        folder: &str,
        listed: &BTreeSet<String>,
        ignored: &mut gix::AttributeStack<'_>,
    ) -> anyhow::Result<()> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) => {
                self.tree.refuse(folder.to_owned(), error.to_string(), false);
                return Ok(());
            }
        };
        let mut names = BTreeMap::new();
        for entry in entries.flatten() {
            if let Ok(kind) = entry.file_type() {
                names.insert(entry.file_name().to_string_lossy().into_owned(), kind);
            }
        }
        for (name, kind) in names {
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if name == ".git" || listed.contains(&path) {
                continue;
            }
            let mode = if kind.is_dir() { Mode::DIR } else { Mode::FILE };
            if ignored.at_path(&path, Some(mode))?.is_excluded() {
                continue;
            }
            if kind.is_dir() {
                // Another repository's, as git has it.
                if !self.root.join(&path).join(".git").exists() {
                    self.unlisted(&path, listed, ignored)?;
                }
            } else if self.selection.selects(Path::new(&path)) && may_be_manifest(Path::new(&path)) {
                self.file(&path);
            }
        }
        Ok(())
    }

    /// A file as it lies there, or the one that a symbolic link leads to.
    fn file(&mut self, path: &str) {
        let path = path.to_owned();
        match self.root.join(&path).canonicalize() {
            Ok(found) if !found.starts_with(self.root) => self.tree.refuse(path, LINK_OUTSIDE.to_owned(), false),
            Ok(found) if !found.is_file() => self.tree.refuse(path, LINK_TO_NO_FILE.to_owned(), false),
            Ok(found) => self.tree.take(path, input::read(&found, MANIFEST_BYTES), false),
            Err(_) => self.tree.refuse(path, LINK_TO_NO_FILE.to_owned(), false),
        }
    }
}
