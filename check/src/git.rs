//! The tree of a commit, read out of the git repository's objects: no checkout is touched, no network is asked.
//! Does not know what the files hold.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use gix::object::tree::EntryKind;

use super::about_rqlite::names_rqlite;
use super::paths::{joined, parent_of};
use super::tree::{Content, LINK_OUTSIDE, LINK_TO_NO_FILE, SourceTree, Submodule, may_be_manifest};
use crate::input::{InputReadError, MANIFEST_BYTES};

/// A repository that was found.
pub(super) struct Repository {
    pub(super) git: gix::Repository,
    /// The names that the command line gives, as those of branches.
    pub(super) branches: Vec<String>,
}

impl Repository {
    /// The repository that the folder lies in.
    pub(super) fn around(folder: &Path) -> anyhow::Result<Self> {
        let found = gix::discover(folder).with_context(|| format!("no git repository around {}", folder.display()))?;
        Ok(Self::of(found))
    }

    const fn of(git: gix::Repository) -> Self {
        Self { git, branches: Vec::new() }
    }

    /// The same, with what the command line names as base and head.
    pub(super) fn naming<'n>(self, references: impl Iterator<Item = &'n str>) -> Self {
        let short = |name: &str| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
        let names = references.flat_map(|reference| reference.split("...")).map(short);
        Self { branches: names.filter(|name| !name.is_empty()).collect(), ..self }
    }

    /// The folder that it is checked out to; none for a bare one.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        self.git.workdir().map(Path::to_path_buf)
    }

    /// Every file of a commit that may be a manifest.
    pub(super) fn tree(&self, reference: &str) -> anyhow::Result<SourceTree> {
        let mut tree = SourceTree::default();
        let mut blobs = BTreeMap::new();
        let mut submodules = BTreeMap::new();
        self.files(reference, &mut |path, kind, id| {
            match kind {
                EntryKind::Commit => {
                    submodules.insert(path, id);
                }
                EntryKind::Tree => {}
                EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link => {
                    blobs.insert(path, (kind, id));
                }
            }
            Ok(())
        })?;
        for (path, commit) in submodules {
            let submodule = self.submodule(&path, commit, &blobs)?;
            tree.submodules.insert(path, submodule);
        }
        note(&blobs, &mut tree);
        for path in blobs.keys() {
            if may_be_manifest(Path::new(path)) {
                self.take(path, &blobs, &mut tree)?;
            }
        }
        Ok(tree)
    }

    /// A file, or the one that a symbolic link leads to.
    pub(super) fn take(&self, path: &str, blobs: &Blobs, tree: &mut SourceTree) -> anyhow::Result<()> {
        match self.resolved(path, blobs)? {
            Ok(id) => tree.take(path.to_owned(), self.blob(id).with_context(|| path.to_owned())?, false),
            Err(why) => tree.refuse(path.to_owned(), why.to_owned(), false),
        }
        Ok(())
    }

    /// The content at a path, through symbolic links that stay in the tree. Else why there is none.
    fn resolved(&self, path: &str, blobs: &Blobs) -> anyhow::Result<Result<gix::ObjectId, &'static str>> {
        let mut at = path.to_owned();
        for _ in 0..MOST_LINKS {
            match blobs.get(&at) {
                Some((EntryKind::Link, id)) => {
                    let Ok(target) = self.blob(*id).with_context(|| at.clone())? else { break };
                    match link_target(parent_of(&at), &String::from_utf8_lossy(&target)) {
                        Some(target) => at = target,
                        None => return Ok(Err(LINK_OUTSIDE)),
                    }
                }
                Some((_, id)) => return Ok(Ok(*id)),
                None => break,
            }
        }
        Ok(Err(LINK_TO_NO_FILE))
    }

    /// The text of a file of a commit. None: the commit has no such file.
    pub(super) fn text(&self, reference: &str, path: &str) -> anyhow::Result<Option<String>> {
        let mut found = None;
        self.files(reference, &mut |at, _, id| {
            if at == path {
                found = Some(id);
            }
            Ok(())
        })?;
        let bytes = found.map(|id| self.blob(id)).transpose()?;
        Ok(bytes.and_then(Result::ok).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A submodule at a commit; what it holds is looked at where that is in the clone.
    pub(super) fn submodule(&self, path: &str, commit: gix::ObjectId, blobs: &Blobs) -> anyhow::Result<Submodule> {
        let addresses = match blobs.get(".gitmodules") {
            Some((_, id)) => self.blob(*id)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let addresses = String::from_utf8_lossy(&addresses).into_owned();
        let own = addresses
            .split("[submodule")
            .filter(|section| section.lines().any(|line| line.trim() == format!("path = {path}")));
        let places = [self.git.git_dir().join("modules").join(path), self.folder().unwrap_or_default().join(path)];
        let found = places.into_iter().filter_map(|place| gix::open(place).ok());
        let holds = found.map(Self::of).any(|repository| repository.names_rqlite(commit).unwrap_or(false));
        let is_rqlite = holds || names_rqlite(path) || own.into_iter().any(names_rqlite);
        Ok(Submodule { commit: commit.to_string(), is_rqlite })
    }

    /// Whether some manifest of the commit has the word in it.
    fn names_rqlite(&self, commit: gix::ObjectId) -> anyhow::Result<bool> {
        let mut found = false;
        self.files(&commit.to_string(), &mut |path, kind, id| {
            let is_file = matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable);
            if !found && is_file && may_be_manifest(Path::new(&path)) {
                found = self.blob(id)?.is_ok_and(|bytes| names_rqlite(&String::from_utf8_lossy(&bytes)));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Where it was cloned from.
    pub(super) fn url(&self) -> Option<String> {
        self.git.config_snapshot().string("remote.origin.url").map(|url| url.to_string())
    }

    /// Writes the files of a commit that are wanted into a folder, for tools that read folders. What is too large for a
    /// manifest is left out, unless it `may_be_large`, and a symbolic link that leads out of the folder.
    pub(super) fn check_out(
        &self,
        reference: &str,
        folder: &Path,
        is_wanted: &dyn Fn(&str) -> bool,
        may_be_large: &dyn Fn(&str) -> bool,
    ) -> anyhow::Result<()> {
        let mut links = Vec::new();
        self.files(reference, &mut |path, kind, id| {
            let target = folder.join(&path);
            // Git refuses `..` in a tree; a hand-made one must not write elsewhere.
            if !is_wanted(&path) || Path::new(&path).components().any(|part| !matches!(part, Component::Normal(_))) {
                return Ok(());
            }
            let (EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link, Some(parent)) = (kind, target.parent())
            else {
                return Ok(());
            };
            let Ok(bytes) = self
                .bounded_blob(id, if may_be_large(&path) { LAID_DOWN_BYTES } else { MANIFEST_BYTES })
                .with_context(|| path.clone())?
            else {
                return Ok(());
            };
            fs::create_dir_all(parent)?;
            if kind == EntryKind::Link {
                links.push((path, bytes));
            } else {
                fs::write(target, bytes)?;
            }
            Ok(())
        })?;
        // Last, so that nothing is written through one.
        for (path, bytes) in links {
            let target = String::from_utf8_lossy(&bytes);
            if link_target(parent_of(&path), &target).is_some() {
                symlink(target.as_ref(), folder.join(&path))?;
            }
        }
        Ok(())
    }

    fn files(&self, reference: &str, visit: &mut EntryVisitor<'_>) -> anyhow::Result<()> {
        let unknown = || {
            format!("`{reference}` is no commit of this repository; fetch it first (a shallow clone has one commit)")
        };
        let commit = match reference.split_once("...") {
            Some((one, other)) => self.merge_base(one, other)?,
            None => self.git.rev_parse_single(reference).with_context(unknown)?,
        };
        let tree = commit.object().with_context(unknown)?.peel_to_tree().with_context(unknown)?;
        for entry in tree.traverse().breadthfirst.files().with_context(unknown)? {
            visit(entry.filepath.to_string(), entry.mode.kind(), entry.oid)?;
        }
        Ok(())
    }

    /// Where two lines of commits parted; an empty name is `HEAD`.
    fn merge_base(&self, one: &str, other: &str) -> anyhow::Result<gix::Id<'_>> {
        let commit = |name: &str| {
            let name = if name.is_empty() { "HEAD" } else { name };
            let found = self.git.rev_parse_single(name);
            found.with_context(|| {
                format!("`{name}` is no commit of this repository; fetch it first (a shallow clone has one commit)")
            })
        };
        let (one_id, other_id) = (commit(one)?, commit(other)?);
        let base = self.git.merge_base(one_id, other_id);
        base?.with_context(|| format!("`{one}` and `{other}` have no commit in common here; a shallow clone must hold the one that they parted at"))
    }

    /// A blob's bytes. Its size is asked for first: nobody reads a gigabyte to say that it is too large.
    fn blob(&self, id: gix::ObjectId) -> anyhow::Result<Result<Vec<u8>, InputReadError>> {
        self.bounded_blob(id, MANIFEST_BYTES)
    }

    fn bounded_blob(&self, id: gix::ObjectId, most: usize) -> anyhow::Result<Result<Vec<u8>, InputReadError>> {
        let size = usize::try_from(self.git.find_header(id)?.size()).unwrap_or(usize::MAX);
        if size > most {
            return Ok(Err(InputReadError::TooLarge(most)));
        }
        Ok(Ok(self.git.find_object(id)?.detach().data))
    }
}

/// The largest file that a tool is given, in bytes: more than any manifest, since a chart may read any file.
const LAID_DOWN_BYTES: usize = 64 << 20;

/// Links one behind the other, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Files and links by their paths.
pub(super) type Blobs = BTreeMap<String, (EntryKind, gix::ObjectId)>;

/// Notes the paths of a commit.
fn note(blobs: &Blobs, tree: &mut SourceTree) {
    for (path, (kind, id)) in blobs {
        let content = if *kind == EntryKind::Link { Content::Link } else { Content::Blob(*id) };
        tree.paths.insert(path.clone(), content);
    }
}

/// Is handed a path, its kind, and what it names.
type EntryVisitor<'v> = dyn FnMut(String, EntryKind, gix::ObjectId) -> anyhow::Result<()> + 'v;

/// Where a link in this folder leads within the tree. None where it leaves it; `..` behind a name could, through another link.
fn link_target(folder: &str, target: &str) -> Option<String> {
    let parts = Path::new(target).components();
    let behind_dots = parts.skip_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    let plain = behind_dots.clone().all(|part| matches!(part, Component::Normal(_)));
    let whole = joined(folder, target);
    (plain && whole != ".." && !whole.starts_with("../")).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::link_target;

    #[test]
    fn links_stay_in_the_tree() {
        assert_eq!(link_target("env", "../shared/a.yaml").as_deref(), Some("shared/a.yaml"));
        assert_eq!(link_target("env", "./a.yaml").as_deref(), Some("env/a.yaml"));
        for target in ["../../etc/passwd", "/etc/passwd", "b/../../../etc", "..", "../.."] {
            let out = link_target("env", target);
            assert!(out.is_none() || out.as_deref() == Some(""), "{target}: {out:?}");
        }
        assert_eq!(link_target("", ".."), None);
    }
}
