//! Repositories that a stranger wrote: nothing outside of them is read, nothing in them becomes an option of a program, all of it ends, and no
//! change opens its own gate. Commits and the working folder, with real kustomize and helm.

use std::os::unix::fs::symlink;

use super::git::git;
use super::support::{States, run, set, tool};
use super::ways::{Files, Outcome, application, files, judged, kustomization, with};

const SECRET: &str = "SECRET-OUTSIDE-42";

/// A base with a set, and a head with these files over it: by commits, and as a working folder. Gives both outputs.
#[track_caller]
fn outputs(head: &[(&str, &str)], prepare: &dyn Fn(&std::path::Path)) -> Option<Vec<crate::common::Run>> {
    let (kubectl, helm) = (tool("kubectl")?, tool("helm")?);
    let states = States::new(&[], &[]);
    states.put("outside.txt", SECRET);
    let root = states.path("repository");
    states.put("repository/db/set.yaml", set(3));
    states.put("repository/.gitignore", ".env\n");
    git(&root, &["init", "--quiet"]);
    git(&root, &["config", "http.extraheader", SECRET]);
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "-m", "base"]);
    for (path, text) in head {
        states
            .put(&format!("repository/{path}"), text.replace("OUTSIDE", states.path("outside.txt").to_str().unwrap()));
    }
    prepare(&root);
    states.put("repository/.env", SECRET);
    let tools = ["--kustomize", kubectl.to_str().unwrap(), "--helm", helm.to_str().unwrap()];
    let check = |args: &[&str]| run(&root, &[&["check", "--policies", "quorum-guard"], &tools[..], args].concat());
    let worked = check(&["--base", "HEAD"]);
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "-m", "head"]);
    Some(vec![worked, check(&["--base", "HEAD~1", "--head", "HEAD"])])
}

#[track_caller]
fn assert_kept_in(head: &[(&str, &str)], prepare: &dyn Fn(&std::path::Path)) {
    for run in outputs(head, prepare).into_iter().flatten() {
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(!said.contains(SECRET) && !said.contains("PATH="), "{head:?}\n{said}");
        assert!(matches!(run.code, Some(0..=3)), "{run:?}");
    }
}

#[test]
fn nothing_outside_of_the_tree_is_read() {
    let named_by_map = "replacements:\n- source: {kind: ConfigMap, name: leak, fieldPath: data.s}\n  targets: [{select: {kind: StatefulSet}, fieldPaths: [metadata.name]}]\n";
    let folder = |how: &str| format!("resources: [set.yaml]\n{how}{named_by_map}");
    let nothing = |_: &std::path::Path| {};
    let generator = |path: &str| {
        format!("apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {{name: leak}}\nfiles: ['s={path}']\n")
    };
    for path in ["/proc/self/environ", "OUTSIDE", "../.git/config", "../.env"] {
        let how = folder("generators: [gen.yaml]\n");
        assert_kept_in(&[("db/kustomization.yaml", &how), ("db/gen.yaml", &generator(path))], &nothing);
        for key in ["configMapGenerator", "ConfigMapGenerator"] {
            let how = folder(&format!(
                "{key}: [{{name: leak, files: ['s={path}']}}]\ngeneratorOptions: {{disableNameSuffixHash: true}}\n"
            ));
            assert_kept_in(&[("db/kustomization.yaml", &how)], &nothing);
        }
    }
    let patched = kustomization("db", "db", "  patches: [{path: OUTSIDE, target: {kind: StatefulSet}}]\n");
    assert_kept_in(&[("clusters/eu/db.yaml", &patched)], &nothing);
    let chart = ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n");
    let prints = |what: &str| format!("{{{{ if {what} }}}}{{{{ fail ({what}) }}}}{{{{ end }}}}\n");
    let link = |root: &std::path::Path| {
        symlink(root.parent().unwrap().join("outside.txt"), root.join("chart/secret.txt")).unwrap();
    };
    assert_kept_in(&[chart, ("chart/templates/a.yaml", &prints(".Files.Get \"secret.txt\""))], &link);
    let at_root = ("Chart.yaml", chart.1);
    assert_kept_in(&[at_root, ("templates/a.yaml", &prints(".Files.Get \".git/config\""))], &nothing);
    let by_file = |parameters: &str| {
        application("db", "chart", "").replace("path: chart}", &format!("path: chart, helm: {{{parameters}}}}}"))
    };
    for parameters in [
        "fileParameters: [{name: 'leak=OUTSIDE,zz', path: f.txt}]",
        "fileParameters: [{name: leak, path: OUTSIDE}]",
        "fileParameters: [{name: leak, path: ../../outside.txt}]",
        "valueFiles: [OUTSIDE]",
        "valueFiles: [../../outside.txt]",
        "valueFiles: ['--post-renderer=/bin/sh']",
    ] {
        let files = [
            chart,
            ("chart/f.txt", "f"),
            ("chart/templates/a.yaml", &prints(".Values.leak")),
            ("app.yaml", &by_file(parameters)),
        ];
        assert_kept_in(&files, &nothing);
    }
}

