//! The files of folders and those that were named. Follows a symbolic link to a file below the folder, never one to a folder, so no loop is
//! entered.
//! Does not know git, and does not parse.

use std::fs;
use std::path::{Path, PathBuf};

use super::tree::{Content, LINK_OUTSIDE, LINK_TO_NO_FILE, SourceTree, may_be_manifest};
use crate::input::{self, InputReadError};

/// What no repository keeps manifests in.
const SKIPPED: [&str; 2] = [".git", "node_modules"];

/// Everything below `folder`, by its path within it.
pub(super) fn folder(folder: &Path) -> Result<SourceTree, InputReadError> {
    let mut tree = SourceTree::default();
    fs::read_dir(folder)?;
    walk(folder, &Root { shown_from: folder, bound: folder.canonicalize()? }, &mut tree);
    Ok(tree)
}

/// Files and folders as they were named; `-` is standard input.
pub(super) fn named(paths: &[PathBuf]) -> SourceTree {
    let mut tree = SourceTree::default();
    for path in paths {
        if !input::is_stdin(path) && path.is_dir() {
            walk(path, &Root { shown_from: Path::new(""), bound: bound_of(path) }, &mut tree);
        } else {
            let shown = if input::is_stdin(path) { "standard input".to_owned() } else { shown(path) };
            tree.take(shown, input::read(path, input::MANIFEST_BYTES), true);
        }
    }
    tree
}

/// What is walked.
struct Root<'p> {
    /// Paths are shown from here on.
    shown_from: &'p Path,
    /// No symbolic link is followed out of it. Absolute, without links.
    bound: PathBuf,
}

/// The current folder, with all that lies beside a folder in it; the folder itself where it lies elsewhere.
fn bound_of(folder: &Path) -> PathBuf {
    let own = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    match Path::new(".").canonicalize() {
        Ok(current) if own.starts_with(&current) => current,
        _ => own,
    }
}

fn walk(folder: &Path, root: &Root<'_>, tree: &mut SourceTree) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return tree.refuse(within(folder, root), error.to_string(), false),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let Ok(kind) = fs::symlink_metadata(&path).map(|metadata| metadata.file_type()) else { continue };
        if kind.is_dir() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !SKIPPED.contains(&name) {
                walk(&path, root, tree);
            }
        } else {
            let content = if kind.is_symlink() { Content::Link } else { Content::File(path.clone()) };
            let shown = within(&path, root);
            tree.paths.insert(shown.clone(), content);
            if may_be_manifest(&path) {
                file(&path, shown, &root.bound, tree);
            }
        }
    }
}

/// A file, or the one that a symbolic link leads to, unless that lies outside of `bound` (absolute, without links).
pub(super) fn file(path: &Path, shown: String, bound: &Path, tree: &mut SourceTree) {
    let is_link = path.is_symlink();
    if is_link && path.canonicalize().is_ok_and(|found| !found.starts_with(bound)) {
        return tree.refuse(shown, LINK_OUTSIDE.to_owned(), false);
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            tree.take(shown, input::read(path, input::MANIFEST_BYTES), false);
        }
        Ok(_) | Err(_) if is_link => tree.refuse(shown, LINK_TO_NO_FILE.to_owned(), false),
        Ok(_) => tree.refuse(shown, "no plain file".to_owned(), false),
        Err(error) => tree.refuse(shown, error.to_string(), false),
    }
}

fn within(path: &Path, root: &Root<'_>) -> String {
    shown(path.strip_prefix(root.shown_from).unwrap_or(path))
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
