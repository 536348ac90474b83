//! Charts and releases: at hand, vendored or not to be had; values whose Application lives elsewhere; objects that are deleted and created
//! to change them; what counts for `--strict`, and who may accept it.

use super::support::set;
use super::ways::{Files, GONE, Outcome, application, files, judged, kustomization, with};

const SHRUNK: [&str; 1] = ["UPDATE db/rqlite denied"];

#[track_caller]
fn row(name: &str, base: &Files, head: &Files, args: &[&str], code: i32, expected: &[&str]) {
    let Some(outcome) = judged(base, head, args) else { return };
    let Outcome { code: was, changes, json, .. } = outcome;
    let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
    assert_eq!((was, changes.as_slice()), (Some(code), expected), "{name}: {json:#}");
}

/// A chart as rqlite's own: the count is `replicaCount`.
fn chart(folder: &str) -> Files {
    let set = set(3).replace("replicas: 3", "replicas: {{ .Values.replicaCount }}").replace("  namespace: db\n", "");
    let file = |name: &str| format!("{folder}/{name}");
    Files::from([
        (file("Chart.yaml"), "apiVersion: v2\nname: rqlite\nversion: 2.0.0\n".to_owned()),
        (file("values.yaml"), "replicaCount: 1\n".to_owned()),
        (file("templates/set.yaml"), set),
    ])
}

fn release(count: u32, more: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: rqlite, namespace: db}}\nspec:\n  chart:\n    spec:\n      \
         chart: rqlite\n      version: 2.0.0\n      sourceRef: {{kind: HelmRepository, name: rqlite}}\n  values: {{replicaCount: {count}}}\n{more}"
    )
}

fn official(count: u32) -> String {
    application("rqlite", "x", "").replace(
        "source: {repoURL: 'https://git.example.org/acme/gitops.git', path: x}",
        &format!(
            "source: {{repoURL: 'https://rqlite.github.io/helm-charts', chart: rqlite, targetRevision: 2.0.0, helm: {{valuesObject: {{replicaCount: {count}}}}}}}"
        ),
    )
}

