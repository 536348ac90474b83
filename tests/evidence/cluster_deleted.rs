//! `quorum-guard/cluster-deleted`: the StatefulSet is deleted; with its claims; by the garbage collector; or what it needs is.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, Level, Output, between, eventually, majors};

use crate::scenario::{Scenario, TestBed, all_rows, edited, has_lost_its_rows};
use crate::with_rqlited;

#[test]
fn a_deleted_cluster() {
    with_rqlited("cluster_deleted::shown");
}

#[test]
#[ignore = "only in a network of its own, for a_deleted_cluster"]
fn shown() {
    Scenario::of("quorum-guard/cluster-deleted")
        .case("3 voters, `kubectl delete statefulset rqlite`", without, with)
        .case("3 voters, `whenDeleted: Delete`, the same, and the set created again", without_claims, with_claims)
        .case("3 voters, an ownerReference to a ConfigMap that is not there", without_owner, with_owner)
        .case("3 voters, `kubectl delete namespace`, and all of it created again", without_namespace, with_namespace)
        .case("3 voters, the claims of two deleted, and all pods restarted", without_two_claims, with_two_claims)
        .case("3 voters, `kubectl delete service rqlite-internal`", without_service, with_service)
        .show(&majors());
}

const DELETE: &str = "delete statefulset/rqlite --timeout=60s";

fn await_silence(cluster: &Cluster<'_>) {
    cluster.await_pods(0);
    for ordinal in 0..3 {
        cluster.node(ordinal).query("SELECT count(*) FROM kept", Level::None).unwrap_err();
    }
}

/// As the message says it.
fn delete_on_purpose(cluster: &Cluster<'_>, record: &mut Record, refusal: &str) {
    let remedy = r#"to delete it on purpose annotate it `quorate.dev/allow-deletion: "true"`; "#;
    assert!(refusal.contains(remedy), "{refusal}");
    let kubectl = cluster.namespace.kubectl();
    kubectl.line("annotate statefulset/rqlite quorate.dev/allow-deletion=true").ok();
    kubectl.line(DELETE).ok();
    cluster.await_pods(0);
    record.step("annotated it `quorate.dev/allow-deletion: \"true\"` and deleted it, which passed");
}

fn without(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    cluster.namespace.kubectl().line(DELETE).ok();
    await_silence(&cluster);
    record.lost("no node answers any more; the claims stay");
    test_bed.end(&cluster);
}

fn with(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let refusal = record.refused(&cluster.namespace.kubectl().line(DELETE).refused());
    assert!(refusal.contains("deletes a running cluster of 3 voters"), "{refusal}");
    cluster.holds_all_rows(0..3);
    record.step("the refused cluster goes on");
    delete_on_purpose(&cluster, record, &refusal);
    test_bed.bring_up(&cluster, 3, &test_bed.manifest(3));
    record.step("applied the manifest again, over the claims");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}

fn forgetting(test_bed: &TestBed<'_>) -> String {
    let policy = "  podManagementPolicy: Parallel\n";
    let retention = "  persistentVolumeClaimRetentionPolicy:\n    whenDeleted: Delete\n";
    edited(&test_bed.manifest(3), policy, &format!("{policy}{retention}"))
}

fn await_no_claims(cluster: &Cluster<'_>) {
    eventually("the claims to go", || match cluster.namespace.names("persistentvolumeclaims") {
        claims if claims.is_empty() => Ok(()),
        claims => Err(format!("{claims:?}")),
    });
}

fn without_claims(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &forgetting(test_bed));
    cluster.namespace.kubectl().line(DELETE).ok();
    await_silence(&cluster);
    await_no_claims(&cluster);
    cluster.namespace.apply(&forgetting(test_bed)).ok();
    test_bed.await_up(&cluster, 3);
    has_lost_its_rows(&cluster, 0);
    record.lost("the claims are deleted with the set; created again it is Ready, and the table is gone");
    test_bed.end(&cluster);
}

