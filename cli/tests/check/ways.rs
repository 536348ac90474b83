//! Which requests a change of a repository makes: by Argo CD, by Flux, and where nobody is known to apply it. Each history is one of git.
//! The rows are those of docs/check.md, "What is called deleted".

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::git::git;
use super::support::{States, run, set, tool};

/// Files by path.
pub(crate) type Files = BTreeMap<String, String>;

pub(crate) fn files<const N: usize>(files: [(&str, String); N]) -> Files {
    files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect()
}

/// The files with some of them changed; an empty text takes one away.
pub(crate) fn with<const N: usize>(base: &Files, changes: [(&str, String); N]) -> Files {
    let mut changed = base.clone();
    for (path, text) in changes {
        if text.is_empty() { drop(changed.remove(path)) } else { drop(changed.insert(path.to_owned(), text)) }
    }
    changed
}

pub(crate) const GONE: String = String::new();

/// What a pull request came to.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    /// Operation, namespace/name, verdict of each change.
    pub(crate) changes: Vec<String>,
    pub(crate) kept: usize,
    pub(crate) json: serde_json::Value,
}

/// The history `base` -> `head`, judged by two policies.
#[track_caller]
pub(crate) fn judged(base: &Files, head: &Files, args: &[&str]) -> Option<Outcome> {
    let history = History::new();
    history.commit(base);
    history.commit(head);
    history.judged(args)
}

/// A repository, commit by commit.
pub(crate) struct History(States);

impl History {
    pub(crate) fn new() -> Self {
        let history = Self(States::new(&[], &[]));
        history.git(&["init", "--quiet"]);
        history.git(&["remote", "add", "origin", "git@git.example.org:acme/gitops.git"]);
        history
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.0.path("")
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.root(), args)
    }

    /// A commit of these files and no others; its id.
    pub(crate) fn commit(&self, files: &Files) -> String {
        self.git(&["rm", "-r", "--quiet", "--ignore-unmatch", "."]);
        files.iter().for_each(|(path, text)| self.0.put(path, text));
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "a change"]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// The last commit, judged over the one before by two policies.
    #[track_caller]
    pub(crate) fn judged(&self, args: &[&str]) -> Option<Outcome> {
        self.judged_over(&["--base", "HEAD~1", "--head", "HEAD"], args)
    }

    /// The folder as it lies there, judged over the last commit.
    #[track_caller]
    pub(crate) fn judged_in_folder(&self, args: &[&str]) -> Option<Outcome> {
        self.judged_over(&["--base", "HEAD"], args)
    }

    #[track_caller]
    fn judged_over(&self, range: &[&str], args: &[&str]) -> Option<Outcome> {
        let (kubectl, helm) = (tool("kubectl")?, tool("helm")?);
        let root = self.root();
        let own = ["check", "--policies", "quorum-guard", "-o", "json"];
        let tools = ["--kustomize", kubectl.to_str().unwrap(), "--helm", helm.to_str().unwrap()];
        let run = run(&root, &[&own[..], range, &tools[..], args].concat());
        let json = run.json();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
        let changes = json["changes"].as_array().unwrap().iter().map(|change| {
            format!(
                "{} {}/{} {}",
                text(&change["operation"]),
                text(&change["namespace"]),
                text(&change["name"]),
                text(&change["verdict"])
            )
        });
        let kept = json["kept"].as_array().unwrap().len();
        Some(Outcome { code: run.code, changes: changes.collect(), kept, json: json.clone() })
    }
}

/// A row: what it is, the change, and what comes of it.
#[track_caller]
pub(crate) fn row(name: &str, base: &Files, head: &Files, args: &[&str], expected: &[&str], kept: usize) {
    let Some(outcome) = judged(base, head, args) else { return };
    assert_eq!(
        (outcome.changes.iter().map(String::as_str).collect::<Vec<_>>(), outcome.kept),
        (expected.to_vec(), kept),
        "{name}: {:#}",
        outcome.json
    );
}

pub(crate) const URL: &str = "https://git.example.org/acme/gitops.git";

pub(crate) fn application(name: &str, path: &str, more: &str) -> String {
    application_to(name, path, "", more)
}