#[test]
fn a_chart_that_is_named_is_rendered_where_it_is_at_hand() {
    let flux = |count| files([("clusters/eu/rqlite.yaml", release(count, ""))]);
    let argo = |count| files([("argo/rqlite.yaml", official(count))]);
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in chart("rqlite") {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let at_hand = ["--chart-dir", folder.path().to_str().unwrap()];
    let vendored = |mut files: Files| {
        files.extend(chart("vendor/rqlite"));
        files
    };
    for (name, of) in [("flux", &flux as &dyn Fn(u32) -> Files), ("argo", &argo)] {
        row(name, &of(3), &of(1), &at_hand, 1, &SHRUNK);
        row(name, &vendored(of(3)), &vendored(of(1)), &[], 1, &SHRUNK);
        let Some(outcome) = judged(&of(3), &of(1), &["--strict"]) else { return };
        assert_eq!((outcome.code, outcome.changes.len()), (Some(3), 0), "{:#}", outcome.json);
        let summary = outcome.json["summary"]["text"].as_str().unwrap();
        assert!(summary.starts_with("not known, and an rqlite set may be behind it: "), "{summary}");
    }
}

#[test]
fn values_whose_application_lives_elsewhere_are_named_or_rendered_with_the_chart_beside_them() {
    let values = |count: u32| files([("env/prod/rqlite-values.yaml", format!("replicaCount: {count}\n"))]);
    row("no chart", &values(3), &values(1), &[], 0, &[]);
    row("no chart", &values(3), &values(1), &["--strict"], 3, &[]);
    let beside = |count: u32| {
        let mut files = chart("charts/rqlite");
        files.insert("charts/rqlite/values-prod.yaml".to_owned(), format!("replicaCount: {count}\n"));
        files
    };
    row("beside the chart", &beside(3), &beside(1), &["--namespace", "db"], 1, &SHRUNK);
    let Some(outcome) = judged(&beside(3), &beside(1), &["--namespace", "db"]) else { return };
    let at = &outcome.json["changes"][0]["findings"][0]["at"];
    assert_eq!((at["file"].as_str(), at["line"].as_u64()), (Some("charts/rqlite/values-prod.yaml"), Some(1)), "{at:#}");
}

#[test]
fn a_configuration_says_which_chart_values_are_for() {
    let side = |count: u32| {
        let mut files = chart("vendor/rqlite");
        files.insert("env/prod/db.yaml".to_owned(), format!("replicaCount: {count}\n"));
        files
    };
    let configured = |files: &Files, chart: &str| {
        let text = format!("check:\n  values: [{{files: 'env/*/db.yaml', chart: {chart}, release: db/rqlite}}]\n");
        with(files, [("quorate.yaml", text)])
    };
    let with_config = ["--config", "quorate.yaml"];
    row("mapped", &configured(&side(3), "rqlite"), &configured(&side(1), "rqlite"), &with_config, 1, &SHRUNK);
    row("not at hand", &configured(&side(3), "other"), &configured(&side(1), "other"), &with_config, 0, &[]);
    let Some(outcome) = judged(&configured(&side(3), "other"), &configured(&side(1), "other"), &with_config) else {
        return;
    };
    let reason = outcome.json["notEvaluated"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("its chart `other` "), "{reason}");
}

#[test]
fn a_denial_stands_at_the_line_of_the_value() {
    let at = |base: &Files, head: &Files| {
        let outcome = judged(base, head, &[])?;
        let at = &outcome.json["changes"][0]["findings"][0]["at"];
        Some((at["file"].as_str().unwrap().to_owned(), at["line"].as_u64().unwrap(), at["rendered"].is_null()))
    };
    let with_chart = |file: &str, text: String| {
        let mut files = chart("vendor/rqlite");
        files.insert(file.to_owned(), text);
        files
    };
    let flux = |count| with_chart("clusters/eu/rqlite.yaml", release(count, ""));
    let Some(found) = at(&flux(3), &flux(1)) else { return };
    assert_eq!(found, ("clusters/eu/rqlite.yaml".to_owned(), 10, true));
    let argo = |count| with_chart("argo/rqlite.yaml", official(count));
    assert_eq!(at(&argo(3), &argo(1)), Some(("argo/rqlite.yaml".to_owned(), 9, true)));
}

#[test]
fn a_release_that_will_uninstall_or_wait_is_said() {
    let from_git = |more: &str| {
        let release = release(3, more).replace("chart: rqlite", "chart: ./vendor/rqlite");
        let mut files = chart("vendor/rqlite");
        files.insert("clusters/eu/rqlite.yaml".to_owned(), release.replace("HelmRepository", "GitRepository"));
        files
    };
    let notice = |base: &Files, head: &Files| {
        let outcome = judged(base, head, &["--strict"])?;
        assert_eq!(outcome.code, Some(0), "{:#}", outcome.json);
        Some(outcome.json["notices"][0].as_str().unwrap_or_default().to_owned())
    };
    let uninstalling = from_git("  upgrade: {remediation: {strategy: uninstall, retries: 3}}\n");
    let Some(said) = notice(&from_git(""), &uninstalling) else { return };
    assert!(said.starts_with("HelmRelease db/rqlite uninstalls after an upgrade that is refused"), "{said}");
    let template = chart("vendor/rqlite")["vendor/rqlite/templates/set.yaml"]
        .replace("  labels:\n    app: rqlite\nspec:", "  labels: {app: rqlite, a: b}\nspec:");
    let changed = with(&from_git(""), [("vendor/rqlite/templates/set.yaml", template)]);
    let said = notice(&from_git(""), &changed).unwrap();
    assert!(said.contains("its chart changes without a new version"), "{said}");
}

#[test]
fn another_release_is_a_deletion_and_a_creation() {
    let both = ["DELETE db/rqlite denied", "CREATE db/rqlite allowed"];
    let with_chart = |release: String| {
        let mut files = chart("vendor/rqlite");
        files.insert("clusters/eu/rqlite.yaml".to_owned(), release);
        files
    };
    let base = with_chart(release(3, "  releaseName: a\n"));
    row("releaseName", &base, &with_chart(release(3, "  releaseName: b\n")), &[], 1, &both);
    row("gone", &base, &with(&base, [("clusters/eu/rqlite.yaml", GONE)]), &[], 1, &both[..1]);
    let suspended = with_chart(release(3, "  releaseName: a\n  suspend: true\n"));
    row("gone, suspended", &suspended, &with(&suspended, [("clusters/eu/rqlite.yaml", GONE)]), &[], 0, &[]);
}

#[test]
fn a_tool_that_is_told_to_force_deletes_and_creates() {
    let both = ["DELETE db/rqlite denied", "CREATE db/rqlite allowed"];
    let renamed = set(3).replace("serviceName: rqlite-svc-internal", "serviceName: other");
    let flux = |more: &str, set: &str| {
        files([("clusters/eu/db.yaml", kustomization("db", "apps/db", more)), ("apps/db/set.yaml", set.to_owned())])
    };
    row("flux, force", &flux("  force: true\n", &set(3)), &flux("  force: true\n", &renamed), &[], 1, &both);
    row("flux", &flux("", &set(3)), &flux("", &renamed), &["--strict"], 3, &["UPDATE db/rqlite not-judged"]);
    let annotated = |set: &str, word: &str| {
        set.replace("  labels:\n    app: rqlite\nspec:", &format!("  annotations: {{{word}}}\nspec:"))
    };
    let word = "argocd.argoproj.io/sync-options: 'Force=true,Replace=true'";
    let argo = |set: &str, other: &str| {
        files([
            ("argo/db.yaml", application("db", "apps/db", "")),
            ("apps/db/set.yaml", annotated(set, word)),
            ("apps/db/service.yaml", service(other)),
        ])
    };
    // At any change of what its Application applies.
    row(
        "argo",
        &argo(&set(3), "a"),
        &argo(&set(3), "b"),
        &[],
        1,
        &["DELETE db/a allowed", "CREATE db/b allowed", both[0], both[1]],
    );
    let ignored = annotated(&set(1), "kustomize.toolkit.fluxcd.io/ssa: Ignore");
    row("flux, ignore", &flux("", &set(3)), &flux("", &ignored), &[], 0, &["UPDATE db/rqlite allowed"]);
    let confirmed = annotated(&set(3), "argocd.argoproj.io/sync-options: Prune=confirm");
    let base = files([
        ("argo/db.yaml", application("db", "apps/db", "")),
        ("apps/db/set.yaml", confirmed),
        ("apps/db/service.yaml", service("a")),
    ]);
    row("argo, confirm", &base, &with(&base, [("apps/db/set.yaml", GONE)]), &[], 0, &["DELETE db/rqlite allowed"]);
}

fn service(name: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: db}}\n")
}