fn with_claims(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &forgetting(test_bed));
    let refusal = record.refused(&cluster.namespace.kubectl().line(DELETE).refused());
    assert!(refusal.contains("and its data: whenDeleted is `Delete`"), "{refusal}");
    let kept = all_rows(&cluster, 0..3);
    record.step(format!("the refused cluster goes on: {kept}"));
    let backup = cluster.node(0).backup().unwrap();
    record.step("took a backup");
    delete_on_purpose(&cluster, record, &refusal);
    await_no_claims(&cluster);
    cluster.namespace.apply(&forgetting(test_bed)).ok();
    test_bed.await_up(&cluster, 3);
    eventually("the backup to be loaded", || cluster.node(0).load(&backup));
    record.step("created it again and loaded the backup");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}

/// Makes the garbage collector look for this owner.
fn owned_by(cluster: &Cluster<'_>, uid: &str) -> Output {
    let patch = format!(
        r#"{{"metadata":{{"ownerReferences":[{{"apiVersion":"v1","kind":"ConfigMap","name":"release","uid":"{uid}"}}]}}}}"#
    );
    cluster.namespace.kubectl().run(["patch", "statefulset/rqlite", "--type=merge", "-p", &patch])
}

/// No object has it.
const STALE: &str = "00000000-0000-4000-8000-000000000000";

fn without_owner(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    owned_by(&cluster, STALE).ok();
    await_silence(&cluster);
    assert!(cluster.namespace.names("statefulsets").is_empty());
    record.lost("the garbage collector deletes the set, and no node answers any more");
    test_bed.end(&cluster);
}

fn with_owner(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let output = owned_by(&cluster, STALE);
    let refusal = record.refused(&output.refused());
    assert!(refusal.contains("adds ConfigMap release as owner, which does not exist"), "{refusal}");
    assert!(refusal.ends_with("with the uid of the live object"), "{refusal}");
    let kubectl = cluster.namespace.kubectl();
    kubectl.line("create configmap release").ok();
    let uid = kubectl.get("configmap/release").pointer("/metadata/uid").unwrap().as_str().unwrap().to_owned();
    owned_by(&cluster, &uid).ok();
    record.step("created the ConfigMap and gave the uid of the live object, which passed");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}

fn delete_namespace(cluster: &Cluster<'_>) -> Output {
    let namespace = cluster.namespace.name();
    cluster.namespace.plane().kubectl().run(["delete", "namespace", namespace, "--timeout=60s"])
}

fn create_again(test_bed: &TestBed<'_>, cluster: &Cluster<'static>) {
    let kubectl = cluster.namespace.plane().kubectl();
    kubectl.run(["create", "namespace", cluster.namespace.name()]).ok();
    eventually("its service account", || cluster.namespace.kubectl().find("serviceaccount/default"));
    cluster.namespace.apply(&test_bed.manifest(3)).ok();
    test_bed.await_up(cluster, 3);
}

/// Runs the command that stands in the message.
fn run_the_command(cluster: &Cluster<'_>, record: &mut Record, refusal: &str) {
    let line = between(refusal, "first run `kubectl ", "`");
    cluster.namespace.plane().kubectl().line(line).ok();
    record.step(format!("ran `kubectl {line}`"));
}

fn without_namespace(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    delete_namespace(&cluster).ok();
    create_again(test_bed, &cluster);
    has_lost_its_rows(&cluster, 0);
    record.lost("the claims go with the namespace; created again the set is Ready, and the table is gone");
    test_bed.end(&cluster);
}

fn with_namespace(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let refusal = record.refused(&delete_namespace(&cluster).refused());
    assert!(refusal.contains("deletes a running cluster of 3 voters, StatefulSet rqlite: its claims"), "{refusal}");
    let kept = all_rows(&cluster, 0..3);
    record.step(format!("the refused cluster goes on: {kept}"));
    let backup = cluster.node(0).backup().unwrap();
    record.step("took a backup");
    run_the_command(&cluster, record, &refusal);
    delete_namespace(&cluster).ok();
    record.step("deleted the namespace, which passed");
    create_again(test_bed, &cluster);
    eventually("the backup to be loaded", || cluster.node(0).load(&backup));
    record.step("created all of it again and loaded the backup");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}

