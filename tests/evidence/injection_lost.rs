//! `remove-on-shutdown/injection-lost`: the manifest from git arrives without what was injected, while nobody mutates.
//!
//! The other way round than the other scenarios: there must be a Quorate first, which injects; it is uninstalled for the second half.

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{
    Cluster, ControlPlane, Kubectl, NAME, Quorate, Rqlited, between, eventually, ids_in, majors,
};
use serde_json::Value;

use crate::scenario::{TestBed, all_rows, has_the_flag, record};
use crate::with_rqlited;

const RULE: &str = "remove-on-shutdown/injection-lost";

#[test]
fn the_manifest_from_git_while_nobody_mutates() {
    with_rqlited("injection_lost::shown");
}

#[test]
#[ignore = "only in a network of its own, for the_manifest_from_git_while_nobody_mutates"]
fn shown() {
    let plane = ControlPlane::shared();
    let quorate = Quorate::install(plane);
    let mut shown: Vec<Shown> = majors().into_iter().map(|rqlited| Shown::new(&quorate, rqlited)).collect();
    let kubectl = plane.kubectl();
    let mutating = configuration(&kubectl);
    kubectl.run(["delete", "mutatingwebhookconfiguration", NAME]).ok();
    shown.iter_mut().for_each(|shown| shown.refused(&quorate));
    kubectl.apply(&mutating).ok();
    quorate.await_registered();
    shown.iter_mut().for_each(|shown| shown.sent_again(&quorate));
    for kind in ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"] {
        kubectl.run(["delete", kind, NAME]).ok();
    }
    for shown in &mut shown {
        shown.without(&quorate);
        shown.record.write();
    }
}

/// As it is, to be applied again.
fn configuration(kubectl: &Kubectl) -> String {
    let mut object = kubectl.get(&format!("mutatingwebhookconfiguration/{NAME}"));
    let metadata = object.pointer_mut("/metadata").and_then(Value::as_object_mut).unwrap();
    for name in ["resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"] {
        metadata.remove(name);
    }
    object.to_string()
}

/// One cluster through all of it.
struct Shown {
    rqlited: &'static Rqlited,
    cluster: Cluster<'static>,
    record: Record,
}

impl Shown {
    fn new(quorate: &Quorate<'static>, rqlited: &'static Rqlited) -> Self {
        let test_bed = TestBed::new(RULE, rqlited, quorate);
        let cluster = test_bed.cluster(5, &test_bed.plain(5));
        assert!(has_the_flag(&cluster), "nothing was injected");
        let done = "5 voters with the injected flag, `kubectl apply` of the manifest from git while `/mutate` is not reached; then it is scaled to 3";
        let record = record(quorate.plane(), RULE, done, rqlited);
        Self { rqlited, cluster, record }
    }

    /// Git knows nothing of the flag; the label is why it is applied at all.
    fn manifest(&self, quorate: &Quorate<'static>) -> String {
        TestBed::new(RULE, self.rqlited, quorate).plain(5)
    }

    fn refused(&mut self, quorate: &Quorate<'static>) {
        let printed = self.cluster.namespace.apply(&self.manifest(quorate)).refused();
        let refusal = self.record.refused(&printed);
        assert!(refusal.contains("was injected before and is missing after all mutation"), "{refusal}");
        assert!(refusal.contains("check that Quorate's `/mutate` is reached"), "{refusal}");
        assert!(refusal.ends_with("then send the same again"), "{refusal}");
    }

    fn sent_again(&mut self, quorate: &Quorate<'static>) {
        self.cluster.namespace.apply(&self.manifest(quorate)).ok();
        assert!(has_the_flag(&self.cluster), "not reproduced");
        let starts: usize = (0..5).map(|ordinal| starts(&self.cluster, ordinal)).sum();
        assert_eq!(starts, 5, "nothing was to restart");
        self.record
            .step("saw to it that `/mutate` is reached, and sent the same again: the flag stays, nothing restarts");
        let passed = self.cluster.scaled(3).stderr;
        let names = ids_in(between(&passed, "check `/nodes` for ", " afterwards"));
        eventually("a leader", || self.cluster.node(0).execute("CREATE TABLE IF NOT EXISTS later (id INTEGER)"));
        let listed: Vec<String> = self.cluster.voters().into_iter().filter(|id| names.contains(id)).collect();
        self.record.step(format!("scaled to 3: {} of 2 had to be removed by hand", listed.len()));
        self.cluster.remove(&listed);
        let node = self.cluster.namespace.rqlite_node("rqlite-2");
        node.hold();
        let during = all_rows(&self.cluster, 0..2);
        self.record.step(format!("rqlite-2 down: {during}"));
        node.release();
        self.record.outcome = all_rows(&self.cluster, 0..3);
        self.cluster.scaled(5);
    }

    fn without(&mut self, quorate: &Quorate<'static>) {
        self.cluster.namespace.apply(&self.manifest(quorate)).ok();
        assert!(!has_the_flag(&self.cluster), "it is still there");
        self.cluster.namespace.await_ready("rqlite", 5);
        self.cluster.holds_all_rows(0..5);
        self.cluster.scaled(3);
        let voters = self.cluster.voters();
        assert_eq!(voters.len(), 5, "{voters:?}");
        self.cluster.namespace.rqlite_node("rqlite-2").hold();
        self.cluster.has_lost_its_quorum(0);
        self.record.lost("all pods restart without the flag, rqlite-3 and rqlite-4 stay as dead voters, and with one node down strong reads and writes fail");
    }
}

fn starts(cluster: &Cluster<'_>, ordinal: u32) -> usize {
    cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}")).starts()
}
