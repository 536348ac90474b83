//! Where values files lie that a leading object names: within the tree, or nowhere.
//! Does not read them.

use super::glob::{Stars, is_pattern, matches};
use crate::paths::joined;
use crate::tree::{Content, SourceTree};

/// The files that `name` means, from `folder` on. A leading `/` is the root of the tree. None is outside of it.
///
/// # Errors
/// When it leads out of the tree, comes from elsewhere, cannot be read, or, unless it `may_miss`, is not there.
pub(super) fn files(tree: &SourceTree, folder: &str, name: &str, may_miss: bool) -> Result<Vec<String>, String> {
    if name.contains('$') {
        return Err(format!("its values file `{name}` is filled in by Argo CD's build environment"));
    }
    if name.contains("://") {
        return Err(format!("its values file `{name}` comes from elsewhere"));
    }
    let whole = match name.strip_prefix('/') {
        Some(from_root) => joined("", from_root),
        None => joined(folder, name),
    };
    if whole == ".." || whole.starts_with("../") || whole.starts_with('/') {
        return Err(format!("its values file `{name}` lies outside of the repository"));
    }
    if is_pattern(&whole) {
        let found = tree.paths.keys().filter(|path| matches(&whole, path, Stars::StayInFolder));
        return Ok(found.cloned().collect());
    }
    match tree.paths.get(&whole) {
        Some(content) if *content != Content::Link || tree.files.contains_key(&whole) => Ok(vec![whole]),
        Some(_) | None if may_miss => Ok(Vec::new()),
        Some(_) | None => Err(format!("its values file `{name}` is not there")),
    }
}
