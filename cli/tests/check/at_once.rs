//! Several folders are rendered at once, and what comes out does not depend on which ends first.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use super::support::{States, run, set};
use super::ways::{Files, History, kustomization};

const FOLDERS: usize = 6;

/// A stand-in for kustomize: it gives the folder's set, after a while, and notes how many of it run.
fn program(states: &States) -> String {
    let notes = states.path("running").display().to_string();
    let script = format!(
        "#!/bin/sh\nfor folder; do :; done\nmkdir -p '{notes}/'$$\nls '{notes}' | wc -l >> '{notes}.txt'\n\
         sleep 0.$(( $$ % 3 + 1 ))\nrmdir '{notes}/'$$\ncat \"$folder/set.yaml\"\n"
    );
    states.put("kustomize", script);
    let program = states.path("kustomize");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.display().to_string()
}

fn folders(replicas: u32, leads: bool) -> Files {
    let mut files = Files::new();
    for index in 0..FOLDERS {
        let own = set(replicas).replace("name: rqlite\n", &format!("name: rqlite-{index:02}\n"));
        files.insert(format!("apps/{index:02}/set.yaml"), own);
        files.insert(format!("apps/{index:02}/kustomization.yaml"), "resources: [set.yaml]\n".to_owned());
        if leads {
            let name = format!("clusters/eu/{index:02}.yaml");
            files.insert(name, kustomization(&format!("db-{index:02}"), &format!("apps/{index:02}"), ""));
        }
    }
    files
}

#[track_caller]
fn assert_at_once(leads: bool) {
    let states = States::new(&[], &[]);
    let program = program(&states);
    let history = History::new();
    history.commit(&folders(5, leads));
    history.commit(&folders(3, leads));
    let range = ["check", "--base", "HEAD~1", "--head", "HEAD", "--policies", "quorum-guard", "-o", "json"];
    let check = || run(&history.root(), &[&range[..], &["--kustomize", &program]].concat());
    let (first, second) = (check(), check());
    assert_eq!(first.json()["changes"].as_array().unwrap().len(), FOLDERS, "{first:?}");
    assert_eq!(first.stdout, second.stdout);
    let counts = fs::read_to_string(states.path("running.txt")).unwrap();
    let most = counts.lines().map(|line| line.trim().parse::<usize>().unwrap()).max().unwrap();
    let cores = thread::available_parallelism().unwrap().get();
    assert!(most <= cores.min(8), "{most} at once on {cores} cores");
    assert!(most > 1 || cores == 1, "one after the other on {cores} cores");
}

#[test]
fn folders_that_nobody_is_known_to_apply_are_rendered_at_once() {
    assert_at_once(false);
}

#[test]
fn folders_of_leading_objects_are_rendered_at_once() {
    assert_at_once(true);
}
