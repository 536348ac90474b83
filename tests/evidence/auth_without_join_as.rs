//! `secret-mounts/auth-without-join-as`: a new cluster that asks for users and whose nodes join as none.

use std::thread;
use std::time::Duration;

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::manifests::with_argument;
use quorate_cluster_tests::{eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows};
use crate::users::{USERS, annotated, as_admin, mounted, secret};
use crate::with_rqlited;

/// Three nodes that may join form a cluster within a few seconds.
const LONG: Duration = Duration::from_secs(15);

#[test]
fn users_without_one_to_join_as() {
    with_rqlited("auth_without_join_as::shown");
}

#[test]
#[ignore = "only in a network of its own, for users_without_one_to_join_as"]
fn shown() {
    Scenario::of("secret-mounts/auth-without-join-as")
        .case("a set of 3 is created with `-auth` and without `-join-as`", without, with)
        .show(&majors());
}

fn manifest(test_bed: &TestBed<'_>) -> String {
    let set = with_argument(&test_bed.manifest(3), "-auth=/auth/users.json");
    format!("{}{}", secret("users", USERS), mounted(&set, "secret: { secretName: users }", "/auth"))
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    cluster.namespace.apply(&manifest(test_bed)).ok();
    cluster.await_pods(3);
    for pod in ["rqlite-0", "rqlite-1", "rqlite-2"] {
        let node = cluster.namespace.rqlite_node(pod);
        eventually("a refused join", || match node.log() {
            log if log.to_lowercase().contains("unauthorized") => Ok(()),
            log => Err(log),
        });
    }
    thread::sleep(LONG);
    for ordinal in 0..3 {
        let words = cluster.node(ordinal).ready().unwrap_err();
        assert!(words.contains("leader not found"), "{words}");
    }
    cluster.node(0).execute("CREATE TABLE kept (id INTEGER)").unwrap_err();
    record.lost(&format!(
        "the nodes refuse each other (`unauthorized`), there is no leader after {} s, and every write fails",
        LONG.as_secs()
    ));
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    let refusal = record.refused(&cluster.namespace.apply(&manifest(test_bed)).refused());
    let remedy = "name a user with permission `join` in `-join-as` or annotation `quorate.dev/join-as`, \
                  or `*` in the annotation where everybody has it";
    assert!(refusal.ends_with(remedy), "{refusal}");
    test_bed.bring_up(&cluster, 3, &annotated(&manifest(test_bed), "quorate.dev/join-as: node"));
    record.step("set annotation `quorate.dev/join-as` to such a user");
    record.step(format!("the cluster forms: {}", all_rows(&cluster, 0..3)));
    test_bed.end(&cluster);
    let cluster = test_bed.place(as_admin);
    test_bed.bring_up(&cluster, 3, &with_argument(&manifest(test_bed), "-join-as=node"));
    record.step("elsewhere, set `-join-as` to that user");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
