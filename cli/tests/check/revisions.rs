//! Leading objects that read another revision of the repository: a tag, a commit, a range of tags. What it holds there is judged, and not what the
//! branch holds.

use super::support::set;
use super::ways::{
    DELETED, Files, GONE, History, Outcome, URL, application, application_set, config, files, kustomization, with,
};

const SHRUNK: &str = "UPDATE db/rqlite denied";
const UPDATED: &str = "UPDATE db/rqlite allowed";
const NOT_JUDGED: &str = "? db/rqlite not-judged";

fn folder(replicas: u32) -> Files {
    files([("apps/db/set.yaml", set(replicas)), ("apps/db/other.yaml", config())])
}

fn kustomized(replicas: u32) -> Files {
    with(&folder(replicas), [("apps/db/kustomization.yaml", "resources: [set.yaml]\n".to_owned())])
}

fn reading(revision: &str) -> String {
    application("db", "apps/db", "").replace("path: apps/db", &format!("path: apps/db, targetRevision: '{revision}'"))
}

/// Two tags, `v1` and `v2`, with these files.
fn tagged(one: &Files, two: &Files) -> History {
    let history = History::new();
    for (tag, files) in [("v1", one), ("v2", two)] {
        history.commit(files);
        history.git(&["tag", "-a", "-m", "a tag", tag]);
    }
    history
}

#[track_caller]
fn assert_changes(history: &History, (base, head): (&Files, &Files), expected: &[&str]) -> Option<Outcome> {
    history.commit(base);
    history.commit(head);
    let outcome = history.judged(&["--strict"])?;
    assert_eq!(outcome.changes, expected, "{:#}", outcome.json);
    Some(outcome)
}

#[test]
fn another_tag_is_judged_by_what_both_tags_hold() {
    for of in [folder as fn(u32) -> Files, kustomized] {
        let history = tagged(&of(3), &of(1));
        let at = |revision: &str| with(&of(5), [("argo/db.yaml", reading(revision))]);
        let Some(outcome) = assert_changes(&history, (&at("v1"), &at("v2")), &[SHRUNK]) else { return };
        let place = &outcome.json["changes"][0]["findings"][0]["at"];
        assert_eq!(place["file"], "argo/db.yaml", "{:#}", outcome.json);
        assert!(place["rendered"].as_str().unwrap().ends_with(" at v2"), "{place}");
        assert_eq!(outcome.code, Some(1));
        assert_changes(&history, (&at("v2"), &at("v1")), &[UPDATED]);
        // A tag in other words, a commit, a commit that is cut short.
        assert_changes(&history, (&at("v1"), &at("refs/tags/v1")), &[]);
        let two = history.git(&["rev-parse", "v2^{commit}"]).trim().to_owned();
        assert_changes(&history, (&at("v1"), &at(&two)), &[SHRUNK]);
        assert_changes(&history, (&at("v1"), &at(two.get(..10).unwrap())), &[SHRUNK]);
        // A branch of that name is not the commit.
        history.git(&["branch", &two]);
        assert_changes(&history, (&at("v1"), &at(&two)), &[SHRUNK]);
        // To the branch and back.
        assert_changes(&history, (&at("v1"), &at("HEAD")), &[UPDATED]);
        assert_changes(&history, (&at("HEAD"), &at("v2")), &[SHRUNK]);
    }
}

#[test]
fn what_no_revision_takes_is_not_judged_and_said() {
    let history = tagged(&kustomized(3), &folder(1));
    let at = |replicas: u32, revision: &str| with(&kustomized(replicas), [("argo/db.yaml", reading(revision))]);
    let Some(outcome) = assert_changes(&history, (&at(3, "v1"), &at(1, "v1")), &[]) else { return };
    assert_eq!(outcome.code, Some(0), "{:#}", outcome.json);
    assert_eq!(
        outcome.json["notices"][0],
        "Application argocd/db reads `apps/db` at `v1`; what changes there comes with another revision"
    );
    // The folder goes from the branch, and the Application goes on.
    let left = with(&at(3, "v1"), [("apps/db/set.yaml", GONE), ("apps/db/kustomization.yaml", GONE)]);
    assert_changes(&history, (&at(3, "v1"), &left), &[]);
    let plain = with(&folder(3), [("argo/db.yaml", reading("v2"))]);
    let more = set(3).replace("name: rqlite\n", "name: more\n");
    assert_changes(&history, (&plain, &with(&plain, [("apps/db/more.yaml", more)])), &[]);
    let gone = with(&at(3, "v1"), [("argo/db.yaml", GONE)]);
    assert_changes(&history, (&at(3, "v1"), &gone), &[DELETED]);
    assert_changes(&history, (&folder(3), &at(3, "v1")), &[]);
}

