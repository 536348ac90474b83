//! A repository as GitOps teams keep them (base and overlays, a chart, Argo CD and Flux objects, plain manifests) and its history: every
//! commit with the verdict that it must get, and the line. Rendered by the kubectl and helm of this machine, skipped without them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::git::git;
use super::support::{States, run, set, tool};

const KUSTOMIZE: &str = "apps/rqlite/overlays/prod (kustomize)";

fn overlay(replicas: u32, namespace: &str) -> String {
    format!("namespace: {namespace}\nresources: [../../base]\nreplicas:\n- name: rqlite\n  count: {replicas}\n")
}

fn application(name: &str, source: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
         destination: {{namespace: db}}\n  source:\n{source}"
    )
}

fn release(replicas: u32) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: repository, namespace: flux-system}}\nspec:\n  \
         url: https://git.example.org/acme/repository.git\n---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: \
         {{name: queue, namespace: mq}}\nspec:\n  releaseName: queue\n  chart:\n    spec:\n      chart: ./charts/queue\n      \
         sourceRef: {{kind: GitRepository, name: repository, namespace: flux-system}}\n  values: {{replicas: {replicas}}}\n"
    )
}

/// The chart's set is the example's, with its count out of the values.
fn template() -> String {
    set(3)
        .replace("namespace: db", "namespace: {{ .Release.Namespace }}")
        .replace("name: rqlite\n  namespace", "name: {{ .Release.Name }}\n  namespace")
        .replace("replicas: 3", "replicas: {{ .Values.replicas }}")
}

fn plain(name: &str, replicas: u32) -> String {
    set(replicas).replace("  name: rqlite\n  namespace: db", &format!("  name: {name}\n  namespace: db"))
}

struct GitOpsRepository {
    states: States,
    kubectl: PathBuf,
    helm: PathBuf,
}

impl GitOpsRepository {
    fn new() -> Option<Self> {
        let repository = Self { states: States::new(&[], &[]), kubectl: tool("kubectl")?, helm: tool("helm")? };
        let root = repository.root();
        git(&root, &["init", "--quiet"]);
        git(&root, &["remote", "add", "origin", "git@git.example.org:acme/repository.git"]);
        let base = set(3).replace("  namespace: db\n", "");
        repository.put("apps/rqlite/base/kustomization.yaml", "resources: [statefulset.yaml]\n");
        repository.put("apps/rqlite/base/statefulset.yaml", &base);
        repository.put("apps/rqlite/overlays/prod/kustomization.yaml", &overlay(5, "db"));
        repository.put("apps/rqlite/overlays/test/kustomization.yaml", &overlay(3, "test"));
        repository.put("charts/queue/Chart.yaml", "apiVersion: v2\nname: queue\nversion: 1.0.0\n");
        repository.put("charts/queue/values.yaml", "replicas: 3\n");
        repository.put("charts/queue/templates/set.yaml", &template());
        let own = "    repoURL: https://git.example.org/acme/repository\n    path: apps/rqlite/overlays/prod\n";
        repository.put("clusters/prod/rqlite.yaml", &application("rqlite", own));
        let foreign = "    repoURL: https://charts.example.org\n    chart: redis\n    targetRevision: 1.0.0\n";
        repository.put("clusters/prod/redis.yaml", &application("redis", foreign));
        repository.put("clusters/prod/queue.yaml", &release(3));
        repository.put("plain/logs.yaml", &plain("logs", 3));
        repository.put(
            "plain/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2}\n",
        );
        repository.commit("Begin");
        Some(repository)
    }

    fn root(&self) -> PathBuf {
        self.states.path("")
    }

    fn put(&self, path: &str, text: &str) {
        self.states.put(path, text);
    }

    fn commit(&self, subject: &str) {
        git(&self.root(), &["add", "--all"]);
        git(&self.root(), &["commit", "--quiet", "-m", subject]);
    }

