//! Where both states of the repository come from: commits, folders, named files, standard input.
//! Does not look into the files.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;

use anyhow::{Context as _, ensure};

use super::git::Repository;
use super::options::Options;
use super::selection::Selection;
use super::tree::SourceTree;
use super::walk;
use crate::input;

/// One state: its manifests, and where a tool finds the whole of it.
#[derive(Clone)]
pub(super) struct SideInput {
    pub(super) tree: SourceTree,
    pub(super) source: TreeSource,
}

#[derive(Clone)]
pub(super) enum TreeSource {
    /// What the user named: it is read where it lies.
    Named,
    /// The files of a folder, by the tree's paths; nothing else that lies there is shown to a tool.
    Folder,
    Commit {
        repository: Rc<Repository>,
        reference: String,
    },
}

/// Both states; without a base there is only one.
pub(super) struct Sides {
    pub(super) base: Option<SideInput>,
    pub(super) head: SideInput,
    /// URL of the repository, where it is known.
    pub(super) url: Option<String>,
    /// The repository, which holds other revisions too.
    pub(super) repository: Option<Rc<Repository>>,
    /// What of it the check is about.
    pub(super) selection: Selection,
}

/// A folder that holds a state, as long as this lives.
pub(super) struct WorkingFolder {
    pub(super) folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl SideInput {
    /// The state without some of its paths; what the user named is read as it lies there.
    pub(super) fn without(self, is_left_out: &dyn Fn(&str) -> bool) -> Self {
        match self.source {
            TreeSource::Named => self,
            source @ (TreeSource::Folder | TreeSource::Commit { .. }) => {
                Self { tree: self.tree.without(is_left_out), source }
            }
        }
    }

    /// The state as files in a temporary folder, without symbolic links that lead out of it, and without what git leaves out.
    pub(super) fn check_out(&self) -> anyhow::Result<WorkingFolder> {
        let temporary = match &self.source {
            TreeSource::Named => return Ok(WorkingFolder { folder: PathBuf::new(), _temporary: None }),
            TreeSource::Folder => {
                let temporary = tempfile::tempdir()?;
                self.tree.copy(temporary.path())?;
                temporary
            }
            TreeSource::Commit { repository, reference } => {
                let temporary = tempfile::tempdir()?;
                let is_wanted = |path: &str| self.tree.paths.contains_key(path);
                let may_be_large = |path: &str| self.tree.is_rendered(path);
                repository.check_out(reference, temporary.path(), &is_wanted, &may_be_large)?;
                temporary
            }
        };
        Ok(WorkingFolder { folder: temporary.path().to_owned(), _temporary: Some(temporary) })
    }
}

impl Sides {
    pub(super) fn gather(options: &Options) -> anyhow::Result<Self> {
        if let Some(base) = &options.base {
            return Self::of_git(options, base);
        }
        if let (Some(base), Some(head)) = (&options.base_dir, &options.head_dir) {
            let (base, head) = both_folders(base, head)?;
            return Ok(Self { base: Some(base), head, url: None, repository: None, selection: Selection::default() });
        }
        ensure!(
            !options.paths.is_empty(),
            "nothing is named to be checked; name files or folders, or --base and --head, or --base-dir and --head-dir"
        );
        let from_stdin = options.paths.iter().filter(|path| input::is_stdin(path)).count();
        ensure!(from_stdin <= 1, "`-` stands {from_stdin} times, but standard input can be read once");
        let head = SideInput { tree: walk::named(&options.paths), source: TreeSource::Named };
        Ok(Self { base: None, head, url: None, repository: None, selection: Selection::default() })
    }

    fn of_git(options: &Options, base: &str) -> anyhow::Result<Self> {
        let around = options.repository.as_deref().unwrap_or(Path::new("."));
        let named = std::iter::once(base).chain(options.head.as_deref());
        let repository = Rc::new(Repository::around(around)?.naming(named));
        let selection = Selection::of(&options.paths, around, repository.folder().as_deref())?;
        let commit = |reference: &str| -> anyhow::Result<SideInput> {
            let tree = repository.tree(reference)?;
            let ground = TreeSource::Commit { repository: Rc::clone(&repository), reference: reference.to_owned() };
            Ok(SideInput { tree, source: ground })
        };
        let head = match &options.head {
            Some(head) => commit(head)?,
            None => {
                let folder = repository.folder().context("the repository is bare; name a commit with --head")?;
                let tree = repository.working_tree(&folder)?;
                SideInput { tree, source: TreeSource::Folder }
            }
        };
        let base = commit(base)?;
        selection.ensure_used([&base.tree, &head.tree])?;
        let url = repository.url();
        Ok(Self { base: Some(base), head, url, repository: Some(repository), selection })
    }
}

/// Both folders, read at once.
fn both_folders(base: &Path, head: &Path) -> anyhow::Result<(SideInput, SideInput)> {
    let read = |folder: &Path| walk::folder(folder).with_context(|| folder.display().to_string());
    let (base, head) = thread::scope(|scope| {
        let base = scope.spawn(|| read(base));
        let head = read(head);
        (base.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), head)
    });
    let input = |tree| SideInput { tree, source: TreeSource::Folder };
    Ok((input(base?), input(head?)))
}
