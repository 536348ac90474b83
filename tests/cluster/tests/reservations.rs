//! The ConfigMaps in which replicas tell each other what they have admitted: gone, edited by hand, written by a replica that is gone, read
//! by one whose watches are behind; and what a PodDisruptionBudget refuses after us.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

use std::time::Duration;

use quorate_cluster_tests::{
    ControlPlane, InterceptingProxy, Namespace, Output, Quorate, eventually, manifests, within,
};

fn without_self_removal() -> String {
    manifests::without_self_removal(&manifests::rqlite("rqlite", 3))
}

fn evict(namespace: &Namespace<'_>, ordinal: u32) -> Output {
    namespace.kubectl().evict(namespace.name(), &format!("rqlite-{ordinal}"))
}

fn shrink(namespace: &Namespace<'_>) -> Output {
    namespace.kubectl().line("scale statefulset/rqlite --replicas=2")
}

/// The ConfigMap that holds an entry of this namespace.
#[track_caller]
fn slot_of(quorate: &Quorate<'_>, namespace: &Namespace<'_>) -> String {
    let maps = quorate.kubectl().get("configmaps");
    let entry = format!(r#"\"namespace\":\"{}\""#, namespace.name());
    let maps = maps["items"].as_array().unwrap();
    let map = maps.iter().find(|map| map["data"].to_string().contains(&entry)).unwrap();
    map["metadata"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn what_cannot_be_written_is_not_admitted_until_it_can() {
    let plane = ControlPlane::shared();
    let quorate = Quorate::install(plane);
    let namespace = quorate.guarded("not_written", &without_self_removal());
    evict(&namespace, 0).ok();
    namespace.await_ready("rqlite", 3);
    let map = slot_of(&quorate, &namespace);
    quorate.kubectl().line(&format!("delete configmap {map}")).ok();

    let refusal = evict(&namespace, 1).refused();
    assert!(refusal.contains("TooManyRequests") && refusal.contains(&format!("{map} is not there")), "{refusal}");
    let refusal = namespace.kubectl().line("scale statefulset/rqlite --replicas=2").refused();
    assert!(refusal.contains("quorum-guard/not-judged") && refusal.contains("install Quorate again"), "{refusal}");
    namespace.kubectl().line("scale statefulset/rqlite --replicas=2 --dry-run=server").ok();
    namespace.kubectl().line("scale statefulset/rqlite --replicas=4").ok();
    namespace.await_ready("rqlite", 4);

    Quorate::installer(plane).helm("upgrade").ok();
    eventually("an admission", || {
        let output = namespace.kubectl().line("scale statefulset/rqlite --replicas=3");
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });

    namespace.kubectl().line("delete pvc/rqlite-file-rqlite-3 --wait=false").ok();

    // Edited by hand.
    let note = r#"{"data":{"note":"do not touch","0":"{\"namespace\":7}"}}"#;
    quorate.kubectl().run(["patch", "configmap", &map, "--type=merge", "-p", note]).ok();
    namespace.await_ready("rqlite", 3);
    eventually("an admission over what cannot be read", || {
        let output = evict(&namespace, 1);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    let data = quorate.kubectl().get(&format!("configmap/{map}"))["data"].to_string();
    assert!(!data.contains("do not touch"), "{data}");
}

/// Its answer never came, so nothing was done; nobody can know that.
#[test]
fn what_a_replica_reserved_before_it_was_killed_counts_for_a_while() {
    let plane = ControlPlane::start("reserved");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.guarded("killed_replica", &without_self_removal());
    quorate.route_to(0);
    // Over the connection that there is then.
    namespace.await_guarded("rqlite");
    // Longer than the API server waits: the shrink is judged and reserved, and refused all the same.
    plane.services().slow_down(Duration::from_secs(5));
    let refusal = namespace.kubectl().line("scale statefulset/rqlite --replicas=2").refused();
    assert!(refusal.contains("failed calling webhook"), "{refusal}");
    slot_of(&quorate, &namespace);
    quorate.replica(0).process().kill();
    quorate.route_to(1);
    plane.services().slow_down(Duration::ZERO);
    let refusal = eventually("a verdict", || {
        let output = evict(&namespace, 0);
        let said = output.stderr.contains("eviction-below-quorum");
        if said { Ok(output.stderr) } else { Err(format!("{} {}", output.code, output.stderr)) }
    });
    assert!(refusal.contains("TooManyRequests") && refusal.contains("was let go a moment ago"), "{refusal}");
    eventually("the reservation to end", || {
        let output = evict(&namespace, 0);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
}

/// `kubectl drain --dry-run=server` says so in the Eviction's own options alone.
#[test]
fn a_rehearsal_keeps_nobody_waiting() {
    let plane = ControlPlane::start("rehearsal");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.guarded("rehearsal", &without_self_removal());
    let drain = "drain node-0 --pod-selector=app=rqlite --force --dry-run=server";
    plane.kubectl().line(drain).ok();
    namespace.kubectl().line("scale statefulset/rqlite --replicas=2 --dry-run=server").ok();
    let maps = quorate.kubectl().get("configmaps").to_string();
    assert!(!maps.contains(r#"\"set\""#), "nothing is reserved: {maps}");
    evict(&namespace, 0).ok();
}

/// What the other replica admits counts in it all the while: reservations are read, not watched.
#[test]
fn a_replica_whose_watches_are_ten_seconds_behind_adds_nothing_up() {
    let plane = ControlPlane::start("behind");
    let front = InterceptingProxy::start(plane.kubeconfig());
    let quorate = Quorate::installer(&plane).api_server_at(plane.url()).api_server_at(&front.url()).install();
    let namespace = quorate.guarded("behind", &without_self_removal());
    let first = namespace.kubectl().get("pod/rqlite-0")["metadata"]["uid"].clone();
    front.hold_watches(true);
    // The first one is on its way out for as long as nobody confirms its end.
    plane.agent().pause(namespace.name());
    quorate.route_to(0);
    evict(&namespace, 0).ok();
    quorate.route_to(1);
    for _ in 0..10 {
        let refusal = shrink(&namespace).refused();
        assert!(refusal.contains("leaves 1 of 3 voters"), "{refusal}");
        assert!(refusal.contains("rqlite-0 was let go a moment ago"), "its watch has told of it: {refusal}");
        std::thread::sleep(Duration::from_secs(1));
    }

    // Back under another uid, of which it has not heard either; the other one admits the next.
    plane.agent().resume(namespace.name());
    eventually("the first one to be back", || {
        let back = namespace.kubectl().find("pod/rqlite-0")?["metadata"]["uid"].clone();
        if back == first { Err("it has not gone".to_owned()) } else { Ok(()) }
    });
    namespace.await_ready("rqlite", 3);
    plane.agent().pause(namespace.name());
    quorate.route_to(0);
    eventually("the next one to be let go", || {
        let output = evict(&namespace, 1);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    quorate.route_to(1);
    let refusal = shrink(&namespace).refused();
    // The first one as well, where that was less than 30 s ago: this replica has not heard that it is back.
    let is_told = ["rqlite-1 was", "rqlite-0 and rqlite-1 were"]
        .iter()
        .any(|who| refusal.contains(&format!("{who} let go a moment ago")));
    assert!(is_told, "{refusal}");

    front.hold_watches(false);
    plane.agent().resume(namespace.name());
    namespace.await_ready("rqlite", 3);
    eventually("the shrink to be admitted", || {
        let output = shrink(&namespace);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
}

/// It is asked after us, so we have admitted and reserved what it refuses. Without the budget's word that would count for 30 s.
#[test]
fn what_a_budget_refuses_after_us_is_soon_given_back() {
    let plane = ControlPlane::start("budget");
    let quorate = Quorate::install(&plane);
    let namespace = quorate.guarded("budget", &without_self_removal());
    namespace.apply(BUDGET).ok();
    eventually("the budget to be spent", || {
        let budget = namespace.kubectl().get("poddisruptionbudget/rqlite");
        let expected = budget["status"]["expectedPods"].as_i64();
        if expected == Some(3) { Ok(()) } else { Err(budget["status"].to_string()) }
    });
    let refused_by_the_budget = || {
        let refusal = evict(&namespace, 0).refused();
        assert!(refusal.contains("violate the pod's disruption budget"), "{refusal}");
    };
    refused_by_the_budget();
    // The same pod again: never held against itself.
    refused_by_the_budget();
    within(Duration::from_secs(10), "another reduction to be admitted", || {
        let output = shrink(&namespace);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    namespace.kubectl().line("scale statefulset/rqlite --replicas=3").ok();
    namespace.await_ready("rqlite", 3);
    let one = r#"{"spec":{"maxUnavailable":1}}"#;
    namespace.kubectl().run(["patch", "poddisruptionbudget", "rqlite", "--type=merge", "-p", one]).ok();
    eventually("the same eviction to pass", || {
        let output = evict(&namespace, 0);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
}

const BUDGET: &str = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: rqlite
spec:
  maxUnavailable: 0
  selector:
    matchLabels:
      app: rqlite
";