#[test]
fn a_revision_that_the_clone_does_not_have_is_a_gap_that_counts() {
    let history = tagged(&kustomized(3), &kustomized(1));
    let at = |revision: &str| with(&kustomized(5), [("argo/db.yaml", reading(revision))]);
    let missing = ["v3", "1.2.3", "^9.0", "refs/tags/prod", "0123abc4", "--output=x.y || 1"];
    let no_branch =
        ["db-v2", "prod-2", "2026-12-01", "rqlite/v2.0.0", "stable", "V2", "refs/pull/3/head", "HEAD~1", "v1^{}"];
    for missing in missing.into_iter().chain(no_branch) {
        let Some(outcome) = assert_changes(&history, (&at("v1"), &at(missing)), &[NOT_JUDGED]) else { return };
        assert_eq!(outcome.code, Some(3), "{missing}");
        let reason = outcome.json["notEvaluated"][0]["reason"].as_str().unwrap();
        assert_eq!(reason, format!("it reads the revision `{missing}`, which this clone does not have"));
        // Of the base, what the branch holds is taken, and the gap counts.
        let Some(outcome) = assert_changes(&history, (&at(missing), &at("v1")), &[UPDATED]) else { return };
        assert_eq!(outcome.code, Some(3), "{missing}");
    }
}

#[test]
fn a_revision_that_cannot_be_rendered_is_unreadable_and_creates_nothing() {
    let history = tagged(&with(&kustomized(3), [("apps/db/set.yaml", GONE)]), &kustomized(1));
    let at = |revision: &str| with(&kustomized(5), [("argo/db.yaml", reading(revision))]);
    for (base, head) in [("v1", "v2"), ("v2", "v1")] {
        let Some(outcome) = assert_changes(&history, (&at(base), &at(head)), &[NOT_JUDGED]) else { return };
        assert_eq!(outcome.code, Some(2), "{:#}", outcome.json);
        assert_eq!(outcome.json["unreadable"][0]["file"], "apps/db/kustomization.yaml at v1");
    }
}

#[test]
fn an_application_that_is_left_goes_on_reading_its_tag() {
    let history = tagged(&kustomized(3), &kustomized(1));
    let root = application("root", "argo", "").replace("{prune: true}", "{}");
    let other = application("other", "apps/other", "");
    let argo = [("root.yaml", root), ("argo/db.yaml", reading("v1")), ("argo/other.yaml", other)];
    let at = |replicas: u32| with(&kustomized(replicas), argo.clone());
    let left = with(&at(1), [("argo/db.yaml", GONE)]);
    let Some(outcome) = assert_changes(&history, (&at(3), &left), &[]) else { return };
    assert_eq!(outcome.kept, 1, "{:#}", outcome.json);
}

#[test]
fn so_many_revisions_are_read_and_no_more() {
    let history = History::new();
    let mut tree = Files::new();
    for index in 0..17 {
        history.commit(&files([(
            "apps/db/set.yaml",
            set(3).replace("name: rqlite\n", &format!("name: rqlite-{index:02}\n")),
        )]));
        history.git(&["tag", &format!("v1.0.{index}")]);
        let one = reading(&format!("v1.0.{index}")).replace("name: db\n", &format!("name: db-{index:02}\n"));
        tree.insert(format!("argo/{index:02}.yaml"), one);
    }
    history.commit(&Files::new());
    history.commit(&tree);
    let Some(outcome) = history.judged(&[]) else { return };
    assert_eq!(outcome.changes.len(), 16, "{:#}", outcome.json);
    let gaps = outcome.json["notEvaluated"].as_array().unwrap();
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    assert_eq!(gaps[0]["reason"], "reads one of more than 16 other states of the repository");
}

