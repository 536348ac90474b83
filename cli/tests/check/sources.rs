//! What one leading object applies from several places, and what it says itself of what comes out.

use super::support::set;
use super::ways::{Files, URL, application, files, judged, kustomization, with};

const SHRUNK: &str = "UPDATE db/rqlite denied";
const DELETED: &str = "DELETE db/rqlite denied";

/// A chart of which every installation has a name of its own: a set, or a Deployment.
fn chart(label: &str) -> Files {
    let stateful = set(3).replace("replicas: 3", "replicas: {{ .Values.replicas }}").replacen(
        "name: rqlite\n",
        "name: {{ .Values.name }}\n",
        1,
    );
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ .Values.name }}, namespace: db, labels: {l: {{ .Values.label }}}}\nspec: {}\n";
    files([
        ("charts/app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n".to_owned()),
        ("charts/app/values.yaml", format!("label: {label}\nreplicas: 1\nname: x\nstateful: false\n")),
        (
            "charts/app/templates/a.yaml",
            format!("{{{{- if .Values.stateful }}}}\n{stateful}{{{{- else }}}}\n{deployment}{{{{- end }}}}\n"),
        ),
    ])
}

/// An Application of the chart, several times.
fn several(values: &[&str]) -> String {
    let own = application("db", "charts/app", "");
    let sources: String = values
        .iter()
        .map(|values| format!("  - {{repoURL: '{URL}', path: charts/app, helm: {{valuesObject: {values}}}}}\n"))
        .collect();
    own.replace(&format!("  source: {{repoURL: '{URL}', path: charts/app}}\n"), &format!("  sources:\n{sources}"))
}

#[track_caller]
fn assert_changes(base: &Files, head: &Files, expected: &[&str]) {
    let Some(outcome) = judged(base, head, &["--strict"]) else { return };
    assert_eq!(outcome.changes, expected, "{:#}", outcome.json);
}

#[test]
fn every_source_of_an_application_keeps_its_output() {
    let (web, worker) = ("{name: web}", "{name: worker}");
    let of = |replicas: u32| format!("{{name: rqlite, stateful: true, replicas: {replicas}}}");
    let at = |label: &str, values: &[&str]| with(&chart(label), [("argo/db.yaml", several(values))]);
    let base = at("a", &[web, &of(3), worker]);
    assert_changes(&base, &at("b", &[web, &of(1), worker]), &[SHRUNK]);
    assert_changes(&base, &at("b", &[web, worker]), &[DELETED]);
    assert_changes(&base, &chart("b"), &[DELETED]);
}

#[test]
fn what_a_leading_object_lays_over_an_unchanged_folder_is_judged() {
    let folder = files([
        ("apps/db/set.yaml", set(3).replace("  namespace: db\n", "")),
        ("apps/db/kustomization.yaml", "resources: [set.yaml]\n".to_owned()),
    ]);
    let own = application("db", "apps/db", "");
    let elsewhere = own.replace("{namespace: db}", "{namespace: other}");
    let at = |own: String| with(&folder, [("argo/db.yaml", own)]);
    assert_changes(&at(own.clone()), &at(elsewhere), &[DELETED, "CREATE other/rqlite allowed"]);
    assert_changes(&at(own.clone()), &at(format!("{own}# a comment\n")), &[]);
    let flux = |annotation: &str| {
        let more = format!("  commonMetadata: {{annotations: {{{annotation}}}}}\n");
        with(&folder, [("clusters/eu/db.yaml", kustomization("db", "apps/db", &more))])
    };
    let Some(outcome) = judged(&flux("a: b"), &flux("quorate.dev/container: nosuch"), &[]) else { return };
    assert_eq!(outcome.changes.len(), 1, "{:#}", outcome.json);
    assert_eq!(outcome.code, Some(1), "{:#}", outcome.json);
}