fn application_to(name: &str, path: &str, server: &str, more: &str) -> String {
    let server = if server.is_empty() { String::new() } else { format!("server: {server}, ") };
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\n  \
         finalizers: [resources-finalizer.argocd.argoproj.io]\nspec:\n  destination: {{{server}namespace: db}}\n  \
         source: {{repoURL: '{URL}', path: {path}}}\n  syncPolicy: {{automated: {{prune: true}}}}\n{more}"
    )
}

fn without_finalizer(application: &str) -> String {
    application.replace("  finalizers: [resources-finalizer.argocd.argoproj.io]\n", "")
}

fn without_prune(application: &str) -> String {
    application.replace("{prune: true}", "{}")
}

pub(crate) fn kustomization(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n  \
         path: ./{path}\n  prune: true\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}"
    )
}

pub(crate) const DELETED: &str = "DELETE db/rqlite denied";
pub(crate) const CREATED: &str = "CREATE db/rqlite allowed";

#[test]
fn a_file_or_a_line_or_an_overlay_goes() {
    let argo = |application: String| {
        files([("argo/db.yaml", application), ("apps/db/set.yaml", set(3)), ("apps/db/keep.yaml", config())])
    };
    let pruning = argo(application("db", "apps/db", ""));
    row("argo, prunes", &pruning, &with(&pruning, [("apps/db/set.yaml", GONE)]), &[], &[DELETED], 0);
    let keeping = argo(without_prune(&application("db", "apps/db", "")));
    row("argo, does not prune", &keeping, &with(&keeping, [("apps/db/set.yaml", GONE)]), &[], &[], 1);
    let flux = |kustomization: String| {
        files([("clusters/eu/db.yaml", kustomization), ("apps/db/set.yaml", set(3)), ("apps/db/keep.yaml", config())])
    };
    let pruning = flux(kustomization("db", "apps/db", ""));
    row("flux, prunes", &pruning, &with(&pruning, [("apps/db/set.yaml", GONE)]), &[], &[DELETED], 0);
    let keeping = flux(kustomization("db", "apps/db", "").replace("prune: true", "prune: false"));
    row("flux, does not prune", &keeping, &with(&keeping, [("apps/db/set.yaml", GONE)]), &[], &[], 1);
    row(
        "flux, the path itself",
        &pruning,
        &with(&pruning, [("apps/db/set.yaml", GONE), ("apps/db/keep.yaml", GONE)]),
        &[],
        &["? db/rqlite not-judged"],
        0,
    );
    let argo_path = argo(application("db", "apps/db", ""));
    row(
        "argo, the path itself",
        &argo_path,
        &with(&argo_path, [("apps/db/set.yaml", GONE), ("apps/db/keep.yaml", GONE)]),
        &[],
        &[DELETED],
        0,
    );
    let line =
        files([("apps/db/kustomization.yaml", "resources: [set.yaml]\n".to_owned()), ("apps/db/set.yaml", set(3))]);
    let empty = [("apps/db/kustomization.yaml", "resources: []\n".to_owned())];
    row("nobody, the line", &line, &with(&line, empty.clone()), &[], &[DELETED], 0);
    let led = with(&line, [("argo/db.yaml", application("db", "apps/db", ""))]);
    row("argo, the line", &led, &with(&led, empty.clone()), &[], &[DELETED], 0);
    let led = with(&line, [("clusters/eu/db.yaml", kustomization("db", "apps/db", ""))]);
    row("flux, the line", &led, &with(&led, empty), &[], &[DELETED], 0);
    let overlay = with(&line, [("overlays/prod/kustomization.yaml", "resources: [../../apps/db]\n".to_owned())]);
    row(
        "nobody, the overlay",
        &overlay,
        &with(&overlay, [("overlays/prod/kustomization.yaml", GONE)]),
        &[],
        &[DELETED],
        0,
    );
    row(
        "nobody, kubectl",
        &overlay,
        &with(&overlay, [("overlays/prod/kustomization.yaml", GONE)]),
        &["--as", "kubectl"],
        &[],
        1,
    );
}

pub(crate) fn config() -> String {
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: db}\n".to_owned()
}