#[test]
fn a_root_of_applications_reads_them_at_its_tag() {
    let tree = |replicas: u32, more: &str| {
        let own = application("db", "apps/db", more).replace("name: db\n", "name: db\n  annotations: {a: b}\n");
        with(&folder(replicas), [("argo/db.yaml", own)])
    };
    let history = tagged(&tree(3, ""), &files([("argo/other.yaml", config())]));
    let root = |revision: &str| {
        application("root", "argo", "").replace("path: argo", &format!("path: argo, targetRevision: {revision}"))
    };
    let at = |replicas: u32, revision: &str| with(&tree(replicas, ""), [("root.yaml", root(revision))]);
    // Its Applications name no revision: what they apply is the branch's.
    assert_changes(&history, (&at(3, "v1"), &at(1, "v1")), &[SHRUNK]);
    assert_changes(&history, (&at(3, "v1"), &at(3, "v2")), &[DELETED]);
    let new = with(&at(3, "v2"), [("argo/new.yaml", application("new", "apps/db", ""))]);
    // It comes with another tag.
    assert_changes(&history, (&at(3, "v2"), &new), &[]);
}

#[test]
fn a_git_generator_reads_its_revision() {
    let history = tagged(&folder(3), &files([("apps/web/a.yaml", config())]));
    let set_of = |revision: &str| application_set("").replace("revision: HEAD", &format!("revision: {revision}"));
    let at = |revision: &str| with(&folder(3), [("argo/all.yaml", set_of(revision))]);
    assert_changes(&history, (&at("v1"), &at("v2")), &[DELETED]);
}

#[test]
fn values_are_read_at_the_revision_of_their_chart() {
    let chart = |replicas: u32| {
        files([
            ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n".to_owned()),
            ("charts/db/values.yaml", "replicas: 3\n".to_owned()),
            ("charts/db/templates/set.yaml", set(3).replace("replicas: 3", "replicas: {{ .Values.replicas }}")),
            ("env/db.yaml", format!("replicas: {replicas}\n")),
        ])
    };
    let history = tagged(&chart(3), &chart(1));
    let at = |of_chart: &str, of_values: &str| {
        let sources = format!(
            "  sources:\n  - {{repoURL: '{URL}', path: charts/db, targetRevision: {of_chart}, helm: {{valueFiles: [$values/env/db.yaml]}}}}\n  \
             - {{repoURL: '{URL}', ref: values, targetRevision: {of_values}}}\n"
        );
        let own = application("db", "charts/db", "");
        with(
            &chart(5),
            [("argo/db.yaml", own.replace(&format!("  source: {{repoURL: '{URL}', path: charts/db}}\n"), &sources))],
        )
    };
    assert_changes(&history, (&at("v1", "v1"), &at("v2", "v2")), &[SHRUNK]);
    assert_changes(&history, (&at("v1", "v1"), &at("v1", "v2")), &[NOT_JUDGED]);
}

#[test]
fn sources_of_flux_are_read_at_their_reference() {
    let history = tagged(&kustomized(3), &kustomized(1));
    history.git(&["tag", "v1.2.0", "v1"]);
    history.git(&["tag", "v1.10.0", "v2"]);
    let at = |reference: &str| {
        let source = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: flux-system, namespace: flux-system}}\nspec:\n  \
             url: {URL}\n  ref: {{{reference}}}\n"
        );
        with(
            &kustomized(5),
            [("clusters/eu/source.yaml", source), ("clusters/eu/db.yaml", kustomization("db", "apps/db", ""))],
        )
    };
    let commit = history.git(&["rev-parse", "v2^{commit}"]).trim().to_owned();
    for reference in ["tag: v2", "semver: 1.x", "name: refs/tags/v2", &format!("branch: main, commit: {commit}")] {
        assert_changes(&history, (&at("tag: v1"), &at(reference)), &[SHRUNK]);
    }
    assert_changes(&history, (&at("semver: '>=1.0.0 <1.9.0'"), &at("tag: v1")), &[]);
    assert_changes(&history, (&at("tag: v1"), &at("branch: main")), &[UPDATED]);
    assert_changes(&history, (&at("tag: v1"), &at("semver: 9.x")), &[NOT_JUDGED]);
}

