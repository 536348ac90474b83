//! Where compiled policies stay between calls, and that a folder which cannot be used costs time and no verdict.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{Folder, Run, command, repository};

const REVIEW: [&str; 4] = ["review", "--policies", "quorum-guard", "docs/examples/scale-3-to-1.json"];

#[expect(clippy::unwrap_used, reason = "fails the test")]
fn review(variables: &[(&str, &str)]) -> Run {
    let mut command = command(&repository(), &REVIEW);
    command.env_remove("QUORATE_CACHE").env_remove("XDG_CACHE_HOME").env_remove("HOME").envs(variables.iter().copied());
    let mut child = command.spawn().unwrap();
    drop(child.stdin.take());
    child.wait_with_output().unwrap().into()
}

fn kept(folder: &str) -> usize {
    fs::read_dir(Path::new(folder).join("policies")).map_or(0, Iterator::count)
}

#[test]
fn what_was_compiled_is_kept_where_the_variables_say() {
    let [asked, xdg, home] = [(); 3].map(|()| Folder::new(&[]));
    for (variable, folder, below) in
        [("QUORATE_CACHE", &asked, ""), ("XDG_CACHE_HOME", &xdg, "quorate"), ("HOME", &home, ".cache/quorate")]
    {
        for _ in 0..2 {
            let run = review(&[(variable, &folder.path(""))]);
            assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""), "{run:?}");
            assert_eq!(kept(&folder.path(below)), 1, "{variable}");
        }
    }
}

/// As on a full disk.
#[test]
fn what_cannot_be_kept_is_told_and_costs_no_verdict() {
    let folder = Folder::new(&[]);
    let with = || review(&[("QUORATE_CACHE", &folder.path(""))]);
    with();
    let policies = Path::new(&folder.path("")).join("policies");
    let file = fs::read_dir(&policies).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&file).unwrap();
    // A file cannot take its place.
    fs::create_dir(&file).unwrap();
    let run = with();
    assert_eq!(run.code, Some(1), "{run:?}");
    let told = format!("quorate: {}: compiled policies cannot be kept (", policies.display());
    assert!(run.stderr.starts_with(&told), "{}", run.stderr);
}

#[test]
fn nothing_is_kept_when_that_is_off() {
    let home = Folder::new(&[]);
    let run = review(&[("QUORATE_CACHE", "off"), ("HOME", &home.path(""))]);
    assert_eq!((run.code, kept(&home.path(".cache/quorate"))), (Some(1), 0), "{run:?}");
}

#[test]
fn a_folder_that_is_open_to_others_is_complained_of_and_not_used() {
    let folder = Folder::new(&[]);
    let shared = folder.path("policies");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o777)).unwrap();
    let run = review(&[("QUORATE_CACHE", &folder.path(""))]);
    assert_eq!((run.code, kept(&folder.path(""))), (Some(1), 0), "{run:?}");
    assert!(run.stderr.starts_with("quorate: QUORATE_CACHE: ") && run.stderr.contains("mode 777"), "{}", run.stderr);
}
