//! What a replica does that cannot reach the API server: what is old is unknown, nobody leads beside another, and all comes back.

use std::time::Duration;

use quorate_cluster_tests::{
    ControlPlane, Forwarder, InterceptingProxy, Namespace, Output, Quorate, Replica, environment, eventually,
    manifests, within,
};

/// After the way is well again.
const RECOVERED: Duration = Duration::from_secs(10);

/// Evicts a voter, as a dry run.
fn evict(namespace: &Namespace<'_>) -> Output {
    let (name, pod) = (namespace.name(), "rqlite-0");
    let eviction = format!(
        r#"{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{{"name":"{pod}","namespace":"{name}"}},
        "deleteOptions":{{"dryRun":["All"]}}}}"#
    );
    let path = format!("/api/v1/namespaces/{name}/pods/{pod}/eviction?dryRun=All");
    namespace.kubectl().run_with(&eviction, ["create", "--raw", &path, "-f", "-"])
}

#[track_caller]
fn await_refused(namespace: &Namespace<'_>) -> String {
    eventually("the eviction to be refused", || {
        let output = evict(namespace);
        if output.succeeded() { Err("it is admitted".to_owned()) } else { Ok(output.stderr) }
    })
}

#[track_caller]
fn await_admitted(namespace: &Namespace<'_>, limit: Duration) {
    within(limit, "the eviction to be admitted", || {
        let output = evict(namespace);
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
}

fn leads(replica: &Replica) -> bool {
    replica.metric("quorate_cluster_leader") == Some(1.0)
}

fn stale(replica: &Replica) -> f64 {
    replica.metric(r#"quorate_cluster_watch_stale_seconds{kind="Pods"}"#).unwrap_or_default()
}

/// Everything is known again.
#[track_caller]
fn await_fresh(replica: &Replica) {
    within(RECOVERED, "all to be known", || match replica.readiness().as_str() {
        "ok\n" if stale(replica) == 0.0 => Ok(()),
        said => Err(format!("{said}Pods stale for {} s", stale(replica))),
    });
}

#[test]
fn a_connection_that_dies_without_a_word_makes_what_was_known_unknown() {
    let plane = ControlPlane::start("silent");
    let ways = [(); 2].map(|()| Forwarder::to(plane.api_server_address()));
    let url = |way: &Forwarder| format!("https://{}", way.address());
    let [first, second] = &ways;
    let quorate = Quorate::installer(&plane).api_server_at(&url(first)).api_server_at(&url(second)).install();
    let namespace = quorate.voters("dies_without_a_word");
    let leader = eventually("a leader", || (0..2).find(|index| leads(quorate.replica(*index))).ok_or("nobody leads"));
    let (replica, other) = (quorate.replica(leader), quorate.replica(1 - leader));
    quorate.route_to(leader);
    await_admitted(&namespace, RECOVERED);

    ways[leader].go_silent();
    eventually("the watches to be found broken", || match replica.readiness() {
        said if said.starts_with("ok\nStatefulSets: the watch is broken for ") => Ok(()),
        said => Err(said),
    });
    assert!(stale(replica) > 0.0);
    assert!(replica.is_ready(), "the others may be cut off too");
    let refusal = await_refused(&namespace);
    assert!(refusal.contains("not-judged") && refusal.contains("try again"), "{refusal}");
    assert!(!refusal.contains("--parent"), "{refusal}");
    eventually("the other one to lead", || match (leads(replica), leads(other)) {
        (true, true) => panic!("both lead"),
        (false, true) => Ok(()),
        state => Err(format!("{state:?}")),
    });
    // The one that stayed well judges meanwhile.
    quorate.route_to(1 - leader);
    await_admitted(&namespace, RECOVERED);

    ways[leader].be_well();
    await_fresh(replica);
    quorate.route_to(leader);
    await_admitted(&namespace, RECOVERED);
    assert!(replica.process().log().contains("watch broke"));

    // It stands again: when the other one goes silent, it leads.
    ways[1 - leader].go_silent();
    eventually("it to lead again", || match (leads(replica), leads(other)) {
        (true, true) => panic!("both lead"),
        (true, false) => Ok(()),
        state => Err(format!("{state:?}")),
    });
}

/// 40 s are more than the Lease's 15, and enough that a client which waits twice as long each time would not be back in 10.
/// `QUORATE_REFUSED_SECONDS=240` makes them more.
#[test]
fn an_api_server_that_refuses_everything_for_a_while_is_asked_again_soon() {
    let refused = environment("QUORATE_REFUSED_SECONDS").map_or(40, |seconds| seconds.parse().unwrap());
    let plane = ControlPlane::start("refusing");
    let front = InterceptingProxy::start(plane.kubeconfig());
    let quorate = Quorate::installer(&plane).api_server_at(&front.url()).api_server_at(&front.url()).install();
    for status in [429, 503] {
        let namespace = quorate.voters(&format!("refuses_with_{status}"));
        await_admitted(&namespace, RECOVERED);
        front.refuse(Some(status));
        await_refused(&namespace);
        std::thread::sleep(Duration::from_secs(refused));
        assert!(quorate.replicas().iter().all(|replica| !leads(replica)));
        front.refuse(None);
        for replica in quorate.replicas() {
            await_fresh(replica);
        }
        await_admitted(&namespace, RECOVERED);
        namespace.apply(&manifests::rqlite("store", 3)).ok();
        quorate.await_known(&namespace, "store");
        let log: String = quorate.replicas().iter().map(|replica| replica.process().log()).collect();
        assert!(log.contains(&format!("{status}")) && log.contains("watch broke"), "{log}");
    }
}

#[test]
fn late_answers_and_lost_packets_cost_time_and_no_verdict() {
    let plane = ControlPlane::start("late");
    let way = Forwarder::to(plane.api_server_address());
    let url = format!("https://{}", way.address());
    let quorate = Quorate::installer(&plane).api_server_at(&url).api_server_at(&url).install();
    let namespace = quorate.voters("late_and_lossy");
    way.lose_packets();
    for _ in 0..5 {
        await_admitted(&namespace, Duration::from_secs(60));
    }
    way.be_well();
    // Later than any request is waited for.
    way.be_late(Duration::from_secs(7));
    await_refused(&namespace);
    way.be_well();
    for replica in quorate.replicas() {
        await_fresh(replica);
    }
    await_admitted(&namespace, RECOVERED);
}