#[test]
fn a_change_of_something_else_is_no_gap_and_nobody_opens_their_own_gate() {
    let other = |version: &str| release(3, "").replace("rqlite", "cert-manager").replace("2.0.0", version);
    let fleet = |version: &str| {
        files([("clusters/eu/cert-manager.yaml", other(version)), ("clusters/eu/rqlite.yaml", release(3, ""))])
    };
    row("another release", &fleet("1.0.0"), &fleet("1.1.0"), &["--strict"], 0, &[]);
    let (base, head) =
        (files([("clusters/eu/rqlite.yaml", release(3, ""))]), files([("clusters/eu/rqlite.yaml", release(1, ""))]));
    row("a gap", &base, &head, &["--strict"], 3, &[]);
    let until = time::OffsetDateTime::now_utc().date() + time::Duration::days(30);
    let accepted = format!("- {{object: HelmRelease db/rqlite, reason: it is rendered elsewhere, until: '{until}'}}\n");
    let accepting = |files: &Files, text: &str| with(files, [(".quorate/accepted.yaml", text.to_owned())]);
    row("accepted", &accepting(&base, &accepted), &accepting(&head, &accepted), &["--strict"], 0, &[]);
    row("accepted by itself", &base, &accepting(&head, &accepted), &["--strict"], 3, &[]);
    for until in ["2026-01-01", "2099-01-01", "soon"] {
        let text = format!("- {{object: HelmRelease db/rqlite, reason: r, until: '{until}'}}\n");
        row(until, &accepting(&base, &text), &accepting(&head, &text), &["--strict"], 3, &[]);
    }
}

