//! Somebody else writes our webhook configurations too, as platforms do: what is left alone, what is put right, and how often we write.

use std::thread;
use std::time::Duration;

use quorate_cluster_tests::second_writer::{CONFIGURATIONS, SecondWriter, await_added, entries, lacks};
use quorate_cluster_tests::{
    ControlPlane, NAME, Quorate, SYSTEM, await_nothing_left, chart, environment, eventually, manifests,
};
use serde_json::{Value, json};

/// The variable with the seconds for which a platform adds, and a few of them without it.
const SECONDS: &str = "QUORATE_SECOND_WRITER";
const FEW: u64 = 5;

/// The server writes it, and nobody renders it.
fn is_kept(entry: &Value) -> bool {
    entry["name"].as_str().unwrap_or_default().starts_with("known-")
}

fn written(quorate: &Quorate<'_>) -> f64 {
    let of = |kind: &str| format!("quorate_registration_writes_total{{configuration=\"{kind}\"}}");
    let kinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"].map(of);
    quorate.replicas().iter().flat_map(|replica| kinds.iter().filter_map(|line| replica.metric(line))).sum()
}

#[test]
fn what_a_platform_leaves_out_beside_us_is_left_alone() {
    let plane = ControlPlane::start("platform");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("platform");
    let platform = SecondWriter::default();
    platform.beside(&plane, || {
        await_added(&plane);
        let before = written(&quorate);
        // Our own entries are written for this set, and keep what was added.
        namespace.apply(&manifests::rqlite("store", 3)).ok();
        quorate.await_known(&namespace, "store");
        let seconds = environment(SECONDS).map_or(FEW, |seconds| seconds.parse().unwrap());
        thread::sleep(Duration::from_secs(seconds));
        await_added(&plane);
        let (ours, theirs) = (written(&quorate) - before, platform.writes());
        eprintln!("in {seconds} s: {ours} writes of ours, {theirs} of the platform's");
        assert!(ours <= 3.0, "{ours} writes for one new set");
        assert!(theirs <= 5, "{theirs} writes of the platform");
    });
    namespace.await_guarded("store");
    // Helm 4 applies on the server: the selectors of the rendered entries are the platform's now, as a whole.
    let helm = plane.helm().in_namespace(SYSTEM);
    let upgrade = format!("upgrade {NAME} {} --reuse-values", chart());
    let refusal = helm.line(&upgrade).refused();
    assert!(refusal.contains("conflict") && refusal.contains("namespaceSelector"), "{refusal}");
    helm.line(&format!("{upgrade} --force-conflicts")).ok();
    assert!(
        entries(&plane, CONFIGURATIONS[0]).iter().filter(|entry| is_kept(entry)).all(|entry| lacks(entry).is_empty())
    );
    namespace.await_guarded("store");
}

/// Its merge of three states knows no owner: it takes out what the platform added, which adds it again, once.
#[test]
fn helm_3_upgrades_over_a_platform() {
    let plane = ControlPlane::start("platform-helm-3");
    let installer = Quorate::installer(&plane).by_helm_3();
    let quorate = installer.clone().install();
    let namespace = quorate.voters("platform_helm_3");
    let platform = SecondWriter::default();
    platform.beside(&plane, || {
        await_added(&plane);
        let before = (platform.writes(), written(&quorate));
        installer.clone().set("webhooks.timeoutSeconds.validate=4").helm("upgrade").ok();
        await_added(&plane);
        thread::sleep(Duration::from_secs(FEW));
        await_added(&plane);
        let (theirs, ours) = (platform.writes() - before.0, written(&quorate) - before.1);
        eprintln!("over an upgrade by Helm 3: {ours} writes of ours, {theirs} of the platform's");
        assert!(ours <= 2.0 && theirs <= 4, "{ours} writes of ours, {theirs} of the platform's");
    });
    assert!(entries(&plane, CONFIGURATIONS[0]).iter().any(is_kept));
    namespace.await_guarded("rqlite");
    installer.uninstall().ok();
    quorate.stop();
    await_nothing_left(&plane);
}

#[test]
fn what_weakens_the_guard_is_undone_and_said_once() {
    let plane = ControlPlane::start("weakened");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.voters("weakened");
    let is_kept_entry = |entry: &Value| entry["name"] == "known-scale.quorate.dev";
    let weakened = |entry: &Value| {
        entry["failurePolicy"] == "Ignore" || entry["namespaceSelector"].to_string().contains("trusted")
    };
    let index = || {
        let all = entries(&plane, CONFIGURATIONS[0]);
        all.iter().position(is_kept_entry).expect("the entry of known sets")
    };
    let weaken = |operation: Value| {
        let patch = json!([operation]).to_string();
        plane.kubectl().run(["patch", &format!("{}/{NAME}", CONFIGURATIONS[0]), "--type=json", "-p", &patch]).ok();
        eventually("the entry to be put right", || {
            match entries(&plane, CONFIGURATIONS[0]).into_iter().find(is_kept_entry) {
                Some(entry) if !weakened(&entry) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    };
    let at = |field: &str| format!("/webhooks/{}/{field}", index());
    let trusted = json!({ "key": "trusted", "operator": "Exists" });
    let of_ours =
        json!({ "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["trusted", namespace.name()] });
    weaken(json!({ "op": "replace", "path": at("failurePolicy"), "value": "Ignore" }));
    for expression in [trusted, of_ours] {
        weaken(json!({ "op": "add", "path": at("namespaceSelector/matchExpressions/-"), "value": expression }));
    }
    let said = |log: &String| log.matches("somebody had changed the entries").count();
    let times: usize = quorate.replicas().iter().map(|replica| said(&replica.process().log())).sum();
    assert_eq!(times, 1);
    namespace.await_guarded("rqlite");
}

#[test]
fn what_the_installation_leaves_alone_is_left_alone_by_the_kept_entries_too() {
    let plane = ControlPlane::start("excluded");
    let quorate = Quorate::installer(&plane)
        .set("webhooks.excludedNamespaces={backup}")
        .set("webhooks.timeoutSeconds.validate=7")
        .install();
    let _guarded = quorate.voters("excluded");
    let entries = entries(&plane, CONFIGURATIONS[0]);
    let kept: Vec<&Value> = entries.iter().filter(|entry| is_kept(entry)).collect();
    assert!(!kept.is_empty(), "{entries:?}");
    for entry in kept {
        assert!(entry["namespaceSelector"].to_string().contains("backup") && entry["timeoutSeconds"] == 7, "{entry}");
    }
}