#[test]
fn a_leading_object_goes() {
    let argo = |application: String| files([("argo/db.yaml", application), ("apps/db/set.yaml", set(3))]);
    let cascading = argo(application("db", "apps/db", ""));
    row("argo, cascades", &cascading, &with(&cascading, [("argo/db.yaml", GONE)]), &[], &[DELETED], 0);
    let keeping = argo(without_finalizer(&application("db", "apps/db", "")));
    row("argo, keeps", &keeping, &with(&keeping, [("argo/db.yaml", GONE)]), &[], &[], 1);
    let flux = |kustomization: String| files([("clusters/eu/db.yaml", kustomization), ("apps/db/set.yaml", set(3))]);
    let cascading = flux(kustomization("db", "apps/db", ""));
    row("flux, cascades", &cascading, &with(&cascading, [("clusters/eu/db.yaml", GONE)]), &[], &[DELETED], 0);
    let keeping = flux(kustomization("db", "apps/db", "  deletionPolicy: Orphan\n"));
    row("flux, keeps", &keeping, &with(&keeping, [("clusters/eu/db.yaml", GONE)]), &[], &[], 1);
    let suspended = flux(kustomization("db", "apps/db", "  suspend: true\n"));
    row("flux, suspended", &suspended, &with(&suspended, [("clusters/eu/db.yaml", GONE)]), &[], &[], 1);
    // An Application of an app of apps goes only if its parent prunes.
    let child = |parent: String| {
        files([
            ("root.yaml", parent),
            ("argo/db.yaml", application("db", "apps/db", "")),
            ("argo/other.yaml", application("other", "apps/other", "")),
            ("apps/db/set.yaml", set(3)),
            ("apps/other/a.yaml", config()),
        ])
    };
    let pruning = child(application("root", "argo", ""));
    row("app of apps, prunes", &pruning, &with(&pruning, [("argo/db.yaml", GONE)]), &[], &[DELETED], 0);
    let keeping = child(without_prune(&application("root", "argo", "")));
    row("app of apps, keeps", &keeping, &with(&keeping, [("argo/db.yaml", GONE)]), &[], &[], 1);
}

#[test]
fn one_of_two_clusters_goes_and_an_environment_comes() {
    let flux = files([
        ("clusters/eu/db.yaml", kustomization("db", "apps/db", "")),
        ("clusters/us/db.yaml", kustomization("db", "apps/db", "")),
        ("clusters/eu/other.yaml", kustomization("other", "apps/other", "")),
        ("clusters/us/other.yaml", kustomization("other", "apps/other", "")),
        ("apps/db/set.yaml", set(3)),
        ("apps/other/a.yaml", config()),
    ]);
    row("flux", &flux, &with(&flux, [("clusters/us/db.yaml", GONE)]), &[], &[DELETED], 0);
    row("flux, new", &with(&flux, [("clusters/us/db.yaml", GONE)]), &flux, &[], &[CREATED], 0);
    let argo = files([
        ("argo/eu.yaml", application_to("db-eu", "apps/db", "https://eu.example.org", "")),
        ("argo/us.yaml", application_to("db-us", "apps/db", "https://us.example.org", "")),
        ("apps/db/set.yaml", set(3)),
    ]);
    row("argo", &argo, &with(&argo, [("argo/us.yaml", GONE)]), &[], &[DELETED], 0);
    row("argo, new", &with(&argo, [("argo/us.yaml", GONE)]), &argo, &[], &[CREATED], 0);
    let nobody = files([("eu/set.yaml", set(3)), ("us/set.yaml", set(3))]);
    row("nobody", &nobody, &with(&nobody, [("us/set.yaml", GONE)]), &[], &[DELETED], 0);
    row("nobody, new", &with(&nobody, [("us/set.yaml", GONE)]), &nobody, &[], &[CREATED], 0);
}

