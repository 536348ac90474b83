//! The remedy of every `not-injected` carried out: the same reason is not given again, and rqlited does not refuse what comes out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what is not there fails it")]

use std::path::Path;

use kubernetes::manifest::StatefulSet;
use quorate_cases::edit::{DISCOVERY, Step, by_dns, container, launch, without_args};
use quorate_cases::{Case, load};
use remove_on_shutdown::RemoveOnShutdown;
use rqlite::cluster::RqliteSet;
use serde_json::{Value, json};

const MEMBERS: &str = "-join=rqlite-0.rqlite-headless:4002,rqlite-1.rqlite-headless:4002,rqlite-2.rqlite-headless:4002";

const OTHERS: &str = "-join=rqlite-0.rqlite-headless:4002,rqlite-1.rqlite-headless:4002";

fn by_command(object: &mut Value) {
    let own = ["-node-id=$(POD)", "-http-addr=0.0.0.0:4001", "-http-adv-addr=$(POD).rqlite-headless:4001"];
    let raft = ["-raft-addr=0.0.0.0:4002", "-raft-adv-addr=$(POD).rqlite-headless:4002"];
    let cluster = [DISCOVERY[0], DISCOVERY[1], "-bootstrap-expect=3", "/rqlite/file/data"];
    launch(object, &["rqlited"], &[own.as_slice(), &raft, &cluster].concat());
    let pod = json!({ "name": "POD", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } });
    container(object)["env"] = json!([pod]);
}

fn by_entrypoint(object: &mut Value) {
    launch(object, &["docker-entrypoint.sh"], &[DISCOVERY[0], DISCOVERY[1], "-bootstrap-expect=3"]);
    container(object)["env"] = json!([{ "name": "DATA_DIR", "value": "/rqlite/file/own" }]);
}

fn by_script(object: &mut Value) {
    let script = "exec docker-entrypoint.sh \"$0\" \"$@\"";
    launch(object, &["sh", "-c", script], &[DISCOVERY[0], DISCOVERY[1], "-bootstrap-expect=3"]);
}

fn by_members(object: &mut Value) {
    launch(object, &[], &[MEMBERS, "-bootstrap-expect=3"]);
}

fn with_arg(object: &mut Value, arg: &str) {
    container(object)["args"].as_array_mut().unwrap().insert(0, json!(arg));
}

fn image(object: &mut Value, image: &str) {
    container(object)["image"] = json!(image);
}

/// What the node is called, where it listens, and where its data lies.
fn identity(object: &Value) -> Vec<String> {
    let set = RqliteSet::detect(&serde_json::from_value(object.clone()).unwrap()).unwrap();
    let node = &set.nodes[0];
    let line = node.launch.line.as_ref().unwrap();
    let flags = ["http-addr", "http-adv-addr", "raft-addr", "raft-adv-addr"].map(|flag| line.effective(flag).is_some());
    let id = set.node_id("rqlite-0");
    vec![
        format!("{id:?}"),
        format!("{flags:?}"),
        format!("{:?}", node.launch.data_dir()),
        format!("{:?}", node.storage),
    ]
}

#[test]
fn behind_the_entrypoint_a_node_stays_who_it_is() {
    let cases = load(Path::new(env!("CARGO_MANIFEST_DIR")));
    let object = |name: &str| cases.iter().find(|case| case.name == name).unwrap().review["request"]["object"].clone();
    let mut hidden = object("warns-start-script-of-the-official-image");
    let mut plain = hidden.clone();
    by_entrypoint(&mut hidden);
    launch(&mut plain, &[], &[DISCOVERY[0], DISCOVERY[1], "-bootstrap-expect=3"]);
    container(&mut plain)["env"] = json!([{ "name": "DATA_DIR", "value": "/rqlite/file/own" }]);
    assert_eq!(identity(&hidden), identity(&plain));
    let mut own = object("warns-own-image-with-a-keyword");
    let keyword = identity(&own);
    by_command(&mut own);
    assert_eq!(identity(&own), keyword);
}