#[test]
fn a_random_chart_is_not_known_and_says_the_same_each_time() {
    let template = set(3).replace("replicas: 3", "replicas: {{ randInt 3 1000 }}");
    let chart = |version: &str| {
        files([
            ("chart/Chart.yaml", format!("apiVersion: v2\nname: rqlite\nversion: {version}\n")),
            ("chart/templates/set.yaml", template.clone()),
        ])
    };
    let Some(first) = judged(&chart("1.0.0"), &chart("1.0.1"), &[]) else { return };
    assert_eq!(judged(&chart("1.0.0"), &chart("1.0.1"), &[]), Some(first));
}

#[test]
fn circles_and_very_many_end() {
    let apps: Files =
        (0..12).map(|index| (format!("apps/a{index}.yaml"), application(&format!("a{index}"), "apps", ""))).collect();
    let mut base = apps.clone();
    base.insert("apps/set.yaml".to_owned(), set(3));
    let Some(Outcome { code, .. }) = judged(&base, &with(&base, [("apps/set.yaml", set(1))]), &[]) else { return };
    assert_eq!(code, Some(1));
    let elements = vec!["{}"; 60_000].join(", ");
    let many = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: many, namespace: argocd}}\nspec:\n  generators: [{{list: {{elements: [{elements}]}}}}]\n  template: {{metadata: {{name: a}}, spec: {{source: {{path: db}}}}}}\n"
    );
    let Some(outcome) = judged(
        &files([("db/set.yaml", set(3))]),
        &files([("db/set.yaml", set(3)), ("many.yaml", many)]),
        &["--strict"],
    ) else {
        return;
    };
    assert_eq!(outcome.code, Some(3), "{:#}", outcome.json);
}

#[test]
fn a_change_does_not_hide_a_set_by_a_file_beside_it() {
    let plain = files([("db/set.yaml", set(3))]);
    let component = "kind: Component\nresources: [../db/set.yaml]\n".to_owned();
    let hidden = with(&plain, [("zz/kustomization.yaml", component), ("db/set.yaml", set(1))]);
    let Some(outcome) = judged(&plain, &hidden, &[]) else { return };
    assert_eq!(outcome.changes, ["UPDATE db/rqlite denied"], "{:#}", outcome.json);
    let patch = "$patch: delete\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: rqlite, namespace: db}\n";
    let deleted = format!("resources: [set.yaml]\npatches:\n- patch: |\n    {}", patch.replace('\n', "\n    "));
    let outcome = judged(&plain, &with(&plain, [("db/kustomization.yaml", deleted)]), &[]).unwrap();
    assert_eq!(outcome.changes, ["DELETE db/rqlite denied"], "{:#}", outcome.json);
    let list = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nitems:\n- apiVersion: autoscaling/v2\n  kind: HorizontalPodAutoscaler\n  metadata: {name: rqlite, namespace: db}\n  spec: {minReplicas: 1, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: rqlite}}\n";
    let outcome = judged(&plain, &with(&plain, [("list.yaml", list.to_owned())]), &[]).unwrap();
    assert_eq!(outcome.changes, ["CREATE db/rqlite denied"], "{:#}", outcome.json);
}

#[test]
fn a_configuration_in_the_repository_is_that_of_the_base() {
    let states = States::new(&[], &[]);
    let root = states.path("");
    git(&root, &["init", "--quiet"]);
    let config = |mode: &str| format!("policies:\n  quorum-guard:\n    mode: {mode}\n");
    states.put("db.yaml", set(3));
    states.put("quorate.yaml", config("enforce"));
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "-m", "base"]);
    states.put("db.yaml", set(1));
    states.put("quorate.yaml", config("warn"));
    let check = || run(&root, &["check", "--base", "HEAD", "--config", "quorate.yaml"]);
    let run = check();
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout.contains("quorate.yaml changes here; what it says in the base is in force until this is merged"),
        "{}",
        run.stdout
    );
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "-m", "warn"]);
    states.put("db.yaml", set(3).replace("replicas: 3", "replicas: 0"));
    assert_eq!(check().code, Some(0));
}