#[test]
fn what_moves_under_the_same_leading_object_is_the_same() {
    let kustomize = |folder: &str| {
        [
            (format!("{folder}/kustomization.yaml"), "resources: [set.yaml]\n".to_owned()),
            (format!("{folder}/set.yaml"), set(3)),
        ]
    };
    let moved: Files = kustomize("db/new").into_iter().collect();
    type Leading<'l> = (&'l str, &'l str, &'l dyn Fn(&str) -> String);
    let leading: [Leading<'_>; 2] = [
        ("argo", "argo/db.yaml", &|path| application("db", path, "")),
        ("flux", "clusters/eu/db.yaml", &|path| kustomization("db", path, "")),
    ];
    for (name, file, lead) in leading {
        let base = files([(file, lead("apps/db")), ("apps/db/set.yaml", set(3))]);
        let mut head = moved.clone();
        head.insert(file.to_owned(), lead("db/new"));
        row(name, &base, &head, &[], &[], 0);
    }
    let base = files([("apps/db/set.yaml", set(3))]);
    row("nobody", &base, &moved, &[], &[], 0);
    let Some(outcome) = judged(&base, &moved, &[]) else { return };
    let notice = outcome.json["notices"][0].as_str().unwrap();
    assert!(notice.starts_with("StatefulSet db/rqlite went from apps/db/set.yaml and came in "), "{notice}");
}

#[test]
fn another_leading_object_deletes_and_creates_unless_the_old_one_keeps_it() {
    let base = files([("argo/db.yaml", application("db", "apps/db", "")), ("apps/db/set.yaml", set(3))]);
    let renamed = with(&base, [("argo/db.yaml", application("database", "apps/db", ""))]);
    row("argo, renamed", &base, &renamed, &[], &[DELETED, CREATED], 0);
    let to_flux = with(&base, [("argo/db.yaml", GONE), ("clusters/eu/db.yaml", kustomization("db", "apps/db", ""))]);
    row("argo to flux", &base, &to_flux, &[], &[DELETED, CREATED], 0);
    let keeping = with(&base, [("argo/db.yaml", without_finalizer(&application("db", "apps/db", "")))]);
    row("argo, what keeps it", &base, &keeping, &[], &[], 0);
    row("argo, renamed then", &keeping, &renamed, &[], &[], 0);
    let flux = files([("clusters/eu/db.yaml", kustomization("db", "apps/db", "")), ("apps/db/set.yaml", set(3))]);
    let renamed = with(&flux, [("clusters/eu/db.yaml", kustomization("database", "apps/db", ""))]);
    row("flux, renamed", &flux, &renamed, &[], &[DELETED, CREATED], 0);
    let orphaning =
        with(&flux, [("clusters/eu/db.yaml", kustomization("db", "apps/db", "  deletionPolicy: Orphan\n"))]);
    row("flux, renamed then", &orphaning, &renamed, &[], &[], 0);
}

