//! Commits of a repository: read from its objects, with no checkout touched.

use std::os::unix::fs::symlink;
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

/// A clone of `inner` as a submodule `infra` of a repository of its own, committed.
fn with_submodule() -> States {
    let states = States::new(&[], &[]);
    let root = states.path("");
    states.put("inner/rqlite.yaml", set(3));
    states.put("outer/readme.md", "a");
    for repository in ["inner", "outer"] {
        let folder = root.join(repository);
        git(&folder, &["init", "--quiet"]);
        git(&folder, &["add", "."]);
        git(&folder, &["commit", "--quiet", "-m", "first"]);
    }
    let inner = root.join("inner").display().to_string();
    let outer = root.join("outer");
    git(&outer, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &inner, "infra"]);
    git(&outer, &["commit", "--quiet", "-m", "with infra"]);
    states
}

#[test]
fn a_submodule_that_moves_is_named_and_never_walked() {
    let states = with_submodule();
    let outer = states.path("outer");
    let check = |args: &[&str]| run(&outer, &[&["check", "--policies", "quorum-guard", "--strict"], args].concat());
    let added = check(&["--base", "HEAD~1", "--head", "HEAD"]);
    assert_eq!(added.code, Some(3), "{added:?}");
    assert!(added.stdout.contains("infra: a new submodule, at commit "), "{}", added.stdout);
    assert_eq!(check(&["--base", "HEAD"]).code, Some(0));
    states.put("outer/infra/rqlite.yaml", set(1));
    // Not committed there: git shows no other commit either.
    assert_eq!(check(&["--base", "HEAD"]).code, Some(0));
    git(&outer.join("infra"), &["commit", "--quiet", "-am", "one"]);
    let moved = check(&["--base", "HEAD"]);
    assert_eq!(moved.code, Some(3), "{moved:?}");
    assert!(moved.stdout.contains("infra: a submodule that moves from commit "), "{}", moved.stdout);
    git(&outer, &["commit", "--quiet", "-am", "bump"]);
    assert_eq!(check(&["--base", "HEAD~1", "--head", "HEAD"]).stdout, moved.stdout);
    git(&outer, &["rm", "--quiet", "-f", "infra"]);
    assert!(check(&["--base", "HEAD"]).stdout.contains("infra (base): a submodule that goes, from commit "));
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_there() {
    let states = repository();
    let root = states.path("");
    for index in ["false", "true"] {
        git(&root, &["-c", &format!("index.sparse={index}"), "sparse-checkout", "set", "docs"]);
        assert!(!states.path("db/rqlite.yaml").exists());
        let run = check(&states, &["--base", "HEAD", "--strict"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "nothing to judge, 1 unchanged\n"), "{index} {run:?}");
        let against = check(&states, &["--base", "change"]);
        assert!(against.stdout.contains("1 -> 3"), "{index} {against:?}");
    }
}

#[test]
fn a_link_that_a_sparse_checkout_leaves_out_leads_where_it_leads_in_the_commit() {
    let states = repository();
    let root = states.path("");
    states.put("shared/rqlite.tpl", set(5).replace("name: rqlite\n", "name: other\n"));
    symlink("../shared/rqlite.tpl", states.path("db/other.yaml")).unwrap();
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "-m", "linked"]);
    for index in ["false", "true"] {
        git(&root, &["-c", &format!("index.sparse={index}"), "sparse-checkout", "set", "docs"]);
        let run = check(&states, &["--base", "HEAD", "--strict"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "nothing to judge, 2 unchanged\n"), "{index} {run:?}");
    }
}

#[test]
fn what_git_ignores_and_other_repositories_are_left_out() {
    let states = repository();
    let root = states.path("");
    states.put(".gitignore", "out/\n*.local.yaml\n");
    states.put("out/rqlite.yaml", set(5));
    states.put("db/rqlite.local.yaml", set(5));
    git(&root, &["init", "--quiet", "nested"]);
    states.put("nested/rqlite.yaml", set(5));
    let run = check(&states, &["--base", "HEAD", "--strict"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "nothing to judge, 1 unchanged\n"), "{run:?}");
    // What is neither listed nor ignored comes with the next commit.
    states.put("new.yaml", set(5).replace("name: rqlite\n", "name: other\n"));
    assert!(check(&states, &["--base", "HEAD"]).stdout.contains("db/other"), "{run:?}");
    // What is listed counts though it is ignored.
    git(&root, &["add", "--force", "db/rqlite.local.yaml"]);
    states.put("db/rqlite.local.yaml", set(5).replace("name: rqlite\n", "name: third\n"));
    assert!(check(&states, &["--base", "HEAD"]).stdout.contains("db/third"));
}

