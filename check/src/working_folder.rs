//! The working folder as git sees it: what the index lists, as it lies there, and what is neither listed nor ignored. What a sparse checkout
//! leaves out comes from the index, and submodules are other repositories.
//! Does not parse.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use gix::index::entry::{Flags, Mode};
use gix::object::tree::EntryKind;

use super::git::{Blobs, Repository};
use super::tree::{Content, SourceTree, may_be_manifest};
use super::walk;

impl Repository {
    /// Every file of the working folder that may be a manifest.
    ///
    /// # Errors
    /// When the index or the folder cannot be read.
    pub(super) fn working_tree(&self, folder: &Path) -> anyhow::Result<SourceTree> {
        let root = folder.canonicalize().with_context(|| folder.display().to_string())?;
        let index = self.git.index_or_empty().context("the index of the repository cannot be read")?;
        let mut work = WorkingFolder {
            repository: self,
            root: &root,
            listed: BTreeSet::new(),
            blobs: Blobs::new(),
            left_out: BTreeSet::new(),
            submodules: BTreeMap::new(),
            tree: SourceTree::default(),
        };
        for entry in index.entries() {
            work.list(&entry.path(&index).to_string(), entry)?;
        }
        for (path, commit) in std::mem::take(&mut work.submodules) {
            let submodule = self.submodule(&path, commit, &work.blobs)?;
            work.tree.submodules.insert(path, submodule);
        }
        work.note_listed();
        work.take_listed()?;
        let mut ignored = self
            .git
            .excludes(&index, None, gix::worktree::stack::state::ignore::Source::WorktreeThenIdMappingIfNotSkipped)
            .context("what git ignores cannot be read")?;
        work.take_unlisted("", &mut ignored)?;
        Ok(work.tree)
    }
}

struct WorkingFolder<'r> {
    repository: &'r Repository,
    root: &'r Path,
    /// The index's paths; of a folder that a sparse index names as a whole, the folder's.
    listed: BTreeSet<String>,
    /// The index's files and links.
    blobs: Blobs,
    /// Those of them that a sparse checkout leaves out.
    left_out: BTreeSet<String>,
    /// The commits that they are at.
    submodules: BTreeMap<String, gix::ObjectId>,
    tree: SourceTree,
}

impl WorkingFolder<'_> {
    /// Notes an entry of the index.
    fn list(&mut self, path: &str, entry: &gix::index::Entry) -> anyhow::Result<()> {
        let path = path.trim_end_matches('/');
        self.listed.insert(path.to_owned());
        if entry.mode.is_sparse() {
            let folder = self.repository.git.find_object(entry.id)?.peel_to_tree()?;
            for entry in folder.traverse().breadthfirst.files()? {
                self.note(format!("{path}/{}", entry.filepath), entry.mode.kind(), entry.oid, true);
            }
        } else if let Some(mode) = entry.mode.to_tree_entry_mode() {
            let is_left_out = entry.flags.contains(Flags::SKIP_WORKTREE);
            self.note(path.to_owned(), mode.kind(), entry.id, is_left_out);
        }
        Ok(())
    }

    fn note(&mut self, path: String, kind: EntryKind, id: gix::ObjectId, is_left_out: bool) {
        if kind == EntryKind::Commit {
            let own = gix::open(self.root.join(&path));
            let own = own.ok().and_then(|submodule| submodule.head_id().ok().map(gix::Id::detach));
            self.submodules.insert(path, own.unwrap_or(id));
            return;
        }
        if is_left_out {
            self.left_out.insert(path.clone());
        }
        self.blobs.insert(path, (kind, id));
    }

    /// Every path of the index, with where its content is.
    fn note_listed(&mut self) {
        for (path, (kind, id)) in &self.blobs {
            let place = self.root.join(path);
            let content = match (kind, self.left_out.contains(path)) {
                (EntryKind::Link, _) => Content::Link,
                (_, true) => Content::Blob(*id),
                (_, false) => Content::File(place),
            };
            self.tree.paths.insert(path.clone(), content);
        }
    }

    /// Files and links of the index: as they lie there, and what a sparse checkout leaves out as the index has it.
    fn take_listed(&mut self) -> anyhow::Result<()> {
        for path in self.blobs.keys().filter(|path| may_be_manifest(Path::new(path))) {
            let place = self.root.join(path);
            match fs::symlink_metadata(&place) {
                Ok(_) => walk::file(&place, path.clone(), self.root, &mut self.tree),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if self.left_out.contains(path) {
                        self.repository.take(path, &self.blobs, &mut self.tree)?;
                    }
                }
                Err(error) => self.tree.refuse(path.clone(), error.to_string(), false),
            }
        }
        Ok(())
    }

    /// What lies below the folder, is not listed, and is not ignored.
    fn take_unlisted(&mut self, folder: &str, ignored: &mut gix::AttributeStack<'_>) -> anyhow::Result<()> {
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
            if name == ".git" || self.listed.contains(&path) {
                continue;
            }
            let mode = if kind.is_dir() { Mode::DIR } else { Mode::FILE };
            if ignored.at_path(&path, Some(mode))?.is_excluded() {
                continue;
            }
            let place = self.root.join(&path);
            if !kind.is_dir() {
                let content = if kind.is_symlink() { Content::Link } else { Content::File(place.clone()) };
                self.tree.paths.insert(path.clone(), content);
            }
            if kind.is_dir() {
                // Another repository's, as git has it.
                if !place.join(".git").exists() {
                    self.take_unlisted(&path, ignored)?;
                }
            } else if may_be_manifest(Path::new(&path)) {
                walk::file(&place, path, self.root, &mut self.tree);
            }
        }
        Ok(())
    }
}