pub(crate) fn application_set(template_more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: all, namespace: argocd}}\nspec:\n  \
         goTemplate: true\n  generators:\n  - git: {{repoURL: '{URL}', revision: HEAD, directories: [{{path: apps/*}}]}}\n  template:\n    \
         metadata: {{name: '{{{{.path.basename}}}}'}}\n    spec:\n      destination: {{namespace: db}}\n      source: {{repoURL: '{URL}', path: '{{{{.path.path}}}}'}}\n{template_more}"
    )
}

#[test]
fn a_git_generator_makes_an_application_of_each_folder() {
    let base =
        files([("argo/all.yaml", application_set("")), ("apps/db/set.yaml", set(3)), ("apps/web/a.yaml", config())]);
    let renamed = with(&base, [("apps/db/set.yaml", GONE), ("apps/database/set.yaml", set(3))]);
    row("renamed folder", &base, &renamed, &[], &[DELETED, CREATED], 0);
    row("shrunk", &base, &with(&base, [("apps/db/set.yaml", set(1))]), &[], &["UPDATE db/rqlite denied"], 0);
    let create_only =
        with(&base, [("argo/all.yaml", application_set("  syncPolicy: {applicationsSync: create-only}\n"))]);
    row("create-only", &create_only, &with(&create_only, [("apps/db/set.yaml", GONE)]), &[], &[], 1);
}

#[test]
fn argo_cd_reads_a_folder_and_not_those_in_it() {
    let base =
        files([("argo/db.yaml", application("db", "apps", "")), ("apps/x.yaml", set(3)), ("apps/y.yaml", config())]);
    let head = with(&base, [("apps/x.yaml", GONE), ("apps/db/x.yaml", set(3))]);
    row("not recursive", &base, &head, &[], &[DELETED], 0);
    let recursive = |files: &Files| {
        with(
            files,
            [(
                "argo/db.yaml",
                application("db", "apps", "").replace("path: apps}", "path: apps, directory: {recurse: true}}"),
            )],
        )
    };
    row("recursive", &recursive(&base), &recursive(&head), &[], &[], 0);
}

#[test]
fn counts_that_a_leading_object_sets_are_judged() {
    let chart = [
        ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n".to_owned()),
        ("charts/db/values.yaml", "replicas: 3\n".to_owned()),
        ("charts/db/templates/set.yaml", set(3).replace("replicas: 3", "replicas: {{ .Values.replicas }}")),
    ];
    let shrunk = ["UPDATE db/rqlite denied"];
    let parameter = |count: u32| {
        application("db", "charts/db", "").replace(
            "path: charts/db}",
            &format!("path: charts/db, helm: {{parameters: [{{name: replicas, value: '{count}'}}]}}}}"),
        )
    };
    let base = with(&files(chart.clone()), [("argo/db.yaml", parameter(3))]);
    row("helm.parameters", &base, &with(&base, [("argo/db.yaml", parameter(1))]), &[], &shrunk, 0);
    let object = |count: u32| {
        application("db", "charts/db", "")
            .replace("path: charts/db}", &format!("path: charts/db, helm: {{valuesObject: {{replicas: {count}}}}}}}"))
    };
    let base = with(&files(chart.clone()), [("argo/db.yaml", object(3))]);
    row("helm.valuesObject", &base, &with(&base, [("argo/db.yaml", object(1))]), &[], &shrunk, 0);
    let by_reference = application("db", "charts/db", "").replace(
        &format!("  source: {{repoURL: '{URL}', path: charts/db}}\n"),
        &format!("  sources:\n  - {{repoURL: '{URL}', path: charts/db, helm: {{valueFiles: [$values/env/db.yaml]}}}}\n  - {{repoURL: '{URL}', ref: values}}\n"),
    );
    let base = with(&files(chart), [("argo/db.yaml", by_reference), ("env/db.yaml", "replicas: 3\n".to_owned())]);
    row("$values", &base, &with(&base, [("env/db.yaml", "replicas: 1\n".to_owned())]), &[], &shrunk, 0);

    let folder =
        files([("apps/db/kustomization.yaml", "resources: [set.yaml]\n".to_owned()), ("apps/db/set.yaml", set(3))]);
    let kustomized = |count: u32| {
        application("db", "apps/db", "").replace(
            "path: apps/db}",
            &format!("path: apps/db, kustomize: {{replicas: [{{name: rqlite, count: {count}}}]}}}}"),
        )
    };
    let base = with(&folder, [("argo/db.yaml", kustomized(3))]);
    row("kustomize.replicas", &base, &with(&base, [("argo/db.yaml", kustomized(1))]), &[], &shrunk, 0);
    let patched = |count: u32| {
        let patch = format!("[{{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": {count}}}]");
        kustomization(
            "db",
            "apps/db",
            &format!("  patches:\n  - patch: '{patch}'\n    target: {{kind: StatefulSet}}\n"),
        )
    };
    let base = with(&folder, [("clusters/eu/db.yaml", patched(3))]);
    row("flux patches", &base, &with(&base, [("clusters/eu/db.yaml", patched(1))]), &[], &shrunk, 0);
    let substituted =
        |count: u32| kustomization("db", "apps/db", &format!("  postBuild: {{substitute: {{count: '{count}'}}}}\n"));
    let plain = files([("apps/db/set.yaml", set(3).replace("replicas: 3", "replicas: ${count}"))]);
    let base = with(&plain, [("clusters/eu/db.yaml", substituted(3))]);
    row("postBuild.substitute", &base, &with(&base, [("clusters/eu/db.yaml", substituted(1))]), &[], &shrunk, 0);
}

/// Two clusters as Flux bootstraps them: each a folder that its own Kustomization leads to, and what both take from `apps`.
fn fleet() -> Files {
    let mut fleet = Files::new();
    for cluster in ["eu", "us"] {
        let own = kustomization("flux-system", &format!("clusters/{cluster}"), "");
        fleet.insert(format!("clusters/{cluster}/flux-system/gotk-sync.yaml"), own);
        fleet.insert(
            format!("clusters/{cluster}/flux-system/kustomization.yaml"),
            "resources: [gotk-sync.yaml]\n".to_owned(),
        );
        fleet.insert(format!("clusters/{cluster}/apps.yaml"), kustomization("apps", &format!("apps/{cluster}"), ""));
        fleet.insert(format!("apps/{cluster}/kustomization.yaml"), "resources: [../base]\n".to_owned());
    }
    fleet.insert("apps/base/kustomization.yaml".to_owned(), "resources: [set.yaml]\n".to_owned());
    fleet.insert("apps/base/set.yaml".to_owned(), set(3));
    fleet
}

#[test]
fn a_fleet_of_two_clusters_is_followed_from_its_bootstrap() {
    let fleet = fleet();
    let both = ["UPDATE db/rqlite denied", "UPDATE db/rqlite denied"];
    row("shrunk", &fleet, &with(&fleet, [("apps/base/set.yaml", set(1))]), &[], &both, 0);
    let empty = [("apps/us/kustomization.yaml", "resources: []\n".to_owned())];
    row("emptied in one", &fleet, &with(&fleet, empty), &[], &[DELETED], 0);
    row("the apps of one", &fleet, &with(&fleet, [("clusters/us/apps.yaml", GONE)]), &[], &[DELETED], 0);
    let listed = [("clusters/us/kustomization.yaml", "resources: [flux-system, apps.yaml]\n".to_owned())];
    row("a kustomization for the cluster", &fleet, &with(&fleet, listed), &[], &[], 0);
    let renamed =
        with(&fleet, [("clusters/us/apps.yaml", GONE), ("clusters/us/all.yaml", kustomization("apps", "apps/us", ""))]);
    row("a file renamed", &fleet, &renamed, &[], &[], 0);
    let plain = [("clusters/us/flux-system/kustomization.yaml", GONE)];
    row("its manifests stay", &fleet, &with(&fleet, plain), &[], &[], 0);
    let left = with(
        &fleet,
        [
            ("clusters/us/apps.yaml", GONE),
            ("clusters/us/flux-system/kustomization.yaml", GONE),
            ("clusters/us/flux-system/gotk-sync.yaml", GONE),
        ],
    );
    row("a cluster", &fleet, &left, &[], &[DELETED], 0);
}

#[test]
fn an_application_that_another_one_adopts_or_leaves_is_the_same() {
    let base = files([("argo/db.yaml", application("db", "apps/db", "")), ("apps/db/set.yaml", set(3))]);
    let rooted = with(&base, [("root.yaml", application("root", "argo", ""))]);
    row("adopted", &base, &rooted, &[], &[], 0);
    // The root keeps it: the Application stays, and goes on reading its folder.
    let keeping = with(&base, [("root.yaml", without_finalizer(&application("root", "argo", "")))]);
    let left = with(&keeping, [("root.yaml", GONE)]);
    row("left", &keeping, &left, &[], &[], 1);
    row("left and shrunk", &keeping, &with(&left, [("apps/db/set.yaml", set(1))]), &[], &["? db/rqlite not-judged"], 0);
}

#[test]
fn what_renders_leading_objects_is_followed_once() {
    let chart = [
        ("boot/Chart.yaml", "apiVersion: v2\nname: boot\nversion: 1.0.0\n".to_owned()),
        ("boot/values.yaml", "path: apps/db\n".to_owned()),
        ("boot/templates/db.yaml", application("db", "'{{ .Values.path }}'", "")),
        ("root.yaml", application("boot", "boot", "")),
        ("apps/db/set.yaml", set(3)),
        ("apps/other/a.yaml", config()),
    ];
    let base = files(chart);
    row("shrunk", &base, &with(&base, [("apps/db/set.yaml", set(1))]), &[], &["UPDATE db/rqlite denied"], 0);
    row("elsewhere", &base, &with(&base, [("boot/values.yaml", "path: apps/other\n".to_owned())]), &[], &[DELETED], 0);
    row("gone", &base, &with(&base, [("root.yaml", GONE)]), &[], &[DELETED], 0);
}
