//! Runs the built binary as a user would, in a folder of its own.
//! Asserts nothing by itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot start its run has failed")]
#![allow(dead_code, reason = "every test file uses its own part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use quorate_fixtures::review;
use serde_json::json;

/// The repository, where `docs/examples` is.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// How one run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Bad usage or input: exit 2, nothing found, and exactly these complaints.
    #[track_caller]
    pub(crate) fn assert_unusable(&self, complaints: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        let found: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(found, complaints);
    }
}

/// A folder with the files of one test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.put(name, text);
        }
        folder
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub(crate) fn quorate(&self, args: &[&str]) -> Run {
        quorate(self.0.path(), args, "")
    }

    pub(crate) fn quorate_with_input(&self, args: &[&str], input: &str) -> Run {
        quorate(self.0.path(), args, input)
    }
}

/// A run in the repository.
pub(crate) fn in_repository(args: &[&str]) -> Run {
    quorate(&repository(), args, "")
}

pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.args(args).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn quorate(folder: &Path, args: &[&str], input: &str) -> Run {
    let mut child = command(folder, args).spawn().unwrap();
    // A run that does not read its input closes it: that is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

/// No policy at all: fast to start, and everything readable is allowed.
pub(crate) fn no_policies() -> String {
    only(&[])
}

/// A configuration with these alone of the built-in policies, since compiling all of them in a debug build takes seconds. More of each of
/// them may stand behind it.
pub(crate) fn only(enabled: &[&str]) -> String {
    let disabled = quorate_cases::built_in().filter(|name| !enabled.contains(name));
    let lines: String = disabled.map(|name| format!("  {name}: {{enabled: false}}\n")).collect();
    format!("policies:\n{lines}")
}

/// The scale of StatefulSet `db/rqlite`.
pub(crate) fn scale(from: i64, to: i64) -> String {
    review::scale("db", "rqlite", from, to).to_string()
}

/// The deletion of an object of the core group in `db`.
pub(crate) fn deletion(kind: &str, name: &str) -> String {
    let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "db"}});
    review::of_change(Some(&object), None).to_string()
}
