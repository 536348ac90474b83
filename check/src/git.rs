//! The tree of a commit, read out of the git repository's objects: no checkout is touched, no network is asked.
//! Does not know what the files hold.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use gix::object::tree::EntryKind;

use super::tree::{SourceTree, UnreadFile, may_be_manifest};
use crate::input::{InputReadError, MANIFEST_BYTES};

/// A repository that was found.
pub(super) struct Repository(gix::Repository);

impl Repository {
    /// The repository that the folder lies in.
    pub(super) fn around(folder: &Path) -> anyhow::Result<Self> {
        let found = gix::discover(folder).with_context(|| format!("no git repository around {}", folder.display()))?;
        Ok(Self(found))
    }

    /// The folder that it is checked out to; none for a bare one.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        self.0.workdir().map(Path::to_path_buf)
    }

    /// Every file of a commit that may be a manifest and that `wanted` names.
    pub(super) fn tree(&self, reference: &str, wanted: &dyn Fn(&Path) -> bool) -> anyhow::Result<SourceTree> {
        let mut tree = SourceTree::default();
        self.files(reference, &mut |path, kind, read| {
            if !(may_be_manifest(Path::new(&path)) && wanted(Path::new(&path))) {
                return Ok(());
            }
            match kind {
                EntryKind::Blob | EntryKind::BlobExecutable => tree.take(path, read()?, false),
                EntryKind::Link => {
                    tree.left_out
                        .push(UnreadFile { path, why: "a symbolic link, which is not followed in git".to_owned() });
                }
                EntryKind::Tree | EntryKind::Commit => {}
            }
            Ok(())
        })?;
        Ok(tree)
    }

    /// Where it was cloned from.
    pub(super) fn url(&self) -> Option<String> {
        self.0.config_snapshot().string("remote.origin.url").map(|url| url.to_string())
    }

    /// Writes all files of a commit into a folder, for tools that read folders. What is too large for a manifest is left out.
    pub(super) fn check_out(&self, reference: &str, folder: &Path) -> anyhow::Result<()> {
        self.files(reference, &mut |path, kind, read| {
            let target = folder.join(&path);
            // Git refuses `..` in a tree; a hand-made one must not write elsewhere.
            if Path::new(&path).components().any(|part| !matches!(part, Component::Normal(_))) {
                return Ok(());
            }
            if let (EntryKind::Blob | EntryKind::BlobExecutable, Some(parent)) = (kind, target.parent())
                && let Ok(bytes) = read()?
            {
                fs::create_dir_all(parent)?;
                fs::write(target, bytes)?;
            }
            Ok(())
        })
    }

    fn files(&self, reference: &str, visit: &mut BlobVisitor<'_>) -> anyhow::Result<()> {
        let unknown = || {
            format!("`{reference}` is no commit of this repository; fetch it first (a shallow clone has one commit)")
        };
        let commit = self.0.rev_parse_single(reference).with_context(unknown)?;
        let tree = commit.object().with_context(unknown)?.peel_to_tree().with_context(unknown)?;
        for entry in tree.traverse().breadthfirst.files().with_context(unknown)? {
            let path = entry.filepath.to_string();
            let read = || self.blob(entry.oid).with_context(|| path.clone());
            visit(path.clone(), entry.mode.kind(), &read)?;
        }
        Ok(())
    }

    /// A blob's bytes. Its size is asked for first: nobody reads a gigabyte to say that it is too large.
    fn blob(&self, id: gix::ObjectId) -> anyhow::Result<Result<Vec<u8>, InputReadError>> {
        let size = usize::try_from(self.0.find_header(id)?.size()).unwrap_or(usize::MAX);
        if size > MANIFEST_BYTES {
            return Ok(Err(InputReadError::TooLarge(MANIFEST_BYTES)));
        }
        Ok(Ok(self.0.find_object(id)?.detach().data))
    }
}

/// Is handed a path, its kind, and a way to read it.
type BlobVisitor<'v> = dyn FnMut(String, EntryKind, &dyn Fn() -> anyhow::Result<Result<Vec<u8>, InputReadError>>) -> anyhow::Result<()>
    + 'v;