#[test]
fn a_cluster_of_flux_that_reads_itself_at_a_tag_is_followed_in_it() {
    let cluster = |tag: &str, replicas: u32, folder: &str| {
        let source = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: flux-system, namespace: flux-system}}\nspec:\n  \
             url: {URL}\n  ref: {{tag: {tag}}}\n---\n"
        );
        let own = "clusters/eu/flux-system";
        Files::from([
            (format!("{own}/gotk-sync.yaml"), source + &kustomization("flux-system", "clusters/eu", "")),
            (format!("{own}/kustomization.yaml"), "resources: [gotk-sync.yaml]\n".to_owned()),
            ("clusters/eu/db.yaml".to_owned(), kustomization("db", folder, "")),
            (format!("{folder}/set.yaml"), set(replicas)),
        ])
    };
    let history = tagged(&cluster("v1", 3, "apps/db"), &cluster("v2", 1, "apps/new"));
    let at = |tag: &str| cluster(tag, 5, "apps/db");
    assert_changes(&history, (&at("v1"), &at("v2")), &[SHRUNK]);
    assert_changes(&history, (&at("v1"), &cluster("v1", 1, "apps/db")), &[]);
}

#[test]
fn a_chart_of_another_tag_with_the_same_version_waits() {
    let chart = |replicas: u32, version: &str| {
        files([
            ("charts/db/Chart.yaml", format!("apiVersion: v2\nname: db\nversion: {version}\n")),
            ("charts/db/templates/set.yaml", set(replicas)),
        ])
    };
    let history = tagged(&chart(3, "1.0.0"), &chart(1, "1.0.0"));
    history.commit(&chart(1, "1.1.0"));
    history.git(&["tag", "v3"]);
    let at = |tag: &str| {
        let release = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: own, namespace: db}}\nspec:\n  url: {URL}\n  \
             ref: {{tag: {tag}}}\n---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: db, namespace: db}}\nspec:\n  \
             chart: {{spec: {{chart: ./charts/db, sourceRef: {{kind: GitRepository, name: own}}}}}}\n"
        );
        files([("clusters/eu/db.yaml", release)])
    };
    let Some(outcome) = assert_changes(&history, (&at("v1"), &at("v2")), &[SHRUNK]) else { return };
    let said = "HelmRelease db/db: its chart changes without a new version, so what changes comes with the next one";
    assert_eq!(outcome.json["notices"], serde_json::json!([said]));
    let Some(outcome) = assert_changes(&history, (&at("v1"), &at("v3")), &[SHRUNK]) else { return };
    assert_eq!(outcome.json["notices"], serde_json::json!([]));
}

#[test]
fn a_tag_is_no_branch_of_whoever_checked_the_pull_request_out() {
    let history = tagged(&kustomized(3), &kustomized(1));
    let at = |revision: &str| with(&kustomized(3), [("argo/db.yaml", reading(revision))]);
    history.git(&["branch", "v2"]);
    assert_changes(&history, (&at("v1"), &at("v2")), &[SHRUNK]);
    // A branch of this clone, where it has none of a remote.
    history.git(&["branch", "stable"]);
    assert_changes(&history, (&at("v1"), &at("stable")), &[]);
    history.git(&["update-ref", "refs/remotes/origin/prod", "HEAD"]);
    assert_changes(&history, (&at("v1"), &at("stable")), &[NOT_JUDGED]);
    assert_changes(&history, (&at("v1"), &at("prod")), &[]);
    assert_changes(&history, (&at("v1"), &at("v2")), &[SHRUNK]);
    // Which of both is read is the server's to say.
    history.git(&["update-ref", "refs/remotes/origin/v2", "HEAD"]);
    assert_changes(&history, (&at("v1"), &at("v2")), &[NOT_JUDGED]);
}