#[test]
fn values_of_a_chart_that_others_install_too_are_judged_and_other_files_are_none() {
    let side = |count: u32| {
        let mut files = chart("ch");
        files.insert("ch/values-dev.yaml".to_owned(), "replicaCount: 1\n".to_owned());
        files.insert("ch/values-prod.yaml".to_owned(), format!("replicaCount: {count}\n"));
        let dev = application("dev", "ch", "").replace("path: ch}", "path: ch, helm: {valueFiles: [values-dev.yaml]}}");
        files.insert("argo/dev.yaml".to_owned(), dev);
        files
    };
    row("of another installation", &side(3), &side(1), &["--namespace", "db"], 1, &SHRUNK);
    let with_tests = with(
        &side(3),
        [
            ("ch/tests/set_test.yaml", "suite: a\nreplicaCount: 9\n".to_owned()),
            (".gitlab-ci.yml", "a: {script: x}\n".to_owned()),
        ],
    );
    row("tests of the chart", &with_tests, &side(3), &["--strict"], 0, &[]);
    row("a list", &side(3), &with(&side(3), [("ch/list.yaml", "- a\n".to_owned())]), &["--strict"], 0, &[]);
    let elsewhere = |count: u32| files([("env/prod.yaml", format!("replicaCount: {count}\n"))]);
    row("no chart", &elsewhere(3), &elsewhere(1), &["--strict"], 3, &[]);
}

#[test]
fn what_a_folder_reads_without_naming_it_is_not_unchanged() {
    let by_transformer = |count: u32| {
        files([
            ("db/kustomization.yaml", "resources: [set.yaml]\ntransformers: [t.yaml]\n".to_owned()),
            ("db/set.yaml", set(3)),
            ("db/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npath: p.yaml\ntarget: {kind: StatefulSet}\n".to_owned()),
            ("db/p.yaml", format!("[{{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": {count}}}]")),
        ])
    };
    row("a transformer's file", &by_transformer(3), &by_transformer(1), &[], 1, &SHRUNK);
    let by_chart = |count: u32| {
        let text = "helmCharts: [{name: rqlite, repo: 'https://rqlite.github.io/helm-charts', version: 2.0.0, releaseName: a, valuesFile: v.yaml}]\n";
        files([("db/kustomization.yaml", text.to_owned()), ("db/v.yaml", format!("replicaCount: {count}\n"))])
    };
    row("helmCharts", &by_chart(3), &by_chart(1), &["--strict"], 3, &[]);
    let generated = |count: u32| {
        let release =
            release(3, "").replace("  values: {replicaCount: 3}\n", "  valuesFrom: [{kind: ConfigMap, name: vars}]\n");
        let folder = "resources: [release.yaml]\nconfigMapGenerator: [{name: vars, namespace: db, files: [values.yaml=db.yaml]}]\n";
        files([
            ("db/kustomization.yaml", folder.to_owned()),
            ("db/release.yaml", release),
            ("db/db.yaml", format!("count: {count}\n")),
        ])
    };
    row("generated values", &generated(3), &generated(1), &["--strict"], 3, &[]);
}
