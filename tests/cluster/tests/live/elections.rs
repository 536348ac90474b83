//! While nobody leads, and while a pod is on its way out whose node still answers: what is refused, and that it passes afterwards. The
//! same words on every major.

use std::time::{Duration, Instant};

use quorate_cluster_tests::{
    Cluster, ControlPlane, Quorate, RqliteNode, Rqlited, Version, eventually, manifests, within,
};

use crate::{on_each_major, with_rqlited};

#[test]
fn growth_waits_for_an_election_and_a_drain_for_who_led() {
    with_rqlited("elections::nobody_leads");
}

#[test]
fn a_terminating_pod_counts_for_nothing_however_well_its_node_answers() {
    with_rqlited("elections::terminating");
}

/// Elections that may be over before anybody asked.
const ELECTIONS: Duration = Duration::from_secs(120);
/// One lasts from the first follower that misses its leader to the last one, each after one to two election timeouts.
const ELECTION: Duration = Duration::from_secs(15);

/// Its followers miss a leader later, and so not at the same moment.
fn slow_to_elect(manifest: &str, rqlited: &Rqlited) -> String {
    let heartbeat = if rqlited.version >= Version(10, 0, 0) { "raft-heartbeat-timeout" } else { "raft-timeout" };
    let manifest = manifests::with_argument(manifest, &format!("-{heartbeat}=3s"));
    manifests::with_argument(&manifest, "-raft-election-timeout=3s")
}

fn grow(cluster: &Cluster<'_>) -> Result<(), String> {
    let output = cluster.namespace.kubectl().line("scale statefulset/rqlite --replicas=5 --dry-run=server");
    if output.succeeded() { Ok(()) } else { Err(output.stderr) }
}

/// The ordinal of who leads, once all three are there.
fn leader(cluster: &Cluster<'_>) -> u32 {
    eventually("a leader of three", || {
        let members = cluster.node(0).nodes()?;
        let whole = members.iter().filter(|member| member.reachable).count() == 3;
        let leader = members.iter().find(|member| member.leader && whole);
        leader.and_then(|leader| leader.id.strip_prefix("rqlite-")?.parse().ok()).ok_or(format!("{members:?}"))
    })
}

fn node(cluster: &Cluster<'_>, ordinal: u32) -> RqliteNode {
    cluster.namespace.rqlite_node(&format!("rqlite-{ordinal}"))
}

#[test]
#[ignore = "only in a network of its own, for growth_waits_for_an_election_and_a_drain_for_who_led"]
fn nobody_leads() {
    let quorate = Quorate::install(ControlPlane::shared());
    on_each_major(|rqlited| {
        let edit = |manifest: String| manifests::without_self_removal(&slow_to_elect(&manifest, rqlited));
        let cluster = Cluster::of(&quorate, "nobody_leads", 3, rqlited, edit);
        let (led, refusal) = within(ELECTIONS, "a verdict within an election", || {
            let led = leader(&cluster);
            node(&cluster, led).hold();
            asked_within_an_election(&cluster).map(|refusal| (led, refusal)).inspect_err(|_| {
                node(&cluster, led).release();
                cluster.namespace.await_ready("rqlite", 3);
            })
        });
        assert!(refusal.contains("quorum-guard/scale-up-without-leader: "), "{refusal}");
        assert!(refusal.contains("an election takes seconds, try again"), "{refusal}");
        // Two of three elect one, and nobody else may go.
        eventually("growth to be admitted", || grow(&cluster));
        let refusal = cluster.evict((led + 1) % 3).refused();
        assert!(refusal.contains("TooManyRequests"), "{refusal}");
        assert!(refusal.contains("leaves 1 of 3 voters, quorum is 2; seen "), "{refusal}");
        node(&cluster, led).release();
        eventually("the eviction to be admitted", || {
            let output = cluster.evict((led + 1) % 3);
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
        cluster.namespace.await_ready("rqlite", 3);
        cluster.holds_all_rows(0..3);
        eprintln!("rqlited {}: {}", rqlited.version, refusal.trim());
    });
}

/// The first refusal of growth, before somebody leads again.
fn asked_within_an_election(cluster: &Cluster<'_>) -> Result<String, &'static str> {
    let ends = Instant::now() + ELECTION;
    while Instant::now() < ends {
        if let Err(refusal) = grow(cluster) {
            return Ok(refusal);
        }
    }
    Err("it was over before it was asked about")
}

#[test]
#[ignore = "only in a network of its own, for a_terminating_pod_counts_for_nothing_however_well_its_node_answers"]
fn terminating() {
    let quorate = Quorate::install(ControlPlane::shared());
    on_each_major(|rqlited| {
        let cluster = Cluster::of(&quorate, "terminating", 3, rqlited, |set| manifests::without_self_removal(&set));
        let agent = quorate.plane().agent();
        // Its kubelet does not hear that it is to end.
        agent.pause(cluster.namespace.name());
        cluster.namespace.kubectl().line("delete pod/rqlite-1 --wait=false").ok();
        let refusal = cluster.evict(2).refused();
        assert!(refusal.contains("TooManyRequests"), "{refusal}");
        assert!(refusal.contains("evicting rqlite-2 leaves 1 of 3 voters, quorum is 2"), "{refusal}");
        assert!(refusal.contains("rqlite-1 is terminating"), "{refusal}");
        let down = cluster.scale(2).refused();
        assert!(down.contains("leaves 1 of 3 voters, quorum is 2"), "{down}");
        let answers = cluster.node(1).nodes().unwrap();
        assert_eq!(answers.iter().filter(|member| member.reachable).count(), 3, "{answers:?}");
        // The one that is going may be evicted as well: it is no voter any more.
        let going = cluster.evict(1).ok();
        agent.resume(cluster.namespace.name());
        cluster.namespace.await_ready("rqlite", 3);
        eventually("the eviction to be admitted", || {
            let output = cluster.evict(2);
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
        cluster.namespace.await_ready("rqlite", 3);
        cluster.holds_all_rows(0..3);
        eprintln!("rqlited {}: {} {}", rqlited.version, refusal.trim(), going.stderr.trim());
    });
}
