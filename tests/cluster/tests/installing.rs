//! Installed, installed again, upgraded, rolled back, taken out: by helm and by kubectl, under load, without a hole.
#![expect(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests")]

use quorate_cluster_tests::{
    ControlPlane, Helm, Load, NAME, Namespace, Quorate, SYSTEM, await_nothing_left, binary, eventually, manifest,
    manifests, page,
};

fn voters<'a>(quorate: &Quorate<'a>, name: &str, set: &str) -> Namespace<'a> {
    let namespace = quorate.plane().namespace(name);
    namespace.apply(&manifests::rqlite(set, 3)).ok();
    namespace.await_ready(set, 3);
    quorate.await_known(&namespace, set);
    namespace
}

fn entries(plane: &ControlPlane) -> Vec<String> {
    let object = plane.kubectl().get(&format!("validatingwebhookconfiguration/{NAME}"));
    let entries = object["webhooks"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A set that only its name tells: what the server wrote must survive every re-application.
#[test]
fn applied_again_under_load_it_has_no_hole() {
    let plane = ControlPlane::start("again");
    let installer = Quorate::installer(&plane);
    let quorate = installer.clone().install();
    let namespace = voters(&quorate, "applied_again", "store");
    let load = Load::start(&namespace, "store", 4);
    // The API server reads a new entry within a moment; from the first denial on there is no way around.
    eventually("the first denial", || if load.counts().denied > 0 { Ok(()) } else { Err("none yet") });
    let before = load.counts();
    load.go_on_for(20);
    let passed = load.counts().passed;
    installer.helm("upgrade").ok();
    load.go_on_for(50);
    let kubectl = plane.kubectl();
    let rendered = manifest("install-enforce.yaml");
    let configurations: Vec<&str> =
        rendered.split("\n---\n").filter(|document| document.contains("WebhookConfiguration\n")).collect();
    let configurations = configurations.join("\n---\n");
    assert!(configurations.contains("statefulsets.quorate.dev"), "{configurations}");
    kubectl.run_with(&configurations, ["apply", "--server-side", "--force-conflicts", "-f", "-"]).ok();
    load.go_on_for(50);
    kubectl.apply(&configurations).ok();
    load.go_on_for(50);
    let counts = load.stop();
    assert_eq!((counts.passed, counts.failed.as_slice()), (passed, &[][..]), "before: {before:?}");
    assert!(entries(&plane).iter().any(|name| name.starts_with("known-")));
}

#[test]
fn replicas_roll_under_load_and_a_rollback_is_the_same() {
    let plane = ControlPlane::start("roll");
    let installer = Quorate::installer(&plane);
    let quorate = installer.clone().install();
    let namespace = voters(&quorate, "replicas_roll", "rqlite");
    let load = Load::start(&namespace, "rqlite", 4);
    load.go_on_for(20);
    installer.clone().set("resources.requests.cpu=150m").helm("upgrade").ok();
    quorate.roll();
    load.go_on_for(20);
    plane.helm().in_namespace(SYSTEM).line("rollback quorate 1").ok();
    quorate.roll();
    load.go_on_for(20);
    let counts = load.stop();
    assert_eq!((counts.passed, counts.failed.as_slice()), (0, &[][..]));
}

/// By kubectl, which is another field manager than Helm.
#[test]
fn an_edit_by_hand_stops_an_upgrade_until_conflicts_are_forced() {
    let plane = ControlPlane::start("edited");
    let installer = Quorate::installer(&plane);
    installer.helm("install").ok();
    let kubectl = plane.kubectl().in_namespace(SYSTEM);
    let edit = |what: &str, path: &str| {
        let patch = format!(r#"[{{"op":"replace","path":"{path}","value":4}}]"#);
        kubectl.run(["patch", what, NAME, "--type=json", "-p", &patch]).ok();
    };
    let webhooks = "validatingwebhookconfiguration";
    let is = |what: &str, path: &str| kubectl.get(&format!("{what}/{NAME}")).pointer(path).cloned().unwrap();
    let places = [("deployment", "/spec/replicas"), (webhooks, "/webhooks/0/timeoutSeconds")];
    let rendered = places.map(|(what, path)| is(what, path));
    for ((what, path), rendered) in places.into_iter().zip(&rendered) {
        edit(what, path);
        for verb in ["upgrade", "upgrade --take-ownership", "upgrade --server-side=true"] {
            let refusal = installer.helm(verb).refused();
            assert!(refusal.contains(r#"conflict with "kubectl-patch""#), "{verb}: {refusal}");
            assert_eq!(is(what, path), 4, "{verb}");
        }
        installer.helm("upgrade --force-conflicts").ok();
        assert_eq!(is(what, path), *rendered);
        installer.helm("upgrade").ok();
    }
}

#[test]
fn taken_out_it_leaves_nothing_and_nothing_is_refused() {
    let plane = ControlPlane::start("out");
    let quorate = Quorate::install(&plane);
    let namespace = voters(&quorate, "taken_out", "rqlite");
    let shrink = || namespace.kubectl().line("scale statefulset/rqlite --replicas=1 --dry-run=server");
    shrink().refused();
    // What it makes itself goes with what the installer made.
    let lease = quorate.kubectl().get("lease/quorate-leader");
    assert_eq!(lease["metadata"]["labels"]["app.kubernetes.io/name"], NAME);
    assert_eq!(lease["metadata"]["ownerReferences"][0]["kind"], "Service");
    plane.helm().in_namespace(SYSTEM).line("uninstall quorate --wait").ok();
    // The replicas run on while the API server takes away what was theirs.
    eventually("what the server made to go", || {
        let left = quorate.kubectl().line("get leases,secrets -o name").ok().stdout;
        if left.contains("quorate") { Err(left) } else { Ok(()) }
    });
    quorate.stop();
    eventually("the API server to forget the webhook", || {
        let output = shrink();
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    await_nothing_left(&plane);
}

/// Line by line as `docs/install.md` has it; between two lines nothing is refused.
#[track_caller]
fn remove_by_the_page(plane: &ControlPlane, helm: &Helm, line: &str, quorate: &Quorate<'_>, namespace: &Namespace<'_>) {
    let block =
        page::blocks("install.md").into_iter().find(|block| block.text.contains(line)).expect("the page's block");
    let shell = plane.shell(helm);
    for command in page::commands(&block) {
        shell.run(&command).ok();
        quorate.stop();
        eventually("nothing to be refused", || {
            let output = namespace.kubectl().line("scale statefulset/rqlite --replicas=1 --dry-run=server");
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
    }
    await_nothing_left(plane);
    let namespaces = plane.kubectl().line("get namespaces -o name").ok().stdout;
    assert!(!namespaces.contains(SYSTEM), "{namespaces}");
}

#[test]
fn helm_3_takes_out_by_the_page_what_helm_3_has_upgraded() {
    let plane = ControlPlane::start("helm-3");
    let installer = Quorate::installer(&plane).by_helm_3();
    let quorate = installer.clone().install();
    let namespace = voters(&quorate, "by_helm_3", "rqlite");
    installer.set("webhooks.timeoutSeconds.validate=4").helm("upgrade").ok();
    assert!(entries(&plane).iter().any(|name| name.starts_with("known-")), "kept over an upgrade");
    namespace.kubectl().line("scale statefulset/rqlite --replicas=1 --dry-run=server").refused();
    remove_by_the_page(&plane, &plane.helm_3(), "helm uninstall", &quorate, &namespace);
}

/// A release of the former major goes on under the new one.
#[test]
fn helm_4_upgrades_and_takes_out_a_release_of_helm_3() {
    let plane = ControlPlane::start("helm-3-and-4");
    let installer = Quorate::installer(&plane);
    let quorate = installer.clone().by_helm_3().install();
    let namespace = voters(&quorate, "by_both", "rqlite");
    installer.helm("upgrade").ok();
    assert!(entries(&plane).iter().any(|name| name.starts_with("known-")), "kept over an upgrade");
    remove_by_the_page(&plane, &plane.helm(), "helm uninstall", &quorate, &namespace);
}

#[test]
fn kubectl_takes_out_by_the_page_what_kubectl_applied() {
    let plane = ControlPlane::start("kubectl");
    let quorate = Quorate::installer(&plane).install_manifest(&manifest("install-enforce.yaml"));
    let namespace = voters(&quorate, "by_kubectl", "rqlite");
    remove_by_the_page(&plane, &plane.helm(), "kubectl delete --ignore-not-found", &quorate, &namespace);
}

#[test]
fn the_plain_manifests_warn_first_and_one_command_takes_them_out_of_the_way() {
    let plane = ControlPlane::start("plain");
    let quorate = Quorate::installer(&plane).install_manifest(&manifest("install.yaml"));
    let namespace = voters(&quorate, "the_plain_manifests", "rqlite");
    let shrink = || namespace.kubectl().line("scale statefulset/rqlite --replicas=1 --dry-run=server");
    let warned = shrink().ok();
    assert!(warned.stderr.contains("Warning: quorum-guard/scale-below-quorum: "), "{}", warned.stderr);
    // In mode warn nothing is refused, also while nobody answers.
    quorate.stop();
    shrink().ok();
    plane.kubectl().line("delete validatingwebhookconfigurations,mutatingwebhookconfigurations quorate").ok();
    shrink().ok();
}

#[test]
fn a_missing_right_ends_the_start_and_names_the_rule() {
    let plane = ControlPlane::start("rights");
    let quorate = Quorate::installer(&plane).replicas(2).install();
    quorate.stop();
    plane
        .kubectl()
        .run(["patch", "clusterrole/quorate", "--type=json", "-p", r#"[{"op":"remove","path":"/rules/0"}]"#])
        .ok();
    let config = plane.folder().join("quorate.yaml");
    let kubeconfig = plane.service_account(SYSTEM, NAME);
    let start = || {
        let mut command = std::process::Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--config"]).arg(&config);
        let output = command.env("KUBECONFIG", &kubeconfig).env("POD_NAME", "quorate-x").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, error) = start();
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("statefulsets") && error.contains("watch"), "{error}");
}
