//! A shell in the repository's root, as the reader of a page has one: kubectl, helm and quorate on its PATH, and a kubeconfig.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page::repository;
use crate::tool::Output;

#[derive(Debug)]
pub struct Shell {
    home: PathBuf,
    kubeconfig: PathBuf,
    /// Of links to the programs.
    bin: PathBuf,
}

impl Shell {
    #[track_caller]
    pub(crate) fn new<'p>(home: &Path, kubeconfig: &Path, programs: impl Iterator<Item = (&'p str, PathBuf)>) -> Self {
        let bin = tempfile::tempdir_in(home).expect("a writable folder").keep();
        for (name, program) in programs {
            symlink(program, bin.join(name)).expect("a link");
        }
        Self { home: home.to_owned(), kubeconfig: kubeconfig.to_owned(), bin }
    }

    /// Runs a command as it stands on a page, whatever comes of it.
    #[track_caller]
    pub fn run(&self, command: &str) -> Output {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.bin.clone()).chain(std::env::split_paths(&path));
        let mut shell = Command::new("sh");
        shell.args(["-ec", command]).current_dir(repository());
        shell.env("PATH", std::env::join_paths(folders).expect("a PATH"));
        shell.env("KUBECONFIG", &self.kubeconfig).env("HOME", &self.home);
        let output = shell.output().expect("sh");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Output { command: command.to_owned(), code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
