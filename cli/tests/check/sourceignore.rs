//! What Flux leaves out of a repository, by `.sourceignore` or its source's `spec.ignore`: it is not applied, and no tool sees it.

use super::support::set;
use super::ways::{DELETED, Files, History, URL, application, config, files, judged, kustomization, row, with};

fn source(more: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: flux-system, namespace: flux-system}}\nspec:\n  \
         url: {URL}\n  ref: {{branch: main}}\n{more}"
    )
}

fn cluster(source: String) -> Files {
    files([
        ("clusters/eu/source.yaml", source),
        ("clusters/eu/db.yaml", kustomization("db", "apps/db", "")),
        ("apps/db/set.yaml", set(3)),
        ("apps/db/other.yaml", config()),
    ])
}

#[test]
fn what_is_left_out_now_is_deleted() {
    let base = cluster(source(""));
    let ignored = [(".sourceignore", "# no databases\nset.yaml\n".to_owned())];
    row(".sourceignore", &base, &with(&base, ignored.clone()), &["--strict"], &[DELETED], 0);
    row("in the folder", &base, &with(&base, [("apps/.sourceignore", "/db/s*.yaml\n".to_owned())]), &[], &[DELETED], 0);
    let by_source = cluster(source("  ignore: |\n    /*\n    !/apps/db/other.yaml\n"));
    row("spec.ignore", &base, &by_source, &["--strict"], &[DELETED], 0);
    let overruled = with(&cluster(source("  ignore: '!set.yaml'\n")), ignored);
    row("spec.ignore goes over it", &base, &overruled, &["--strict"], &[], 0);
    let unrelated = [(".sourceignore", "/docs\n".to_owned())];
    row("something else", &base, &with(&base, unrelated), &["--strict"], &[], 0);
    // Argo CD reads no such file.
    let argo = files([
        ("argo/db.yaml", application("db", "apps/db", "")),
        ("apps/db/set.yaml", set(3)),
        ("apps/db/other.yaml", config()),
    ]);
    row("argo", &argo, &with(&argo, [(".sourceignore", "set.yaml\n".to_owned())]), &["--strict"], &[], 0);
}

#[test]
fn what_is_left_out_is_nobodys() {
    let all = cluster(source(""));
    let without = with(&all, [(".sourceignore", "set.yaml\n".to_owned())]);
    row("shrunk", &without, &with(&without, [("apps/db/set.yaml", set(1))]), &[], &["UPDATE db/rqlite denied"], 0);
    row("taken", &without, &all, &["--strict"], &[], 0);
}

#[test]
fn what_is_left_out_is_not_there_to_render() {
    let base = with(&cluster(source("")), [("apps/db/kustomization.yaml", "resources: [set.yaml]\n".to_owned())]);
    // Flux finds no kustomization there any more, and builds one of all files.
    let plain = with(&base, [(".sourceignore", "kustomization.yaml\n".to_owned())]);
    row("the kustomization", &base, &plain, &["--strict"], &[], 0);
    let broken = with(&base, [(".sourceignore", "set.yaml\n".to_owned())]);
    let Some(outcome) = judged(&base, &broken, &["--strict"]) else { return };
    assert_eq!(outcome.changes, ["? db/rqlite not-judged"], "{:#}", outcome.json);
    // kustomize itself does not find the file.
    assert_eq!(outcome.code, Some(2), "{:#}", outcome.json);
}

#[test]
fn the_folder_as_it_lies_there_is_read_the_same_way() {
    let history = History::new();
    let base = with(
        &cluster(source("")),
        [("apps/db/more/kustomization.yaml", "resources: [../set.yaml]\n".to_owned()), ("apps/db/set.yaml", set(3))],
    );
    history.commit(&base);
    let head = with(&base, [(".sourceignore", "/apps/db/set.yaml\n/apps/db/more\n".to_owned())]);
    history.commit(&head);
    let Some(committed) = history.judged(&[]) else { return };
    history.git(&["reset", "--quiet", "--mixed", "HEAD~1"]);
    let worked = history.judged_in_folder(&[]).unwrap();
    assert_eq!(worked.changes, committed.changes, "{:#}", worked.json);
    assert_eq!(worked.changes, [DELETED], "{:#}", worked.json);
}

#[test]
fn symbolic_links_are_left_out() {
    let history = History::new();
    let base = files([
        ("clusters/eu/db.yaml", kustomization("db", "apps/db", "")),
        ("apps/db/set.yaml", set(3)),
        ("apps/db/other.yaml", config()),
        ("shared/set.yaml", set(3)),
    ]);
    history.commit(&base);
    let set = history.root().join("apps/db/set.yaml");
    std::fs::remove_file(&set).unwrap();
    std::os::unix::fs::symlink("../../shared/set.yaml", &set).unwrap();
    history.git(&["add", "--all"]);
    history.git(&["commit", "--quiet", "-m", "a link"]);
    let Some(outcome) = history.judged(&[]) else { return };
    assert_eq!(outcome.changes, ["DELETE db/rqlite denied"], "{:#}", outcome.json);
}