    /// The last commit, evaluated over the one before.
    fn last(&self, more: &[&str]) -> crate::common::Run {
        let own = ["--kustomize", path(&self.kubectl), "--helm", path(&self.helm)];
        let tools = if more.contains(&"--kustomize") { &[][..] } else { &own };
        let range = ["check", "--base", "HEAD~1", "--head", "HEAD", "--policies", "quorum-guard,bootstrap-expect-lock"];
        run(&self.root(), &[&range, tools, more].concat())
    }

    /// Every change of the last commit: verdict, operation, the first finding's rule, where it stands, and that line.
    #[track_caller]
    fn assert_last(&self, code: i32, expected: &[(&str, &str, &str, &str, &str)]) {
        let run = self.last(&["-o", "json"]);
        let json = run.json();
        let changes: Vec<_> = json["changes"].as_array().unwrap().iter().map(|change| self.shown(change)).collect();
        let changes: Vec<_> = changes
            .iter()
            .map(|[a, b, c, d, e]| (a.as_str(), b.as_str(), c.as_str(), d.as_str(), e.as_str()))
            .collect();
        assert_eq!((run.code, &changes[..]), (Some(code), expected), "{json:#}");
        // Always there, never judged: its chart comes from elsewhere.
        assert_eq!(json["notEvaluated"].as_array().unwrap().len(), 1, "{json:#}");
        assert_eq!(json["notEvaluated"][0]["what"], "Application argocd/redis");
    }

