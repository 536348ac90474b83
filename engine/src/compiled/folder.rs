//! A folder that only this user writes: held open, so that what stands at its path later does not matter, and no link followed in it.
//! Does not know what its files are, but what ours are called.

use std::fs::{DirBuilder, File, Metadata};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, renameat, statat, unlinkat};
use rustix::process::geteuid;
use thiserror::Error;

use super::EXTENSION;

/// Files of ours that stay: a few versions of a few dozen policies. The oldest go first.
pub(super) const MAX_FILES: usize = 64;

/// What a file is called until it is whole.
const PART: &str = ".part";

/// Others may read, write or enter: bits of a mode.
const OPEN_TO_OTHERS: u32 = 0o077;

/// Whoever has no number of his own, in a user namespace or on a squashing NFS: everybody's files are then his.
const NOBODY: u32 = 65_534;

/// The folder cannot be used.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the text of each variant says what it is, and names its fields")]
pub enum FolderError {
    #[error("{}: {source}", path.display())]
    Unusable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: expected an absolute path", path.display())]
    Relative { path: PathBuf },
    #[error(
        "{}: it is open to others (owner {owner}, mode {mode:03o}), and compiled policies are run as they are; give a folder of your own, mode 700",
        path.display()
    )]
    Shared { path: PathBuf, owner: u32, mode: u32 },
    #[error(
        "{}: it lies in a folder of somebody else ({}, owner {owner}), and compiled policies are run as they are; give another one",
        path.display(), within.display()
    )]
    Within { path: PathBuf, within: PathBuf, owner: u32 },
    #[error("{}: this user ({NOBODY}) may stand for many, and compiled policies are run as they are", path.display())]
    Nobody { path: PathBuf },
}

#[derive(Debug)]
pub(super) struct Folder {
    handle: OwnedFd,
}

impl Folder {
    pub(super) fn open(path: PathBuf) -> Result<Self, FolderError> {
        if !path.is_absolute() {
            return Err(FolderError::Relative { path });
        }
        if geteuid().as_raw() == NOBODY {
            return Err(FolderError::Nobody { path });
        }
        let unusable = |source| FolderError::Unusable { path: path.clone(), source };
        // Before anything is made, and where links led to after.
        refuse_foreign(&path, &path)?;
        let (handle, found) = opened(&path).map_err(unusable)?;
        let real = path.canonicalize().map_err(unusable)?;
        refuse_foreign(&path, &real)?;
        if is_ours_alone(&found) {
            Ok(Self { handle })
        } else {
            Err(FolderError::Shared { owner: found.uid(), mode: found.mode() & 0o777, path })
        }
    }

    /// A whole file of ours.
    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.handle, name, flags, Mode::empty())?);
        let found = file.metadata()?;
        if !found.is_file() || found.nlink() != 1 || !is_ours_alone(&found) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a file of this user's alone"));
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Whole or not at all, for whoever reads at the same time.
    pub(super) fn write(&self, name: &str, content: &[&[u8]]) -> io::Result<()> {
        let part = format!("{name}.{:016x}{PART}", RandomState::new().build_hasher().finish());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.handle, &part, flags, Mode::RUSR | Mode::WUSR)?);
        let written = content.iter().try_for_each(|bytes| file.write_all(bytes));
        let written = written.and_then(|()| Ok(renameat(&self.handle, &part, &self.handle, name)?));
        if written.is_err() {
            self.remove(&part);
        }
        written
    }

    /// Leaves the newest files of ours, `but` among them, and whatever else is there.
    pub(super) fn remove_oldest(&self, but: &str) {
        let mut ours = self.ours();
        ours.retain(|(_, name)| name != but);
        ours.sort();
        let more = ours.len().saturating_sub(MAX_FILES - 1);
        ours.iter().take(more).for_each(|(_, name)| self.remove(name));
    }

    /// Time of the last change, in seconds, and name.
    fn ours(&self) -> Vec<(i64, String)> {
        let Ok(entries) = Dir::read_from(&self.handle) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
        let ours = names.filter(|name| is_ours(name));
        ours.filter_map(|name| Some((statat(&self.handle, &name, AtFlags::SYMLINK_NOFOLLOW).ok()?.st_mtime, name)))
            .collect()
    }

    /// What cannot be removed stays.
    fn remove(&self, name: &str) {
        if let Err(error) = unlinkat(&self.handle, name, AtFlags::empty()) {
            tracing::debug!(name, %error, "not removed");
        }
    }
}

fn opened(path: &Path) -> io::Result<(OwnedFd, Metadata)> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags, Mode::empty())?);
    let found = file.metadata()?;
    Ok((file.into(), found))
}

/// A checkout is not: git writes files and folders that others may read.
fn is_ours_alone(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw() && found.mode() & OPEN_TO_OTHERS == 0
}

/// Of the folders and links above that are there, none may belong to others than root and this user: an owner decides what stands below.
fn refuse_foreign(path: &Path, way: &Path) -> Result<(), FolderError> {
    for above in way.ancestors().skip(1) {
        let owner = match above.symlink_metadata() {
            Ok(found) => found.uid(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(FolderError::Unusable { path: path.to_owned(), source }),
        };
        if owner != 0 && owner != geteuid().as_raw() {
            return Err(FolderError::Within { path: path.to_owned(), within: above.to_owned(), owner });
        }
    }
    Ok(())
}

/// `<64 hexadecimal digits>.cwasm`, or what is left of one that was not finished.
fn is_ours(name: &str) -> bool {
    let Some((digits, rest)) = name.split_at_checked(64) else { return false };
    let unfinished = || rest.strip_prefix(EXTENSION).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(PART));
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()) && (rest == EXTENSION || unfinished())
}
