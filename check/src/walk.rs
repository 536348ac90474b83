//! The files of folders and those that were named. Follows a symbolic link to a file, never one to a folder, so no loop is entered.
//! Does not know git, and does not parse.

use std::fs;
use std::path::{Path, PathBuf};

use super::tree::{SourceTree, UnreadFile, may_be_manifest};
use crate::input::{self, InputReadError};

/// What no repository keeps manifests in.
const SKIPPED: [&str; 2] = [".git", "node_modules"];

/// Everything below `folder`, by its path within it.
pub(super) fn folder(folder: &Path) -> Result<SourceTree, InputReadError> {
    let mut tree = SourceTree::default();
    fs::read_dir(folder)?;
    walk(folder, folder, &mut tree);
    Ok(tree)
}

/// Files and folders as they were named; `-` is standard input.
pub(super) fn named(paths: &[PathBuf]) -> SourceTree {
    let mut tree = SourceTree::default();
    for path in paths {
        if !input::is_stdin(path) && path.is_dir() {
            walk(path, Path::new(""), &mut tree);
        } else {
            let shown = if input::is_stdin(path) { "standard input".to_owned() } else { shown(path) };
            tree.take(shown, input::read(path, input::MANIFEST_BYTES), true);
        }
    }
    tree
}

fn walk(folder: &Path, root: &Path, tree: &mut SourceTree) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return tree.refuse(within(folder, root), &error.into()),
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
        } else if may_be_manifest(&path) {
            file(&path, root, kind.is_symlink(), tree);
        }
    }
}

fn file(path: &Path, root: &Path, is_link: bool, tree: &mut SourceTree) {
    let shown = within(path, root);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            tree.take(shown, input::read(path, input::MANIFEST_BYTES), false);
        }
        Ok(_) => tree.left_out.push(UnreadFile { path: shown, why: "no plain file".to_owned() }),
        Err(_) if is_link => {
            tree.left_out.push(UnreadFile { path: shown, why: "a symbolic link that leads nowhere".to_owned() });
        }
        Err(error) => tree.refuse(shown, &error.into()),
    }
}

fn within(path: &Path, root: &Path) -> String {
    shown(path.strip_prefix(root).unwrap_or(path))
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
