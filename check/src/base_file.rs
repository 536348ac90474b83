//! A file of the repository as the base has it: what decides over a change is not read from the change.

use std::path::Path;

use super::git::Repository;
use super::options::Options;
use crate::input;

/// A file, in the state before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseFile {
    /// No commit is the base, or the file lies elsewhere.
    Elsewhere,
    /// The base has it, and whether the head has another text.
    Text { text: String, changed: bool },
    /// The base has no such file.
    New,
}

/// Looks the file up in the commit that is the base.
///
/// # Errors
/// When the repository or the commit cannot be read.
pub fn base_file(options: &Options, file: &Path) -> anyhow::Result<BaseFile> {
    let Some(base) = &options.base else { return Ok(BaseFile::Elsewhere) };
    let repository = Repository::around(options.repository.as_deref().unwrap_or(Path::new(".")))?;
    let (Some(root), Ok(whole)) = (repository.folder(), file.canonicalize()) else { return Ok(BaseFile::Elsewhere) };
    let root = root.canonicalize()?;
    let Ok(within) = whole.strip_prefix(&root) else { return Ok(BaseFile::Elsewhere) };
    Ok(match repository.text(base, &within.to_string_lossy())? {
        Some(text) => BaseFile::Text { changed: input::read_text(file).map_or(true, |now| now != text), text },
        None => BaseFile::New,
    })
}