#[test]
fn a_revision_that_cannot_be_had_counts_whatever_the_branch_holds() {
    let history = History::new();
    let at = |revision: &str| files([("argo/db.yaml", reading(revision))]);
    let code = |base: &Files, head: &Files| assert_changes(&history, (base, head), &[]).map(|outcome| outcome.code);
    let Some(bumped) = code(&at("v1.0.0"), &at("v2.0.0")) else { return };
    assert_eq!(bumped, Some(3));
    assert_eq!(code(&at("v1.0.0"), &files([("a.yaml", config())])), Some(Some(3)));
    let beside = with(&at("v1.0.0"), [("a.yaml", config())]);
    assert_eq!(code(&at("v1.0.0"), &beside), Some(Some(0)));
    let flux = |tag: &str| {
        let source = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: flux-system, namespace: flux-system}}\nspec:\n  \
             url: {URL}\n  ref: {{tag: {tag}}}\n"
        );
        files([("eu/source.yaml", source), ("eu/db.yaml", kustomization("db", "apps/db", ""))])
    };
    assert_eq!(code(&flux("v1.0.0"), &flux("v2.0.0")), Some(Some(3)));
}

#[test]
fn what_cannot_be_read_at_a_revision_is_not_absent() {
    let unreadable = [
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "age-encryption.org/v1\n",
        "apiVersion: apps/v1\nkind: StatefulSet\n  bad: [\n",
        "apiVersion: ENC[AES256_GCM,data:x]\nkind: ENC[AES256_GCM,data:y]\nsops: {version: 3.9.0}\n",
    ];
    for text in unreadable {
        for other in [folder(3), files([("apps/db/set.yaml", set(3))])] {
            let history = tagged(&other, &with(&other, [("apps/db/set.yaml", text.to_owned())]));
            let at = |revision: &str| files([("argo/db.yaml", reading(revision))]);
            let Some(outcome) = assert_changes(&history, (&at("v1"), &at("v2")), &[NOT_JUDGED]) else { return };
            assert_ne!(outcome.code, Some(0), "{:#}", outcome.json);
            assert_changes(&history, (&at("v2"), &at("v1")), &[NOT_JUDGED]);
            let gone = assert_changes(&history, (&at("v2"), &files([("a.yaml", config())])), &[]);
            assert_ne!(gone.unwrap().code, Some(0), "{text}");
        }
    }
}

/// A child of a cluster whose root does not prune, with a source of its own.
fn left_child(source: &str, has_child: bool) -> Files {
    let root = kustomization("flux-system", "clusters/eu", "").replace("prune: true", "prune: false");
    let source = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: own, namespace: flux-system}}\nspec:\n  \
         url: {URL}\n{source}"
    );
    let child = kustomization("db", "apps/db", "").replace("name: flux-system}", "name: own}");
    let cluster = files([
        ("clusters/eu/flux-system/root.yaml", root),
        ("clusters/eu/source.yaml", source),
        ("clusters/eu/keep.yaml", config()),
    ]);
    if has_child { with(&cluster, [("clusters/eu/db.yaml", child)]) } else { cluster }
}