    fn shown(&self, change: &Value) -> [String; 5] {
        let finding = &change["findings"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let at = &finding["at"];
        let place = at["rendered"].as_str().map_or_else(|| text(&at["file"]), str::to_owned);
        let field =
            finding["field"].as_str().unwrap_or_default().rsplit(['.', ' ']).next().unwrap_or_default().to_owned();
        [text(&change["verdict"]), text(&change["operation"]), text(&finding["rule"]), place, field]
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn every_commit_of_a_history_gets_its_verdict() {
    let Some(repository) = GitOpsRepository::new() else { return };
    let below = "quorum-guard/scale-below-quorum";

    repository
        .put("plain/web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 4}\n");
    repository.commit("Scale the web");
    repository.assert_last(0, &[]);

    repository.put("apps/rqlite/overlays/prod/kustomization.yaml", &overlay(2, "db"));
    repository.commit("Save money in production");
    repository.assert_last(1, &[("denied", "UPDATE", below, KUSTOMIZE, "replicas")]);
    let text = repository.last(&[]).stdout;
    assert!(text.contains("|   replicas: 2\n"), "{text}");

    git(&repository.root(), &["revert", "--no-edit", "HEAD"]);
    repository.assert_last(0, &[("allowed", "UPDATE", "quorum-guard/scale-up-without-leader", KUSTOMIZE, "replicas")]);

    let base = set(3).replace("  namespace: db\n", "");
    repository.put("apps/rqlite/base/statefulset.yaml", &base.replace("-bootstrap-expect=3", "-bootstrap-expect=5"));
    repository.commit("Expect five");
    let changed = "bootstrap-expect-lock/bootstrap-expect-changed";
    repository.assert_last(
        1,
        &[
            ("denied", "UPDATE", changed, KUSTOMIZE, "args[2]"),
            ("denied", "UPDATE", changed, "apps/rqlite/overlays/test (kustomize)", "args[2]"),
        ],
    );
    git(&repository.root(), &["revert", "--no-edit", "HEAD"]);

    repository.put("clusters/prod/queue.yaml", &release(1));
    repository.commit("One queue is enough");
    // At the line of the value, not of what helm made of it.
    repository.assert_last(1, &[("denied", "UPDATE", below, "clusters/prod/queue.yaml", "replicas")]);
    git(&repository.root(), &["revert", "--no-edit", "HEAD"]);

    // The release's own values stand above those of the chart.
    repository.put("charts/queue/values.yaml", "replicas: 1\n");
    repository.commit("A smaller default");
    repository.assert_last(0, &[]);

    repository.put("plain/observability/logs.yml", &plain("logs", 3));
    std::fs::remove_file(repository.states.path("plain/logs.yaml")).unwrap();
    repository.commit("Move a manifest");
    repository.assert_last(0, &[]);

    std::fs::remove_file(repository.states.path("plain/observability/logs.yml")).unwrap();
    repository.commit("Remove the logs");
    let deleted = "quorum-guard/cluster-deleted";
    repository.assert_last(1, &[("denied", "DELETE", deleted, "plain/observability/logs.yml", "")]);
    git(&repository.root(), &["revert", "--no-edit", "HEAD"]);

    let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: logs, namespace: db}\nspec:\n  \
               minReplicas: 1\n  maxReplicas: 5\n  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: logs}\n";
    repository.put("plain/hpa.yaml", hpa);
    repository.commit("Scale the logs by themselves");
    let run = repository.last(&["-o", "json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.json()["changes"][0]["findings"][0]["rule"], "quorum-guard/autoscaler-on-voters");

    repository.put(
        "clusters/prod/rqlite.yaml",
        &application("rqlite", "    repoURL: https://git.example.org/acme/repository\n    path: gone\n"),
    );
    repository.commit("Lead nowhere");
    // The Application does not prune by itself.
    let run = repository.last(&["--strict"]);
    assert!(
        run.stdout.contains("kept StatefulSet db/rqlite: Application argocd/rqlite does not prune by itself"),
        "{run:?}"
    );
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_missing_tool_is_an_error_and_nothing_is_called_deleted() {
    let Some(repository) = GitOpsRepository::new() else { return };
    repository.put("apps/rqlite/overlays/prod/kustomization.yaml", &overlay(2, "db"));
    repository.commit("Save money in production");
    let run = repository.last(&["--kustomize", "/nonexistent/kustomize", "--helm", "/nonexistent/helm"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(
        run.stdout.contains("unreadable apps/rqlite/overlays/prod/kustomization.yaml: kustomize (or kubectl) is not to be found; install it, name it with --kustomize, or give rendered manifests\n"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("DELETE"), "{}", run.stdout);
    repository.put("charts/queue/values.yaml", "replicas: 1\n");
    repository.commit("Also less queues");
    let run = repository.last(&["--kustomize", "/nonexistent/kustomize", "--helm", "/nonexistent/helm"]);
    assert!(run.stdout.contains("helm is not to be found"), "{}", run.stdout);
    let unrendered = repository.last(&["--no-render", "--strict"]);
    assert_eq!(unrendered.code, Some(3), "{unrendered:?}");
}

#[test]
fn what_would_need_the_network_is_not_evaluated() {
    let Some(repository) = GitOpsRepository::new() else { return };
    repository.put(
        "apps/remote/kustomization.yaml",
        "resources: ['https://github.com/rqlite/kubernetes-configuration?ref=main']\n",
    );
    repository.commit("Take it from elsewhere");
    let run = repository.last(&["--strict"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(
        run.stdout
            .contains("fetches `https://github.com/rqlite/kubernetes-configuration?ref=main`; allow it with --network"),
        "{}",
        run.stdout
    );
}

#[test]
fn folders_without_git_are_rendered_too() {
    let (Some(kubectl), Some(_)) = (tool("kubectl"), tool("helm")) else { return };
    let base = set(3).replace("  namespace: db\n", "");
    let files = |replicas| {
        vec![
            ("base/kustomization.yaml", "resources: [set.yaml]\n".to_owned()),
            ("base/set.yaml", base.clone()),
            ("overlays/prod/kustomization.yaml", overlay(replicas, "db")),
        ]
    };
    let as_text = |files: &[(&'static str, String)]| -> Vec<(&'static str, String)> { files.to_vec() };
    let (before, after) = (as_text(&files(5)), as_text(&files(2)));
    let borrow = |files: &'_ [(&'static str, String)]| -> Vec<(&'static str, &'static str)> {
        files.iter().map(|(path, text)| (*path, &*text.clone().leak())).collect()
    };
    let states = States::new(&borrow(&before), &borrow(&after));
    let run = states.check(&["--kustomize", path(&kubectl)]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("at overlays/prod (kustomize):"), "{}", run.stdout);
}
