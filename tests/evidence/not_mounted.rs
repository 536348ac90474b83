//! `secret-mounts/not-mounted`: an annotation asks for users, and the launch takes no flag.

use quorate_cluster_tests::Rqliteds;
use quorate_cluster_tests::evidence::Record;

use crate::scenario::{Scenario, TestBed, all_rows};
use crate::users::{USERS, annotated, as_admin, mounted, secret};
use crate::with_rqlited;

#[test]
fn users_that_do_not_come() {
    with_rqlited("not_mounted::shown");
}

#[test]
#[ignore = "only in a network of its own, for users_that_do_not_come"]
fn shown() {
    let done =
        "a set of 3 is created with `quorate.dev/auth-secret: users`, and a start script that passes no arguments on";
    Scenario::of("secret-mounts/not-mounted").case(done, without, with).show(&[Rqliteds::find().unwrap().newest()]);
}

/// The official shape with a script in the place of its arguments.
fn scripted(test_bed: &TestBed<'_>, more: &str) -> String {
    let official = test_bed.plain(3);
    let (head, rest) = official.split_once("        args:\n").unwrap();
    let (_, tail) = rest.split_once("        readinessProbe:\n").unwrap();
    let script = format!(
        r#"        command: [/bin/sh, -ec]
        args:
        - |
          exec rqlited -node-id="$(hostname)" -http-addr=0.0.0.0:4001 -raft-addr="$(hostname -i):4002" -disco-mode=dns '-disco-config={{"name":"rqlite-internal"}}' -bootstrap-expect=3 -raft-cluster-remove-shutdown=false {more} /rqlite/file/data
"#
    );
    format!("{head}{script}        readinessProbe:\n{tail}")
}

fn asking(manifest: &str) -> String {
    let annotations = "quorate.dev/auth-secret: users, quorate.dev/join-as: node";
    format!("{}{}", secret("users", USERS), annotated(manifest, annotations))
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &asking(&scripted(test_bed, "")));
    cluster.node(1).execute("INSERT INTO kept VALUES (1000)").unwrap();
    record.lost("it runs without users, although asked for: anybody writes without a password");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    let refusal = record.refused(&cluster.namespace.apply(&asking(&scripted(test_bed, ""))).refused());
    assert!(refusal.contains("`-auth` does not give "), "{refusal}");
    let remedy = "mount the Secret and pass its flags in the launch yourself, or remove the ";
    assert!(refusal.contains(remedy), "{refusal}");
    let set = scripted(test_bed, "-auth=/users/users.json -join-as=node");
    test_bed.bring_up(&cluster, 3, &asking(&mounted(&set, "secret: { secretName: users }", "/users")));
    let nobody = cluster.namespace.rqlite("rqlite-1").execute("INSERT INTO kept VALUES (1000)").unwrap_err();
    assert!(nobody.starts_with("401"), "{nobody}");
    record.step("mounted the Secret and passed its flags in the script");
    record.step("a write without a password is refused (401)");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
