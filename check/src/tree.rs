//! One state of a repository: its files as text, and what could not be read of them.
//! Where they come from (folders, git, standard input) is for `walk` and `git`; what they hold is for `source`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::paths::{KUSTOMIZATIONS, above, joined};
use crate::input::{self, InputReadError, MANIFEST_BYTES};

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

pub(crate) const LINK_OUTSIDE: &str = "a symbolic link that leads outside, and is not followed";
pub(crate) const LINK_TO_NO_FILE: &str = "a symbolic link that leads to no file";

/// Why a file's bytes are no manifest.
#[derive(Debug, Clone)]
pub(crate) struct UnreadFile {
    pub(crate) path: String,
    pub(crate) why: String,
}

/// The files of one side, by their path as people know it.
#[derive(Debug, Default, Clone)]
pub(crate) struct SourceTree {
    pub(crate) files: BTreeMap<String, SourceFile>,
    pub(crate) unread: Vec<UnreadFile>,
    /// What was left out, and why: a symbolic link that leads nowhere, a file that is encrypted.
    pub(crate) left_out: Vec<UnreadFile>,
    /// Every path of the state, whatever it holds.
    pub(crate) paths: BTreeMap<String, Content>,
    /// Folders that are other repositories' (git's submodules), and the commit of each.
    pub(crate) submodules: BTreeMap<String, Submodule>,
}

/// Where the content of a path is, to tell whether it is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A blob of git.
    Blob(gix::ObjectId),
    File(PathBuf),
    /// A symbolic link: what it leads to may change without it.
    Link,
    /// Only the text of the file is known.
    Text,
}

/// Another repository's state in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submodule {
    pub(crate) commit: String,
    /// By its path, its address, or what of it is in the clone, it holds something of rqlite.
    pub(crate) is_rqlite: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) text: Arc<str>,
    /// Named on the command line: parsed whatever it is called.
    pub(crate) named: bool,
    /// Output of a tool, or of another revision: the file of the repository that it was made from.
    pub(crate) rendered_from: Option<String>,
    /// Of another revision: no change of the state's own files changes it.
    pub(crate) is_fixed: bool,
    /// Of such output: the files whose values went into it.
    pub(crate) values: Vec<String>,
}

impl SourceTree {
    pub(crate) fn add(&mut self, path: String, text: String, named: bool) {
        let text = without_byte_order_marks(text);
        self.paths.entry(path.clone()).or_insert(Content::Text);
        self.files.insert(
            path,
            SourceFile { text: text.into(), named, rendered_from: None, is_fixed: false, values: Vec::new() },
        );
    }

    /// What was named on the command line must be readable; what only lies in the tree may be whatever it is.
    pub(crate) fn refuse(&mut self, path: String, why: String, named: bool) {
        let list = if named { &mut self.unread } else { &mut self.left_out };
        list.push(UnreadFile { path, why });
    }

    /// A file's bytes, if they are a text of a bearable size, and the file itself.
    pub(crate) fn take(&mut self, path: String, read: Result<Vec<u8>, InputReadError>, named: bool) {
        let text = read.map_err(|error| error.to_string()).and_then(|bytes| match stand_in(&bytes) {
            Some(what) => Err(what.to_owned()),
            None => input::text(bytes).map_err(|error| error.to_string()),
        });
        match text {
            Ok(text) => self.add(path, text, named),
            Err(why) => self.refuse(path, why, named),
        }
    }

