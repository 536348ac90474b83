//! Two folders, base and head, and runs over them.
//! Asserts nothing by itself.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Run, command};

/// rqlite's own 3-node manifest, with `spec.replicas` on line 10.
pub(crate) fn set(replicas: u32) -> String {
    let example = fs::read_to_string(crate::common::repository().join("docs/examples/rqlite.yaml")).unwrap();
    example.replace("replicas: 3", &format!("replicas: {replicas}"))
}

/// Base and head, side by side.
pub(crate) struct States(tempfile::TempDir);

impl States {
    pub(crate) fn new(base: &[(&str, &str)], head: &[(&str, &str)]) -> Self {
        let states = Self(tempfile::tempdir().unwrap());
        for (side, files) in [("base", base), ("head", head)] {
            fs::create_dir(states.path(side)).unwrap();
            files.iter().for_each(|(path, text)| states.put(&format!("{side}/{path}"), text));
        }
        states
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// One policy: compiling all four in a debug build takes seconds.
    pub(crate) fn check(&self, args: &[&str]) -> Run {
        let policies = ["--policies", "quorum-guard"];
        self.check_with(&[&policies, args].concat())
    }

    pub(crate) fn check_with(&self, args: &[&str]) -> Run {
        run(self.0.path(), &[&["check", "--base-dir", "base", "--head-dir", "head"], args].concat())
    }

    pub(crate) fn json(&self, args: &[&str]) -> (Option<i32>, Value) {
        let run = self.check(&[&["-o", "json"], args].concat());
        (run.code, run.json())
    }
}

pub(crate) fn run(folder: &Path, args: &[&str]) -> Run {
    let mut child = command(folder, args).spawn().unwrap();
    drop(child.stdin.take());
    child.wait_with_output().unwrap().into()
}

/// Of the first change: verdict, and rule, file, line and column of its first finding.
#[track_caller]
pub(crate) fn first(json: &Value) -> (&str, &str, &str, u64, u64) {
    let change = &json["changes"][0];
    let finding = &change["findings"][0];
    let at = &finding["at"];
    (
        change["verdict"].as_str().unwrap_or_else(|| panic!("{json:#}")),
        finding["rule"].as_str().unwrap_or_default(),
        at["file"].as_str().unwrap_or_default(),
        at["line"].as_u64().unwrap_or_default(),
        at["column"].as_u64().unwrap_or_default(),
    )
}

/// A program of the PATH, or of the control planes that the cluster tests build. Says loudly when there is none.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let cached = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/quorate/controlplane"));
    let cached = cached.and_then(|cache| fs::read_dir(cache).ok()).into_iter().flatten().flatten();
    let mut cached: Vec<PathBuf> = cached.map(|entry| entry.path()).collect();
    cached.sort();
    let folders = cached.into_iter().rev().chain(std::env::split_paths(&on_path));
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: no {name} on the PATH or in the cache of the cluster tests");
    }
    found
}

/// A file that a variable names. Says loudly when it names none.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn named_by(variable: &str, what: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        eprintln!("SKIPPED: no {what}; set {variable} to a copy of it");
    }
    found
}
