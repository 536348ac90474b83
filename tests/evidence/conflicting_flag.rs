//! `secret-mounts/conflicting-flag`: the annotation asks for these users, the launch gives others.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::manifests::with_argument;
use quorate_cluster_tests::{Rqliteds, between};

use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::users::{OTHERS, USERS, annotated, as_admin, mounted, secret};
use crate::with_rqlited;

#[test]
fn two_files_of_users() {
    with_rqlited("conflicting_flag::shown");
}

#[test]
#[ignore = "only in a network of its own, for two_files_of_users"]
fn shown() {
    let done =
        "a set of 3 is created with `quorate.dev/auth-secret: users`, and with `-auth=` the file of another Secret";
    Scenario::of("secret-mounts/conflicting-flag")
        .case(done, without, with)
        .show(&[Rqliteds::find().unwrap().newest()]);
}

fn manifest(test_bed: &TestBed<'_>) -> String {
    let set = with_argument(&with_argument(&test_bed.manifest(3), "-auth=/config/users.json"), "-join-as=node");
    let set = annotated(&set, "quorate.dev/auth-secret: users, quorate.dev/join-as: node");
    let set = mounted(&set, "secret: { secretName: others }", "/config");
    format!("{}{}{set}", secret("users", USERS), secret("others", OTHERS))
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(|client| client.as_user("intruder", "i"));
    test_bed.bring_up(&cluster, 3, &manifest(test_bed));
    let asked = as_admin(cluster.namespace.rqlite("rqlite-0")).execute("INSERT INTO kept VALUES (1000)").unwrap_err();
    assert!(asked.starts_with("401"), "{asked}");
    record.lost("the user of the Secret that is asked for is refused (401), one of the other file writes");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    let refusal = record.refused(&cluster.namespace.apply(&manifest(test_bed)).refused());
    let flag = between(&refusal, "; remove `", "` from the launch");
    test_bed.bring_up(&cluster, 3, &edited(&manifest(test_bed), &format!("        - {flag}=/config/users.json\n"), ""));
    record.step(format!("removed `{flag}` from the launch"));
    let other = cluster.namespace.rqlite("rqlite-0").as_user("intruder", "i");
    let other = other.execute("INSERT INTO kept VALUES (1000)").unwrap_err();
    assert!(other.starts_with("401"), "{other}");
    record.step("the user that is asked for writes, the one of the other file is refused (401)");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
