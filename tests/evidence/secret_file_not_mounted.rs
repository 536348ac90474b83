//! `secret-mounts/secret-file-not-mounted`: `-auth` looks for its file where nothing is mounted.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::manifests::with_argument;
use quorate_cluster_tests::{eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::users::{USERS, as_admin, mounted, secret};
use crate::with_rqlited;

#[test]
fn a_file_that_nothing_mounts() {
    with_rqlited("secret_file_not_mounted::shown");
}

#[test]
#[ignore = "only in a network of its own, for a_file_that_nothing_mounts"]
fn shown() {
    Scenario::of("secret-mounts/secret-file-not-mounted")
        .case(
            "a set of 3 is created with `-auth=/auth/users.json`, and the Secret is mounted at `/etc/auth`",
            without,
            with,
        )
        .show(&majors());
}

fn manifest(test_bed: &TestBed<'_>, at: &str) -> String {
    let set = with_argument(&with_argument(&test_bed.manifest(3), "-auth=/auth/users.json"), "-join-as=node");
    format!("{}{}", secret("users", USERS), mounted(&set, "secret: { secretName: users }", at))
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    cluster.namespace.apply(&manifest(test_bed, "/etc/auth")).ok();
    cluster.await_pods(3);
    for pod in ["rqlite-0", "rqlite-1", "rqlite-2"] {
        let node = cluster.namespace.rqlite_node(pod);
        eventually(&format!("{pod} to exit twice"), || match node.exits() {
            exits if exits.iter().filter(|exit| exit.code == Some(1)).count() >= 2 => Ok(()),
            exits => Err(format!("{exits:?}")),
        });
        assert!(cluster.node(0).ready().is_err());
    }
    record.lost("every node exits with code 1 at each start");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    let wrong = manifest(test_bed, "/etc/auth");
    let refusal = record.refused(&cluster.namespace.apply(&wrong).refused());
    assert!(refusal.contains("`-auth=/auth/users.json` "), "{refusal}");
    let remedy = "mount the Secret that has the file at that path, or correct the path";
    assert!(refusal.ends_with(remedy), "{refusal}");
    test_bed.bring_up(&cluster, 3, &manifest(test_bed, "/auth"));
    record.step(format!("mounted the Secret at that path: {}", all_rows(&cluster, 0..3)));
    test_bed.end(&cluster);
    let cluster = test_bed.place(as_admin);
    test_bed.bring_up(&cluster, 3, &edited(&wrong, "-auth=/auth/users.json", "-auth=/etc/auth/users.json"));
    record.step("elsewhere, corrected the path");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
