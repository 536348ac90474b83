//! Commits of a repository: read from its objects, with no checkout touched.

use std::path::Path;
use std::process::Command;

use super::support::{States, first, run, set};

/// Runs git as nobody in particular.
#[track_caller]
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A repository with two commits, `main` and `change`; `main` is checked out.
fn repository() -> States {
    let states = States::new(&[], &[]);
    let root = states.path("");
    git(&root, &["init", "--quiet"]);
    states.put("db/rqlite.yaml", set(3));
    states.put("docs/readme.md", "no manifest");
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "-m", "three"]);
    git(&root, &["switch", "--quiet", "-c", "change"]);
    states.put("db/rqlite.yaml", set(1));
    git(&root, &["commit", "--quiet", "-am", "one"]);
    git(&root, &["switch", "--quiet", "main"]);
    states
}

fn check(states: &States, args: &[&str]) -> crate::common::Run {
    run(&states.path(""), &[&["check", "--policies", "quorum-guard"], args].concat())
}

#[test]
fn two_commits_are_compared_and_nothing_is_checked_out() {
    let states = repository();
    let before = git(&states.path(""), &["status", "--porcelain=v2", "--branch"]);
    let run = check(&states, &["--base", "main", "--head", "change", "-o", "json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(first(&run.json()), ("denied", "quorum-guard/scale-below-quorum", "db/rqlite.yaml", 10, 3));
    assert_eq!(git(&states.path(""), &["status", "--porcelain=v2", "--branch"]), before);
    let back = check(&states, &["--base", "change", "--head", "main", "docs"]);
    assert_eq!((back.code, back.stdout.as_str()), (Some(0), "nothing to judge\n"));
}

#[test]
fn without_a_head_the_files_as_they_lie_there_are_compared() {
    let states = repository();
    assert_eq!(check(&states, &["--base", "HEAD"]).code, Some(0));
    states.put("db/rqlite.yaml", set(1));
    assert_eq!(check(&states, &["--base", "HEAD"]).code, Some(1));
    assert_eq!(check(&states, &["--base", "HEAD", "./db"]).code, Some(1));
}

#[test]
fn packed_objects_and_abbreviated_names_are_read_too() {
    let states = repository();
    git(&states.path(""), &["gc", "--quiet", "--aggressive"]);
    let commit = git(&states.path(""), &["rev-parse", "--short", "change"]);
    assert_eq!(check(&states, &["--base", "main", "--head", commit.trim()]).code, Some(1));
    assert_eq!(check(&states, &["--base", "change~1", "--head", "change"]).code, Some(1));
}

#[test]
fn an_unknown_commit_and_no_repository_are_exit_2() {
    let states = repository();
    let run = check(&states, &["--base", "nowhere", "--head", "main"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.starts_with("quorate: `nowhere` is no commit of this repository; fetch it first"),
        "{}",
        run.stderr
    );
}