    /// Writes the files into a folder; of a symbolic link to a file, what it leads to, where that may be read.
    pub(crate) fn copy(&self, folder: &Path) -> std::io::Result<()> {
        for (path, content) in &self.paths {
            let is_plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            let target = folder.join(path);
            let Some(parent) = target.parent().filter(|_| is_plain) else { continue };
            let may_be_large = || self.is_rendered(path);
            let is_borne = |found: &fs::Metadata| found.len() <= MANIFEST_BYTES as u64 || may_be_large();
            let from = match (content, self.files.get(path)) {
                (Content::File(file), _)
                    if fs::symlink_metadata(file).is_ok_and(|found| found.is_file() && is_borne(&found)) =>
                {
                    Some(file)
                }
                (Content::File(_), _) | (_, None) => continue,
                (Content::Link | Content::Text | Content::Blob(_), Some(_)) => None,
            };
            fs::create_dir_all(parent)?;
            match (from, self.files.get(path)) {
                (Some(file), _) => drop(fs::copy(file, target)?),
                (None, Some(file)) => fs::write(target, &*file.text)?,
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Takes over texts that are the same in another state, so that they are held once.
    pub(crate) fn share_texts(&mut self, other: &Self) {
        for (path, file) in &mut self.files {
            if let Some(same) = other.files.get(path).filter(|other| other.text == file.text) {
                file.text = Arc::clone(&same.text);
            }
        }
    }

    /// The state without some of its paths.
    pub(crate) fn without(&self, is_left_out: &dyn Fn(&str) -> bool) -> Self {
        let stays = |path: &str| !is_left_out(path);
        let unread = |files: &[UnreadFile]| files.iter().filter(|file| stays(&file.path)).cloned().collect();
        Self {
            files: self
                .files
                .iter()
                .filter(|(path, _)| stays(path))
                .map(|(path, file)| (path.clone(), file.clone()))
                .collect(),
            unread: unread(&self.unread),
            left_out: unread(&self.left_out),
            paths: self
                .paths
                .iter()
                .filter(|(path, _)| stays(path))
                .map(|(path, at)| (path.clone(), at.clone()))
                .collect(),
            submodules: self.submodules.clone(),
        }
    }

    /// Whether a chart or a kustomization stands in a folder around the path: it may read a file of any size.
    pub(crate) fn is_rendered(&self, path: &str) -> bool {
        let names = KUSTOMIZATIONS.into_iter().chain(["Chart.yaml"]);
        above(path).skip(1).any(|folder| names.clone().any(|name| self.files.contains_key(&joined(folder, name))))
    }

    /// Whether a path has the same content in both states. False where that cannot be told.
    pub(crate) fn is_same(&self, other: &Self, path: &str) -> bool {
        match (self.paths.get(path), other.paths.get(path)) {
            (None, None) => true,
            (Some(Content::Blob(one)), Some(Content::Blob(other))) => one == other,
            (Some(Content::File(one)), Some(Content::File(other))) => {
                matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
            }
            (Some(Content::Blob(id)), Some(Content::File(file)))
            | (Some(Content::File(file)), Some(Content::Blob(id))) => {
                let bytes = fs::read(file).unwrap_or_default();
                gix::objs::compute_hash(id.kind(), gix::objs::Kind::Blob, &bytes).is_ok_and(|hash| hash == *id)
            }
            (Some(Content::Text), Some(Content::Text)) => {
                self.files.get(path).map(|file| &file.text) == other.files.get(path).map(|file| &file.text)
            }
            _ => false,
        }
    }

    /// Files of which it is not known what they hold.
    pub(crate) fn unclear(&self) -> impl Iterator<Item = &str> {
        self.unread.iter().chain(&self.left_out).map(|unread| unread.path.as_str())
    }
}

/// What lies in the place of a file's content, told by its first bytes: a pointer of git LFS (its specification, version 1), or what
/// git-crypt, age, GnuPG or Ansible made of it.
fn stand_in(bytes: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 6] = [
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of git LFS; fetch the content with `git lfs pull`"),
        (b"\0GITCRYPT", "encrypted by git-crypt"),
        (b"age-encryption.org/v1", "encrypted by age"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted by age"),
        (b"-----BEGIN PGP MESSAGE-----", "encrypted by GnuPG"),
        (b"$ANSIBLE_VAULT;", "encrypted by Ansible Vault"),
    ];
    STARTS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, what)| *what)
}

/// YAML allows such a mark where a document begins: at the start of the text, before a line `---`, and behind one.
fn without_byte_order_marks(text: String) -> String {
    const MARK: char = '\u{feff}';
    if !text.contains(MARK) {
        return text;
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut begins = true;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(MARK);
        let separates = bare.starts_with("---");
        cleaned.push_str(if begins || separates { bare } else { line });
        begins = separates;
    }
    cleaned
}

/// By which Flux leaves out a part of a repository.
pub(crate) const IGNORE_FILE: &str = ".sourceignore";

/// Whether a file of this name is looked at when it was not named itself.
pub(crate) fn may_be_manifest(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| name == "Kustomization" || name == IGNORE_FILE) {
        return true;
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    matches!(extension.to_ascii_lowercase().as_str(), "yaml" | "yml" | "json")
}

#[cfg(test)]
mod tests {
    use super::SourceTree;

    fn text(content: &str) -> String {
        let mut tree = SourceTree::default();
        tree.take("a.yaml".to_owned(), Ok(content.as_bytes().to_vec()), false);
        tree.files.remove("a.yaml").unwrap().text.to_string()
    }

    #[test]
    fn byte_order_marks_go_where_documents_begin_and_nowhere_else() {
        assert_eq!(text("\u{feff}a: 1\n---\n\u{feff}b: 2\n"), "a: 1\n---\nb: 2\n");
        assert_eq!(text("a: 1\n\u{feff}---\r\n\u{feff}b: 2\n"), "a: 1\n---\r\nb: 2\n");
        assert_eq!(text("a: \"\u{feff}\"\n"), "a: \"\u{feff}\"\n");
    }

    #[test]
    fn what_stands_in_the_place_of_a_content_is_told() {
        let why = |content: &[u8], named: bool| {
            let mut tree = SourceTree::default();
            tree.take("a.yaml".to_owned(), Ok(content.to_vec()), named);
            assert_eq!(tree.unclear().collect::<Vec<_>>(), ["a.yaml"]);
            if named { tree.unread.remove(0).why } else { tree.left_out.remove(0).why }
        };
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        assert_eq!(why(pointer, false), "a pointer of git LFS; fetch the content with `git lfs pull`");
        assert_eq!(why(b"\0GITCRYPT\0\x01", true), "encrypted by git-crypt");
        assert_eq!(why(b"\xff\xfea\0", false), "not UTF-8 at byte 0");
    }
}