const STEPS: &[(&str, Step)] = &[
    ("warns-own-image-without-arguments", by_dns),
    ("warns-own-image-with-a-keyword", by_command),
    ("warns-own-entrypoint-with-a-data-directory", by_command),
    ("warns-dns-without-expect", |object| with_arg(object, "-bootstrap-expect=3")),
    ("warns-dns-beside-a-join-list", |object| without_args(object, |arg| arg.starts_with("-join"))),
    ("warns-flag-that-rqlited-does-not-have", by_dns),
    ("warns-flag-that-was-removed", |object| without_args(object, |arg| arg.starts_with("-on-disk"))),
    ("warns-boolean-with-a-word-behind-it", |object| without_args(object, |arg| arg == "true")),
    ("warns-quotes-that-no-shell-takes-away", by_dns),
    ("warns-value-that-is-no-boolean", |object| without_args(object, |arg| arg.contains("maybe"))),
    ("warns-date-as-tag", |object| image(object, "corp/rqlite:10.2.7")),
    ("warns-digest-alone", |object| image(object, "rqlite/rqlite:10.2.7@sha256:5f")),
    ("warns-partial-tag", |object| image(object, "rqlite/rqlite:10.2.7")),
    ("warns-users-where-everybody-may-join", |object| with_arg(object, "-join-as=node")),
    ("warns-users-with-everybody-as-user", |object| {
        without_args(object, |arg| arg.starts_with("-join-as"));
        with_arg(object, "-join-as=node");
    }),
    ("warns-users-without-join-as", |object| with_arg(object, "-join-as=node")),
    ("warns-read-only-pool-by-dns-before-8.14.0", |object| launch(object, &[], &["-raft-non-voter=true", OTHERS])),
    ("warns-read-only-pool-by-dns-before-8.14.0", |object| image(object, "rqlite/rqlite:8.14.0")),
    ("warns-release-before-dns-without-discovery", |object| image(object, "rqlite/rqlite:7.18.2")),
    ("warns-release-before-dns-with-a-discovery-id", |object| {
        image(object, "rqlite/rqlite:7.18.2");
        without_args(object, |arg| arg.starts_with("-disco-id"));
    }),
    ("warns-release-before-dns-with-one-join-target", |object| image(object, "rqlite/rqlite:7.20.1")),
    ("warns-release-before-dns-with-consul", |object| image(object, "rqlite/rqlite:7.18.2")),
    ("warns-release-whose-join-addresses-are-refused-later", |object| {
        image(object, "rqlite/rqlite:8.0.0");
        without_args(object, |arg| arg.starts_with("-join="));
        with_arg(object, MEMBERS);
    }),
    ("warns-given-flag-in-a-launch-with-a-word-too-many", |object| without_args(object, |arg| arg == "false")),
    ("warns-given-flag-beside-one-that-rqlited-does-not-have", |object| without_args(object, |arg| arg == "-frob")),
    ("warns-declined-flag-beside-one-that-rqlited-does-not-have", |object| without_args(object, |arg| arg == "-frob")),
    ("warns-read-only-pool-with-one-target", |object| launch(object, &[], &["-raft-non-voter=true", MEMBERS])),
    ("warns-keyword-with-arguments-behind-it", |object| without_args(object, |arg| arg == "run")),
    ("warns-keyword-with-arguments-behind-it", |object| without_args(object, |arg| arg != "run")),
    ("warns-script-without-exec", by_script),
    ("warns-one-string-shell", by_script),
    ("warns-two-rqlite-containers", |object| {
        object["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().truncate(1);
    }),
    ("warns-two-voters", |object| object["spec"]["replicas"] = json!(3)),
    ("warns-one-node-manifest", |object| object["spec"]["replicas"] = json!(3)),
    ("warns-no-discovery", by_dns),
    ("warns-consul", by_dns),
    ("warns-start-script-of-the-official-image", by_entrypoint),
    ("warns-program-in-the-args-of-the-official-image", by_entrypoint),
    ("warns-argument-that-may-hold-any-flag", |object| without_args(object, |arg| arg == "$(EXTRA)")),
    ("warns-etcd", by_dns),
    ("warns-single-join-target", by_members),
    ("warns-join-list-without-expect", |object| with_arg(object, "-bootstrap-expect=3")),
    ("warns-join-list-with-expect-of-a-configmap", by_members),
    ("warns-join-list-without-expect-of-a-running-set", |object| {
        with_arg(object, "-raft-cluster-remove-shutdown=false");
    }),
    ("warns-release-before-rejoining-by-dns", |object| image(object, "rqlite/rqlite:7.18.2")),
    ("warns-release-before-rejoining-by-join", |object| image(object, "rqlite/rqlite:7.20.1")),
    ("warns-release-before-removing-with-credentials", |object| image(object, "rqlite/rqlite:8.0.0")),
    ("warns-creation-that-never-forms", |object| object["spec"]["podManagementPolicy"] = json!("Parallel")),
    ("warns-release-without-the-flag", |object| image(object, "rqlite/rqlite:7.18.2")),
    ("warns-value-of-a-configmap", |object| {
        without_args(object, |arg| arg.starts_with("-raft-cluster-remove-shutdown"));
        with_arg(object, "-raft-cluster-remove-shutdown=true");
    }),
    ("warns-advised", |object| with_arg(object, "-raft-cluster-remove-shutdown=true")),
    ("warns-advised", |object| with_arg(object, "-raft-cluster-remove-shutdown=false")),
    ("warns-update-that-changes-the-node-id", by_dns),
    ("warns-update-to-an-older-major", |object| image(object, "rqlite/rqlite:10.2.6")),
    ("warns-data-beside-the-claims", |object| {
        container(object)["volumeMounts"] = json!([{ "name": "file", "mountPath": "/rqlite/file" }]);
    }),
    ("warns-update-that-takes-the-data-off-its-claim", |object| {
        container(object)["volumeMounts"] = json!([{ "name": "file", "mountPath": "/rqlite/file" }]);
        with_arg(object, "-fk=true");
    }),
];

/// Why the flag is not injected; None where it is, or is given.
fn reason(case: &Case) -> Option<String> {
    let ran = case.run_native::<RemoveOnShutdown>();
    let validated = ran.validated.unwrap();
    assert_eq!(validated.findings, [], "{}", case.name);
    let mutated = ran.mutated.unwrap();
    let found = mutated.findings.iter().find(|finding| finding.rule == "not-injected")?;
    found.message.split("; `-raft-cluster").next().map(str::to_owned)
}

#[test]
fn a_remedy_that_was_carried_out_ends_its_reason() {
    let cases = load(Path::new(env!("CARGO_MANIFEST_DIR")));
    for (name, step) in STEPS {
        let mut case = cases.iter().find(|case| case.name == *name).unwrap().clone();
        let before = reason(&case);
        assert!(before.is_some(), "{name}");
        step(&mut case.review["request"]["object"]);
        let after = reason(&case);
        assert_ne!(after, before, "{name}");
        let set: StatefulSet = serde_json::from_value(case.review["request"]["object"].clone()).unwrap();
        let set = RqliteSet::detect(&set).unwrap();
        let line = set.nodes[0].launch.line.as_ref().unwrap();
        assert_eq!(line.error, None, "{name}: {after:?}");
    }
}

#[test]
fn every_case_that_is_not_injected_is_carried_out() {
    let quiet = ["warns-explicit-false", "warns-unreadable-discovery", "warns-advised-in-this-namespace"];
    let cases = load(Path::new(env!("CARGO_MANIFEST_DIR")));
    let creations =
        cases.iter().filter(|case| case.rule == "not-injected" && case.review["request"]["oldObject"].is_null());
    for case in creations.filter(|case| reason(case).is_some() && !quiet.contains(&case.name.as_str())) {
        assert!(STEPS.iter().any(|(name, _)| *name == case.name), "{} has no step", case.name);
    }
}