#[test]
fn what_stays_is_kept_where_its_source_stays_too() {
    for of in [folder as fn(u32) -> Files, kustomized] {
        let history = tagged(&of(3), &of(1));
        let at = |source: &str, has_child: bool, replicas: u32| {
            let mut all = left_child(source, has_child);
            all.extend(of(replicas));
            all
        };
        let main = "  ref: {branch: main}\n";
        let Some(outcome) = assert_changes(&history, (&at(main, true, 3), &at(main, false, 3)), &[]) else { return };
        assert_eq!((outcome.kept, outcome.code), (1, Some(0)), "{:#}", outcome.json);
        assert_changes(&history, (&at(main, true, 3), &at(main, false, 1)), &[NOT_JUDGED]);
        let hidden = with(&at(main, false, 3), [(".sourceignore", "/apps/db/set.yaml\n".to_owned())]);
        assert_changes(&history, (&at(main, true, 3), &hidden), &[NOT_JUDGED]);
        let ignoring = format!("{main}  ignore: set.yaml\n");
        assert_changes(&history, (&at(main, true, 3), &at(&ignoring, false, 3)), &[NOT_JUDGED]);
        let (one, two) = ("  ref: {tag: v1}\n", "  ref: {tag: v2}\n");
        assert_changes(&history, (&at(one, true, 3), &at(two, false, 3)), &[NOT_JUDGED]);
        assert_changes(&history, (&at(one, true, 1), &at(main, false, 1)), &[NOT_JUDGED]);
        assert_changes(&history, (&at(one, true, 3), &at(one, false, 3)), &[]);
    }
}

#[test]
fn a_chart_that_lies_elsewhere_is_no_folder_that_comes_later() {
    let values = files([("env/db.yaml", "replicaCount: 3\n".to_owned())]);
    let history = tagged(&values, &values);
    let charts = tempfile::tempdir().unwrap();
    let chart = charts.path().join("rqlite");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: rqlite\nversion: 2.0.0\n").unwrap();
    let template = set(3).replace("replicas: 3", "replicas: {{ .Values.replicaCount }}");
    std::fs::write(chart.join("templates/set.yaml"), template).unwrap();
    let at = |revision: &str| {
        let sources = format!(
            "  sources:\n  - {{repoURL: 'https://rqlite.github.io/helm-charts', chart: rqlite, targetRevision: 2.0.0, \
             helm: {{valueFiles: [$v/env/db.yaml]}}}}\n  - {{repoURL: '{URL}', ref: v, targetRevision: {revision}}}\n"
        );
        let own = application("db", "apps/db", "");
        let own = own.replace(&format!("  source: {{repoURL: '{URL}', path: apps/db}}\n"), &sources);
        with(&values, [("argo/db.yaml", own)])
    };
    history.commit(&at("v1"));
    history.commit(&at("v2"));
    let Some(outcome) = history.judged(&["--chart-dir", charts.path().to_str().unwrap()]) else { return };
    assert_eq!(outcome.json["notices"], serde_json::json!([]));
}

#[test]
fn a_tag_with_metadata_of_a_build_may_be_the_highest() {
    let history = tagged(&kustomized(3), &kustomized(1));
    history.git(&["tag", "v1.0.0", "v1"]);
    history.git(&["tag", "v1.2.0+build1", "v2"]);
    let at = |range: &str| with(&kustomized(3), [("argo/db.yaml", reading(range))]);
    assert_changes(&history, (&at("=1.0.0"), &at("1.x")), &[NOT_JUDGED]);
}

#[test]
fn a_source_that_is_not_the_whole_revision_is_not_judged() {
    let at = |more: &str| {
        let mut all = left_child(&format!("  ref: {{branch: main}}\n{more}"), true);
        all.extend(folder(3));
        all
    };
    let history = History::new();
    let narrowed = at("  sparseCheckout: [apps/db/x]\n");
    let Some(outcome) = assert_changes(&history, (&at(""), &narrowed), &[NOT_JUDGED]) else { return };
    assert_eq!(outcome.code, Some(3), "{:#}", outcome.json);
    assert_changes(&history, (&at(""), &at("  interval: 1m\n  timeout: 1m\n")), &[]);
}

#[test]
fn names_of_one_commit_are_one_state() {
    let history = History::new();
    history.commit(&folder(3));
    let mut tree = folder(3);
    for index in 0..17 {
        history.git(&["tag", &format!("v1.0.{index}")]);
        let one = reading(&format!("v1.0.{index}")).replace("name: db\n", &format!("name: db-{index:02}\n"));
        tree.insert(format!("argo/{index:02}.yaml"), one);
    }
    let more = with(&tree, [("a.yaml", config())]);
    let Some(outcome) = assert_changes(&history, (&tree, &more), &[]) else { return };
    assert_eq!(outcome.json["notEvaluated"], serde_json::json!([]));
}
