//! One repository as a platform team keeps it: an app of apps in Argo CD with an ApplicationSet, two Flux clusters from one folder, overlays,
//! charts at hand and charts whose values live elsewhere. Some twenty commits, each with what it comes to.

use super::git::git;
use super::support::{States, run, set, tool};
use super::ways::{Files, GONE, application, kustomization};

const URL: &str = "https://git.example.org/acme/gitops.git";

/// A set with a name of its own in a namespace of its own.
fn named(name: &str, replicas: u32) -> String {
    set(replicas).replace("  name: rqlite\n  namespace: db", &format!("  name: {name}\n  namespace: {name}"))
}

fn release(name: &str, chart: &str, count: u32) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: {name}}}\nspec:\n  chart:\n    spec:\n      \
         chart: {chart}\n      version: 2.0.0\n      sourceRef: {{kind: HelmRepository, name: {name}}}\n  values: {{replicaCount: {count}}}\n"
    )
}

fn repository() -> Files {
    let mut all = Files::new();
    let mut put = |path: &str, text: String| drop(all.insert(path.to_owned(), text));
    // Argo CD: a root, its Applications, and a set of Applications of the folders in tenants/.
    put("argo/root.yaml", application("root", "argo/apps", ""));
    put("argo/apps/orders.yaml", application("orders", "orders/overlays/prod", ""));
    put(
        "argo/apps/queue.yaml",
        application("queue", "charts/queue", "")
            .replace("path: charts/queue}", "path: charts/queue, helm: {valueFiles: [../../env/queue.yaml]}}"),
    );
    put(
        "argo/apps/tenants.yaml",
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: tenants, namespace: argocd}}\nspec:\n  goTemplate: true\n  generators:\n  \
             - git: {{repoURL: '{URL}', directories: [{{path: tenants/*}}]}}\n  template:\n    metadata: {{name: '{{{{.path.basename}}}}'}}\n    spec:\n      \
             destination: {{namespace: default}}\n      source: {{repoURL: '{URL}', path: '{{{{.path.path}}}}'}}\n      syncPolicy: {{automated: {{prune: true}}}}\n"
        ),
    );
    put("orders/base/kustomization.yaml", "resources: [set.yaml]\n".to_owned());
    put("orders/base/set.yaml", named("orders", 3));
    put(
        "orders/overlays/prod/kustomization.yaml",
        "resources: [../../base]\nreplicas: [{name: orders, count: 5}]\n".to_owned(),
    );
    put("charts/queue/Chart.yaml", "apiVersion: v2\nname: queue\nversion: 1.0.0\n".to_owned());
    put("charts/queue/values.yaml", "count: 3\n".to_owned());
    put("charts/queue/templates/set.yaml", named("queue", 3).replace("replicas: 3", "replicas: {{ .Values.count }}"));
    put("env/queue.yaml", "count: 3\n".to_owned());
    put("tenants/red/set.yaml", named("red", 3));
    put("tenants/blue/set.yaml", named("blue", 3));
    // Flux: two clusters, both from infra/, and releases of which one chart is not at hand.
    for cluster in ["eu", "us"] {
        put(&format!("clusters/{cluster}/infra.yaml"), kustomization("infra", "infra", ""));
    }
    put("clusters/eu/search.yaml", release("rqlite-search", "rqlite", 3));
    put("clusters/eu/certs.yaml", release("cert-manager", "cert-manager", 1));
    put("infra/set.yaml", named("infra", 3));
    put("infra/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: infra}\n".to_owned());
    all
}

struct History {
    states: States,
    tools: Vec<String>,
}

impl History {
    fn begin() -> Option<Self> {
        let tools = [("--kustomize", tool("kubectl")?), ("--helm", tool("helm")?)];
        let tools =
            tools.into_iter().flat_map(|(option, path)| [option.to_owned(), path.display().to_string()]).collect();
        let history = Self { states: States::new(&[], &[]), tools };
        let root = history.states.path("");
        git(&root, &["init", "--quiet"]);
        git(&root, &["remote", "add", "origin", "git@git.example.org:acme/gitops.git"]);
        repository().iter().for_each(|(path, text)| history.states.put(path, text));
        history.commit("Begin");
        Some(history)
    }

    fn commit(&self, subject: &str) {
        git(&self.states.path(""), &["add", "--all"]);
        git(&self.states.path(""), &["commit", "--quiet", "-m", subject]);
    }

    /// Commits the files (an empty text removes one) and says what the commit comes to: the code with `--strict`, and each change.
    #[track_caller]
    fn then(&self, subject: &str, files: &[(&str, String)], code: i32, expected: &[&str]) {
        for (path, text) in files {
            if text.is_empty() {
                std::fs::remove_file(self.states.path(path)).unwrap()
            } else {
                self.states.put(path, text)
            }
        }
        self.commit(subject);
        let tools: Vec<&str> = self.tools.iter().map(String::as_str).collect();
        let own = [
            "check",
            "--base",
            "HEAD~1...HEAD",
            "--head",
            "HEAD",
            "--policies",
            "quorum-guard",
            "--strict",
            "-o",
            "json",
        ];
        let run = run(&self.states.path(""), &[&own[..], &tools].concat());
        let json = run.json();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
        let changes = json["changes"].as_array().unwrap().iter();
        let mut changes: Vec<String> = changes
            .map(|change| {
                format!("{} {} {}", text(&change["operation"]), text(&change["name"]), text(&change["verdict"]))
            })
            .collect();
        let kept = json["kept"].as_array().unwrap().iter().map(|kept| format!("kept {}", text(&kept["name"])));
        changes.extend(kept);
        assert_eq!(
            (run.code, changes.iter().map(String::as_str).collect::<Vec<_>>()),
            (Some(code), expected.to_vec()),
            "{subject}: {json:#}"
        );
    }

    /// Takes the last commit back, without a check.
    fn back(&self) {
        git(&self.states.path(""), &["reset", "--hard", "--quiet", "HEAD~1"]);
    }
}

#[test]
fn counts_and_charts_that_argo_cd_applies() {
    let Some(history) = History::begin() else { return };
    let overlay = |count: u32| format!("resources: [../../base]\nreplicas: [{{name: orders, count: {count}}}]\n");
    history.then("Document it", &[("readme.md", "Read me.\n".to_owned())], 0, &[]);
    history.then(
        "Bump cert-manager",
        &[("clusters/eu/certs.yaml", release("cert-manager", "cert-manager", 2))],
        0,
        &[],
    );
    history.then(
        "Fewer orders",
        &[("orders/overlays/prod/kustomization.yaml", overlay(2))],
        1,
        &["UPDATE orders denied"],
    );
    history.back();
    history.then(
        "One order fewer",
        &[("orders/overlays/prod/kustomization.yaml", overlay(4))],
        0,
        &["UPDATE orders allowed"],
    );
    history.then("A smaller base", &[("orders/base/set.yaml", named("orders", 1))], 0, &[]);
    history.then("One queue", &[("env/queue.yaml", "count: 1\n".to_owned())], 1, &["UPDATE queue denied"]);
    history.back();
    history.then("A smaller default", &[("charts/queue/values.yaml", "count: 1\n".to_owned())], 0, &[]);
    history.then(
        "Split the chart",
        &[
            ("charts/queue/templates/set.yaml", GONE),
            (
                "charts/queue/templates/all.yaml",
                named("queue", 3).replace("replicas: 3", "replicas: {{ .Values.count }}"),
            ),
        ],
        0,
        &[],
    );
}

#[test]
fn applications_that_come_go_and_move() {
    let Some(history) = History::begin() else { return };
    history.then(
        "Rename a tenant",
        &[("tenants/red/set.yaml", GONE), ("tenants/green/set.yaml", named("red", 3))],
        1,
        &["DELETE red denied", "CREATE red allowed"],
    );
    history.back();
    history.then("A new tenant", &[("tenants/green/set.yaml", named("green", 3))], 0, &["CREATE green allowed"]);
    history.then("Drop a tenant", &[("tenants/blue/set.yaml", GONE)], 1, &["DELETE blue denied"]);
    history.back();
    history.then("Drop an Application", &[("argo/apps/orders.yaml", GONE)], 1, &["DELETE orders denied"]);
    history.back();
    let moved = application("orders", "databases/orders", "");
    let files = [
        ("argo/apps/orders.yaml", moved),
        ("orders/overlays/prod/kustomization.yaml", GONE),
        (
            "databases/orders/kustomization.yaml",
            "resources: [../../orders/base]\nreplicas: [{name: orders, count: 5}]\n".to_owned(),
        ),
    ];
    history.then("Move the overlay", &files, 0, &[]);
    history.then(
        "Drop the root",
        &[("argo/root.yaml", GONE)],
        1,
        &[
            "DELETE blue denied",
            "DELETE green denied",
            "DELETE orders denied",
            "DELETE queue denied",
            "DELETE red denied",
        ],
    );
    history.back();
}

#[test]
fn clusters_and_releases_of_flux() {
    let Some(history) = History::begin() else { return };
    history.then(
        "Shrink the infrastructure",
        &[("infra/set.yaml", named("infra", 1))],
        1,
        &["UPDATE infra denied", "UPDATE infra denied"],
    );
    history.back();
    history.then(
        "Leave a cluster",
        &[("clusters/us/infra.yaml", GONE)],
        1,
        &["DELETE web allowed", "DELETE infra denied"],
    );
    history.back();
    let orphaning = kustomization("infra", "infra", "  deletionPolicy: Orphan\n");
    history.then("Keep what is there", &[("clusters/us/infra.yaml", orphaning)], 0, &[]);
    history.then("Leave a cluster behind", &[("clusters/us/infra.yaml", GONE)], 0, &["kept web", "kept infra"]);
    history.then("Fewer searches", &[("clusters/eu/search.yaml", release("rqlite-search", "rqlite", 1))], 3, &[]);
    let vendored = [
        ("vendor/rqlite/Chart.yaml", "apiVersion: v2\nname: rqlite\nversion: 2.0.0\n".to_owned()),
        ("vendor/rqlite/values.yaml", "replicaCount: 1\n".to_owned()),
        (
            "vendor/rqlite/templates/set.yaml",
            named("search", 3).replace("replicas: 3", "replicas: {{ .Values.replicaCount }}"),
        ),
    ];
    history.then("Vendor the chart", &vendored, 3, &["? search not-judged"]);
    history.then(
        "More searches",
        &[("clusters/eu/search.yaml", release("rqlite-search", "rqlite", 3))],
        0,
        &["UPDATE search allowed"],
    );
    history.then(
        "Fewer searches again",
        &[("clusters/eu/search.yaml", release("rqlite-search", "rqlite", 1))],
        1,
        &["UPDATE search denied"],
    );
}
