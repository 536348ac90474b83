//! The remedy of every denial carried out: the same rule does not deny again, and rqlited does not refuse what comes out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what is not there fails it")]

use std::path::Path;

use kubernetes::manifest::StatefulSet;
use quorate_cases::edit::{DISCOVERY, Step, by_dns, container, launch, without_args};
use quorate_cases::{Case, load};
use rqlite::cluster::RqliteSet;
use secret_mounts::SecretMounts;
use serde_json::{Value, json};

const USERS: &str = "-auth=/auth/users.json";

fn pod(object: &mut Value) -> &mut Value {
    &mut object["spec"]["template"]["spec"]
}

fn by_command(object: &mut Value) {
    launch(object, &["rqlited"], &[DISCOVERY[0], DISCOVERY[1], "-bootstrap-expect=3", "/rqlite/file/data"]);
}

/// Mounts the Secret's key in every container.
fn mount_users(object: &mut Value) {
    let pod = pod(object);
    pod["volumes"] = json!([{ "name": "users", "secret": { "secretName": "rqlite-users" } }]);
    for container in pod["containers"].as_array_mut().unwrap() {
        let mut mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
        mounts.push(json!({ "name": "users", "mountPath": "/auth" }));
        container["volumeMounts"] = json!(mounts);
    }
}

fn with_arg(object: &mut Value, arg: &str) {
    for container in pod(object)["containers"].as_array_mut().unwrap() {
        container["args"].as_array_mut().unwrap().insert(0, json!(arg));
    }
}

fn annotate(object: &mut Value, key: &str, value: &str) {
    object["metadata"]["annotations"][format!("quorate.dev/{key}")] = json!(value);
}

fn ask_no_more(object: &mut Value) {
    object["metadata"].as_object_mut().unwrap().remove("annotations");
}

fn yourself(object: &mut Value) {
    mount_users(object);
    with_arg(object, "-join-as=node");
    with_arg(object, USERS);
}

/// By the case's name, behind its rule's where two cases have one name.
const STEPS: &[(&str, Step)] = &[
    ("denies-an-image-of-ones-own-without-arguments", by_dns),
    ("denies-an-image-of-ones-own-without-arguments", ask_no_more),
    ("denies-an-entrypoint-of-ones-own-with-a-data-directory", yourself),
    ("denies-a-flag-that-rqlited-does-not-have", by_dns),
    ("denies-flags-that-rqlited-refuses-together", |object| with_arg(object, "-bootstrap-expect=3")),
    ("denies-an-unreadable-launch", by_command),
    ("denies-an-unreadable-launch", ask_no_more),
    ("denies-users-beside-half-a-certificate-alone", by_dns),
    ("denies-users-without-one-to-join-as", |object| annotate(object, "join-as", "node")),
    ("denies-users-without-one-to-join-as", |object| annotate(object, "join-as", "*")),
    ("denies-users-without-one-to-join-as", ask_no_more),
    ("denies-a-user-with-a-blank", |object| annotate(object, "join-as", "node")),
    ("denies-a-user-with-a-blank", |object| annotate(object, "join-as", "*")),
    ("denies-an-empty-name", |object| {
        annotate(object, "auth-secret", "rqlite-users");
        annotate(object, "join-as", "node");
        annotate(object, "auto-backup-secret", "rqlite-backup");
    }),
    ("denies-a-name-that-no-secret-has", |object| {
        annotate(object, "auth-secret", "rqlite-users");
        annotate(object, "join-as", "node");
    }),
    ("denies-arguments-behind-the-keyword", |object| without_args(object, |arg| arg == "run")),
    ("denies-arguments-behind-the-keyword", |object| without_args(object, |arg| arg != "run")),
    ("denies-two-rqlite-containers", yourself),
    ("denies-a-script-that-names-its-arguments", |object| {
        mount_users(object);
        let script =
            "exec rqlited -auth=/auth/users.json -join-as=node -disco-mode=dns -bootstrap-expect=3 /rqlite/file/data";
        launch(object, &["sh", "-c", script], &[]);
    }),
    ("denies-a-release-without-the-flag", |object| container(object)["image"] = json!("rqlite/rqlite:10.2.7")),
    ("denies-users-without-a-user-to-join-as", |object| with_arg(object, "-join-as=node")),
    ("denies-users-without-a-user-to-join-as", |object| annotate(object, "join-as", "node")),
    ("denies-users-without-a-user-to-join-as", |object| annotate(object, "join-as", "*")),
    ("denies-users-of-another-secret", |object| {
        without_args(object, |arg| arg.starts_with("-auth"));
        annotate(object, "join-as", "node");
    }),
    ("secret-file-not-mounted/denies-users-under-no-mount", mount_users),
    ("denies-a-file-where-vault-is-switched-off", |object| {
        mount_users(object);
        without_args(object, |arg| arg.starts_with("-auth"));
        with_arg(object, USERS);
    }),
    ("denies-users-from-a-configmap", |object| {
        let volumes = pod(object)["volumes"].as_array_mut().unwrap();
        for volume in volumes.iter_mut().filter(|volume| !volume["configMap"].is_null()) {
            *volume = json!({ "name": volume["name"], "secret": { "secretName": "rqlite-users" } });
        }
    }),
];

/// The rules that deny, with what they say.
fn denials(case: &Case) -> Vec<(String, String)> {
    let ran = case.run_native::<SecretMounts>();
    ran.denials().map(|finding| (finding.rule.clone(), format!("{}: {}", case.name, finding.message))).collect()
}

#[test]
fn a_remedy_that_was_carried_out_ends_the_denial() {
    let cases = load(Path::new(env!("CARGO_MANIFEST_DIR")));
    for (name, step) in STEPS {
        let is_named = |case: &&Case| format!("{}/{}", case.rule, case.name).ends_with(name);
        for mut case in cases.iter().filter(is_named).cloned() {
            let before = denials(&case);
            assert!(!before.is_empty(), "{name}");
            step(&mut case.review["request"]["object"]);
            let after = denials(&case);
            let again = after.iter().filter(|(rule, _)| before.iter().any(|(denied, _)| denied == rule));
            assert_eq!(again.collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "{name}");
            let set: StatefulSet = serde_json::from_value(case.review["request"]["object"].clone()).unwrap();
            let set = RqliteSet::detect(&set).unwrap();
            let refused = set.nodes[0].launch.refusal();
            assert!(refused.is_none() || !set.nodes[0].official_image(), "{name}: {refused:?}");
        }
        assert!(cases.iter().any(|case| is_named(&case)), "{name}");
    }
}