/// How often it is tried: whether a node without data is elected is a race.
const RUNS: u32 = 4;

fn claim(ordinal: u32) -> String {
    format!("persistentvolumeclaim/rqlite-file-rqlite-{ordinal}")
}

/// A claim in use is gone when its Pod is.
fn delete_claim(cluster: &Cluster<'_>, ordinal: u32) -> Output {
    cluster.namespace.kubectl().run(["delete", &claim(ordinal), "--wait=false"])
}

fn without_two_claims(test_bed: &TestBed<'_>, record: &mut Record) {
    let mut lost = 0;
    for _ in 0..RUNS {
        let cluster = test_bed.cluster(3, &test_bed.manifest(3));
        delete_claim(&cluster, 1).ok();
        delete_claim(&cluster, 2).ok();
        cluster.namespace.kubectl().line("delete pods --all --timeout=60s").ok();
        cluster.namespace.await_ready("rqlite", 3);
        lost += u32::from(leads_without_rows(&cluster));
        test_bed.end(&cluster);
    }
    record.counted("an empty node is elected, and the one that had all rows follows it: the table is gone", lost, RUNS);
    if lost == 0 {
        "not lost in these runs: whether a node without data is elected is a race".clone_into(&mut record.remark);
    }
}

/// What a quorum agrees on, once it agrees on anything.
fn leads_without_rows(cluster: &Cluster<'_>) -> bool {
    eventually("a quorum", || match cluster.node(1).query("SELECT count(*) FROM kept", Level::Strong) {
        Ok(_) => Ok(false),
        Err(error) if error.contains("no such table") => Ok(true),
        Err(error) => Err(error),
    })
}

fn with_two_claims(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let refusal = eventually("the claim to be guarded", || match delete_claim_dry(&cluster, 2) {
        output if output.succeeded() => Err(output.stdout),
        output => Ok(output.refused()),
    });
    record.refused(&refusal);
    let refusal = record.refused(&delete_claim(&cluster, 2).refused());
    assert!(refusal.contains("deletes the data of rqlite-2, 1 of 3 voters"), "{refusal}");
    let remedy = "remove the node from the cluster first (`DELETE /remove`), then delete the claim";
    assert!(refusal.ends_with(remedy), "{refusal}");
    cluster.remove(&["rqlite-2".to_owned()]);
    record.step("removed rqlite-2");
    delete_claim(&cluster, 2).ok();
    record.step("deleted its claim, which passed");
    cluster.scaled(2);
    cluster.scaled(3);
    record.step("scaled to 2, and back to 3: it joins with a new claim");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}

fn delete_claim_dry(cluster: &Cluster<'_>, ordinal: u32) -> Output {
    cluster.namespace.kubectl().run(["delete", &claim(ordinal), "--wait=false", "--dry-run=server"])
}

fn without_service(_: &TestBed<'_>, record: &mut Record) {
    "the loss is not shown: in these tests the nodes find each other without DNS, so no Service is missed"
        .clone_into(&mut record.remark);
}

fn with_service(test_bed: &TestBed<'_>, record: &mut Record) {
    let cluster = test_bed.cluster(3, &test_bed.manifest(3));
    let delete = |more: &str| cluster.namespace.kubectl().line(&format!("delete service/rqlite-internal {more}"));
    eventually("the Service to be guarded", || match delete("--dry-run=server") {
        output if output.succeeded() => Err(output.stdout),
        _ => Ok(()),
    });
    let refusal = record.refused(&delete("").refused());
    assert!(refusal.contains("find and address each other through it"), "{refusal}");
    let kept = all_rows(&cluster, 0..3);
    record.step(format!("kept it: {kept}"));
    run_the_command(&cluster, record, &refusal);
    delete("").ok();
    record.step("deleted the Service, which passed");
    record.outcome = all_rows(&cluster, 0..3);
    test_bed.end(&cluster);
}
