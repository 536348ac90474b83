//! `secret-mounts/credentials-in-configmap`: who may read ConfigMaps logs in.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::manifests::with_argument;
use quorate_cluster_tests::{Cluster, Kubectl, Rqliteds};
use serde_json::Value;

use crate::scenario::{Scenario, TestBed, all_rows, edited};
use crate::users::{USERS, as_admin, config_map, mounted, secret};
use crate::with_rqlited;

#[test]
fn passwords_that_every_viewer_reads() {
    with_rqlited("credentials_in_configmap::shown");
}

#[test]
#[ignore = "only in a network of its own, for passwords_that_every_viewer_reads"]
fn shown() {
    Scenario::of("secret-mounts/credentials-in-configmap")
        .case("a set of 3 is created whose `-auth` file is mounted from a ConfigMap", without, with)
        .show(&[Rqliteds::find().unwrap().newest()]);
}

const SOURCE: &str = "configMap: { name: users }";

fn manifest(test_bed: &TestBed<'_>) -> String {
    let set = with_argument(&with_argument(&test_bed.manifest(3), "-auth=/auth/users.json"), "-join-as=node");
    format!("{}{}", config_map("users", USERS), mounted(&set, SOURCE, "/auth"))
}

/// kubectl of a ServiceAccount that has the role `view`, and no other.
fn viewer(cluster: &Cluster<'_>) -> Kubectl {
    let namespace = &cluster.namespace;
    let kubectl = namespace.kubectl();
    kubectl.line("create serviceaccount viewer").ok();
    let binding = format!("create rolebinding viewer --clusterrole=view --serviceaccount={}:viewer", namespace.name());
    kubectl.line(&binding).ok();
    let plane = namespace.plane();
    plane.kubectl_with(&plane.service_account(namespace.name(), "viewer")).in_namespace(namespace.name())
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    test_bed.bring_up(&cluster, 3, &manifest(test_bed));
    let file = viewer(&cluster).get("configmap/users");
    let users: Vec<Value> = serde_json::from_str(file.pointer("/data/users.json").unwrap().as_str().unwrap()).unwrap();
    let all = users.iter().find(|user| user["perms"] == serde_json::json!(["all"])).unwrap();
    let (name, password) = (all["username"].as_str().unwrap(), all["password"].as_str().unwrap());
    let client = cluster.namespace.rqlite("rqlite-0").as_user(name, password);
    client.execute("DROP TABLE kept").unwrap();
    record.lost("a ServiceAccount with the role `view` reads the password, logs in with it and drops the table");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.place(as_admin);
    let refusal = record.refused(&cluster.namespace.apply(&manifest(test_bed)).refused());
    assert!(refusal.contains("and its content is confidential"), "{refusal}");
    assert!(refusal.ends_with("put the file into a Secret and mount that in the ConfigMap's place"), "{refusal}");
    cluster.namespace.kubectl().line("delete configmap/users").ok();
    let set = edited(&manifest(test_bed), SOURCE, "secret: { secretName: users }");
    test_bed.bring_up(&cluster, 3, &set.replace(&config_map("users", USERS), &secret("users", USERS)));
    record.step("put the file into a Secret and mounted that in the ConfigMap's place");
    let read = viewer(&cluster).run(["get", "secret", "users"]).refused();
    assert!(read.contains("Forbidden"), "{read}");
    record.step("the same ServiceAccount may not read it (Forbidden)");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
