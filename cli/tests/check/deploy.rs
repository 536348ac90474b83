//! What `deploy/ci` gives to copy: the shell parts run on a repository with a good and a bad commit, the rest is read as what it is.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::git::git;
use super::support::{States, set};
use crate::common::{Run, repository};

fn history() -> States {
    let states = States::new(&[], &[]);
    git(&states.path(""), &["init", "--quiet"]);
    for replicas in [3, 1] {
        states.put("db.yaml", set(replicas));
        git(&states.path(""), &["add", "db.yaml"]);
        git(&states.path(""), &["commit", "--quiet", "-m", "set"]);
    }
    states
}

/// Runs the script as a runner does: nothing of this process' environment but what is given.
fn script(states: &States, env: &[(&str, &str)], args: &[&str]) -> Run {
    let binaries = Path::new(env!("CARGO_BIN_EXE_quorate")).parent().unwrap();
    let output = Command::new("/usr/bin/env")
        .arg("bash")
        .arg(repository().join("deploy/ci/check.sh").canonicalize().unwrap())
        .args(args)
        .args(["--policies", "quorum-guard"])
        .current_dir(states.path(""))
        .env_clear()
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", binaries.display()))
        .envs(env.iter().copied())
        .output()
        .unwrap();
    output.into()
}

#[test]
fn the_script_judges_a_pull_request_on_github() {
    let states = history();
    let root = states.path("");
    git(&root, &["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    let summary = states.path("summary.md");
    let env = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ("QUORATE_SARIF", "out.sarif"),
    ];
    let run = script(&states, &env, &[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout.starts_with("::error file=db.yaml,line=10,col=3,title=quorum-guard/scale-below-quorum::"),
        "{run:?}"
    );
    let sarif: Value = serde_json::from_slice(&fs::read(states.path("out.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "quorum-guard/scale-below-quorum");
    assert!(fs::read_to_string(summary).unwrap().starts_with("### quorate check: 1 denied"));
}

#[test]
fn the_script_judges_a_merge_request_on_gitlab_and_a_commit_elsewhere() {
    let states = history();
    let base = git(&states.path(""), &["rev-parse", "HEAD~1"]);
    let run = script(&states, &[("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.trim())], &[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.starts_with("StatefulSet db/rqlite: denied"), "{run:?}");
    assert!(fs::read_to_string(states.path("quorate.xml")).unwrap().contains("failures=\"1\""));
    assert_eq!(script(&states, &[], &["--strict"]).code, Some(1));
    let same = script(&states, &[("QUORATE_BASE", "HEAD")], &[]);
    assert_eq!((same.code, same.stdout.as_str()), (Some(0), "nothing to judge, 1 unchanged\n"), "{same:?}");
}

/// A change behind which an rqlite set may be is no success, unless somebody says so.
#[test]
fn the_script_is_strict_until_it_is_told_otherwise() {
    let states = States::new(&[], &[]);
    git(&states.path(""), &["init", "--quiet"]);
    for count in [3, 1] {
        let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: rqlite, namespace: db}\nspec:\n  chart: \
                       {spec: {chart: rqlite, version: 2.0.0, sourceRef: {kind: HelmRepository, name: rqlite}}}\n";
        states.put("release.yaml", format!("{release}  values: {{replicaCount: {count}}}\n"));
        git(&states.path(""), &["add", "."]);
        git(&states.path(""), &["commit", "--quiet", "-m", "release"]);
    }
    assert_eq!(script(&states, &[], &[]).code, Some(3));
    assert_eq!(script(&states, &[], &["--strict"]).code, Some(3));
    assert_eq!(script(&states, &[("QUORATE_STRICT", "0")], &[]).code, Some(0));
}

/// The composite action's own shell, with the variables that GitHub sets.
#[test]
fn the_action_hands_its_arguments_on() {
    let states = history();
    let action = yaml("deploy/ci/github/action.yml");
    let step = &action["runs"]["steps"][0];
    assert_eq!((&action["runs"]["using"], &step["shell"]), (&"composite".into(), &"bash".into()));
    let given: Vec<&str> = step["env"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(given, ["QUORATE_ARGUMENTS", "QUORATE_BASE", "QUORATE_SARIF"]);
    let binaries = Path::new(env!("CARGO_BIN_EXE_quorate")).parent().unwrap();
    let run: Run = Command::new("/usr/bin/env")
        .args(["bash", "-e", "-o", "pipefail", "-c", step["run"].as_str().unwrap()])
        .current_dir(states.path(""))
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", binaries.display()))
        .env("GITHUB_ACTION_PATH", repository().join("deploy/ci/github").canonicalize().unwrap())
        .env("QUORATE_ARGUMENTS", "--policies quorum-guard db.yaml")
        .env("QUORATE_BASE", "HEAD~1")
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap()
        .into();
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.starts_with("::error file=db.yaml,line=10"), "{run:?}");
}

#[test]
fn the_hook_judges_the_working_folder() {
    let states = history();
    let hook = yaml("deploy/ci/pre-commit/pre-commit-config.yaml")["repos"][0]["hooks"][0].clone();
    let entry = hook["entry"].as_str().unwrap();
    let args: Vec<&str> = entry.split(' ').skip(1).collect();
    let run =
        |states: &States| super::support::run(&states.path(""), &[&args[..], &["--policies", "quorum-guard"]].concat());
    assert_eq!(run(&states).code, Some(0));
    states.put("db.yaml", set(0));
    states.put("db.yaml", set(3).replace("-bootstrap-expect=3", "-raft-non-voter=true"));
    assert_eq!(run(&states).code, Some(1));
}

#[test]
fn every_recipe_is_yaml() {
    for file in [
        "github/action.yml",
        "github/workflow.yaml",
        "gitlab/quorate.gitlab-ci.yml",
        "pre-commit/pre-commit-config.yaml",
        "argocd/application.yaml",
        "flux/kustomization.yaml",
    ] {
        assert!(yaml(&format!("deploy/ci/{file}")).is_object(), "{file}");
    }
}

/// The Argo CD recipe ignores exactly what `quorate ignore-differences` prints for the set that it deploys.
#[test]
fn the_argo_recipe_is_what_ignore_differences_prints() {
    let run = crate::common::in_repository(&["ignore-differences", "deploy/ci/argocd/statefulset.yaml"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let printed: Vec<Value> = serde_saphyr::from_multiple(&run.stdout).unwrap();
    let application = yaml("deploy/ci/argocd/application.yaml");
    assert_eq!(application["spec"]["ignoreDifferences"], printed[0]["ignoreDifferences"], "{}", run.stdout);
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}