#[test]
fn symbolic_links_are_followed_in_the_tree_on_both_sides_alike() {
    let states = States::new(&[], &[]);
    let root = states.path("");
    git(&root, &["init", "--quiet"]);
    states.put("shared/rqlite.tpl", set(5));
    states.put("env/readme.md", "a");
    symlink("../shared/rqlite.tpl", states.path("env/rqlite.yaml")).unwrap();
    symlink("/etc/hostname", states.path("env/outside.yaml")).unwrap();
    symlink("../../../../../../etc/hostname", states.path("env/dots.yaml")).unwrap();
    symlink("nowhere.yaml", states.path("env/nowhere.yaml")).unwrap();
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "-m", "five"]);
    states.put("shared/rqlite.tpl", set(1));
    let worked = check(&states, &["--base", "HEAD"]);
    assert_eq!(worked.code, Some(1), "{worked:?}");
    assert!(worked.stdout.contains("5 -> 1"), "{}", worked.stdout);
    git(&root, &["commit", "--quiet", "-am", "one"]);
    let committed = check(&states, &["--base", "HEAD~1", "--head", "HEAD"]);
    assert_eq!(committed.stdout, worked.stdout);
    let json = check(&states, &["--base", "HEAD~1", "--head", "HEAD", "-o", "json"]).json();
    let left: Vec<(&str, &str)> = json["notEvaluated"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| (gap["file"].as_str().unwrap(), gap["reason"].as_str().unwrap()))
        .collect();
    let expected = [
        ("env/dots.yaml", "a symbolic link that leads outside, and is not followed"),
        ("env/nowhere.yaml", "a symbolic link that leads to no file"),
        ("env/outside.yaml", "a symbolic link that leads outside, and is not followed"),
    ];
    assert_eq!(left, expected);
}

#[test]
fn a_kustomization_uses_a_link_to_a_file_of_the_repository() {
    let Some(kubectl) = super::support::tool("kubectl") else { return };
    let states = States::new(&[], &[]);
    let root = states.path("");
    git(&root, &["init", "--quiet"]);
    states.put("shared/patch.yaml", "[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 3}]");
    states.put("db/set.yaml", set(5));
    states.put(
        "db/kustomization.yaml",
        "resources: [set.yaml]\npatches: [{path: patch.yaml, target: {kind: StatefulSet}}]\n",
    );
    symlink("../shared/patch.yaml", states.path("db/patch.yaml")).unwrap();
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "-m", "three"]);
    states.put("shared/patch.yaml", "[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 1}]");
    let tools = ["--kustomize", kubectl.to_str().unwrap()];
    let worked = check(&states, &[&tools[..], &["--base", "HEAD"]].concat());
    git(&root, &["commit", "--quiet", "-am", "one"]);
    let committed = check(&states, &[&tools[..], &["--base", "HEAD~1", "--head", "HEAD"]].concat());
    for run in [worked, committed] {
        assert!(run.code == Some(1) && run.stdout.contains("replicas 3 -> 1"), "{run:?}");
    }
}

#[test]
fn a_path_that_selects_nothing_is_an_error_and_paths_begin_here() {
    let states = repository();
    let typo = check(&states, &["--base", "main", "--head", "change", "bd"]);
    typo.assert_unusable(&["quorate: bd selects no file, neither in the base nor in the head"]);
    let outside = check(&states, &["--base", "main", "--head", "change", "../x"]);
    outside.assert_unusable(&["quorate: ../x lies outside of the repository"]);
    let args = ["check", "--policies", "quorum-guard", "--base", "main", "--head", "change"];
    for path in ["rqlite.yaml", ".", "../db"] {
        let below = run(&states.path("db"), &[&args[..], &[path]].concat());
        assert_eq!(below.code, Some(1), "{path} {below:?}");
    }
    let other = run(&states.path("db"), &[&args[..], &["../docs"]].concat());
    assert_eq!((other.code, other.stdout.as_str()), (Some(0), "nothing to judge\n"), "{other:?}");
}
