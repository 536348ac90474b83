//! One state of a repository: its files as text, and what could not be read of them.
//! Where they come from (folders, git, standard input) is for `walk` and `git`; what they hold is for `source`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::input::{self, InputReadError};

/// Before or after the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Side {
    Base,
    Head,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Head => "head",
        }
    }
}

/// Why a file's bytes are no manifest.
#[derive(Debug, Clone)]
pub(crate) struct UnreadFile {
    pub(crate) path: String,
    pub(crate) why: String,
}

/// The files of one side, by their path as people know it.
#[derive(Debug, Default)]
pub(crate) struct SourceTree {
    pub(crate) files: BTreeMap<String, SourceFile>,
    pub(crate) unread: Vec<UnreadFile>,
    /// What was left out on purpose, and why: a symbolic link that leads nowhere.
    pub(crate) left_out: Vec<UnreadFile>,
}

#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) text: String,
    /// Named on the command line: parsed whatever it is called.
    pub(crate) named: bool,
    /// Output of a tool: the file of the repository that it was made from.
    pub(crate) rendered_from: Option<String>,
}

impl SourceTree {
    pub(crate) fn add(&mut self, path: String, text: String, named: bool) {
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        self.files.insert(path, SourceFile { text, named, rendered_from: None });
    }

    pub(crate) fn refuse(&mut self, path: String, error: &InputReadError) {
        self.unread.push(UnreadFile { path, why: error.to_string() });
    }

    /// A file's bytes, if they are a text of a bearable size.
    pub(crate) fn take(&mut self, path: String, read: Result<Vec<u8>, InputReadError>, named: bool) {
        match read.and_then(input::text) {
            Ok(text) => self.add(path, text, named),
            Err(error) => self.refuse(path, &error),
        }
    }
}

/// Whether a file of this name is looked at when it was not named itself.
pub(crate) fn may_be_manifest(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| name == "Kustomization") {
        return true;
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    matches!(extension.to_ascii_lowercase().as_str(), "yaml" | "yml" | "json")
}
