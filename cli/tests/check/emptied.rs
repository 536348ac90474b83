//! Leading objects of which nothing is left that they apply: what goes with it, and which tool does not do that by itself.

use super::support::set;
use super::ways::{DELETED, Files, GONE, application, config, files, judged, kustomization, with};

const SAID: &str = "Application argocd/db: nothing is left that it applies, and Argo CD does not sync that by itself without \
                    `allowEmpty: true`; what it applied goes when somebody syncs it";

fn folder(lead: (&str, String)) -> Files {
    files([lead, ("apps/db/kustomization.yaml", "resources: [set.yaml]\n".to_owned()), ("apps/db/set.yaml", set(3))])
}

#[track_caller]
fn assert_emptied(base: &Files, head: &Files, changes: &[&str], notices: &[&str]) {
    let Some(outcome) = judged(base, head, &[]) else { return };
    assert_eq!(outcome.changes, changes, "{:#}", outcome.json);
    assert_eq!(outcome.json["notices"], serde_json::json!(notices));
}

#[test]
fn argo_cd_does_not_empty_an_application_by_itself_unless_it_is_told_so() {
    let empty = [("apps/db/kustomization.yaml", "resources: []\n".to_owned())];
    let own = application("db", "apps/db", "");
    let base = folder(("argo/db.yaml", own.clone()));
    assert_emptied(&base, &with(&base, empty.clone()), &[DELETED], &[SAID]);
    // The whole folder.
    let none = [("apps/db/kustomization.yaml", GONE), ("apps/db/set.yaml", GONE)];
    assert_emptied(&base, &with(&base, none), &[DELETED], &[SAID]);
    // Something else is left.
    let other =
        [("apps/db/kustomization.yaml", "resources: [other.yaml]\n".to_owned()), ("apps/db/other.yaml", config())];
    assert_emptied(&base, &with(&base, other), &[DELETED], &[]);
    let allowed = folder(("argo/db.yaml", own.replace("{prune: true}", "{prune: true, allowEmpty: true}")));
    assert_emptied(&allowed, &with(&allowed, empty.clone()), &[DELETED], &[]);
    // Where nothing is pruned, nothing is refused.
    let keeping = folder(("argo/db.yaml", own.replace("{prune: true}", "{}")));
    assert_emptied(&keeping, &with(&keeping, empty), &[], &[]);
}

#[test]
fn a_chart_that_renders_nothing_is_empty_too() {
    let set_of_chart = format!("# Its set.\n{{{{- if .Values.isOn }}}}\n{}{{{{- end }}}}\n", set(3));
    let base = files([
        ("argo/db.yaml", application("db", "charts/db", "")),
        ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n".to_owned()),
        ("charts/db/values.yaml", "isOn: true\n".to_owned()),
        ("charts/db/templates/set.yaml", set_of_chart),
    ]);
    assert_emptied(&base, &with(&base, [("charts/db/values.yaml", "isOn: false\n".to_owned())]), &[DELETED], &[SAID]);
}

#[test]
fn flux_prunes_all_without_a_word() {
    let base = folder(("clusters/eu/db.yaml", kustomization("db", "apps/db", "")));
    let empty = [("apps/db/kustomization.yaml", "resources: []\n".to_owned())];
    assert_emptied(&base, &with(&base, empty), &[DELETED], &[]);
}

#[test]
fn what_is_kept_goes_with_no_sync() {
    let kept =
        set(3).replacen("metadata:\n", "metadata:\n  annotations: {argocd.argoproj.io/sync-options: Prune=false}\n", 1);
    let base = files([("argo/db.yaml", application("db", "apps/db", "")), ("apps/db/set.yaml", kept)]);
    let head = with(&base, [("apps/db/set.yaml", GONE), ("apps/db/readme.md", "x\n".to_owned())]);
    let Some(outcome) = judged(&base, &head, &[]) else { return };
    assert_eq!((outcome.kept, &outcome.json["notices"]), (1, &serde_json::json!([])), "{:#}", outcome.json);
}
