//! Replicas whose clocks are wrong, by more than the time after which a certificate is replaced: one leads at a time and is succeeded, and the certificate is valid for the API server.

use std::time::{Duration, Instant};

use quorate_cluster_tests::{Clock, ControlPlane, Quorate, eventually, within};

/// The Lease runs out after 15 s of looking at it, every 2 s.
const SUCCEEDED: Duration = Duration::from_secs(25);

#[test]
fn replicas_with_wrong_clocks_lead_are_succeeded_and_serve() {
    let (Some(ahead), Some(behind)) = (Clock::off_by("+70d"), Clock::off_by("-50m")) else { return };
    let plane = ControlPlane::start("clocks");
    let quorate = Quorate::installer(&plane).clock(ahead).clock(behind).install();
    let leads = |index: usize| quorate.replica(index).metric("quorate_cluster_leader") == Some(1.0);
    let namespace = quorate.voters("wrong_clocks");
    namespace.await_guarded("rqlite");
    // Whoever leads: the other looks at a Lease whose times are months off, and is not misled for as long as it takes to run out.
    let leader = eventually("a leader", || (0..2).find(|index| leads(*index)).ok_or("nobody leads"));
    let watched = Instant::now();
    while watched.elapsed() < SUCCEEDED {
        assert!(leads(leader) && !leads(1 - leader));
        std::thread::sleep(Duration::from_secs(1));
    }
    // A new certificate, by a leader of either clock: the API server takes it at once.
    quorate.kubectl().line("delete secret quorate-certificate").ok();
    eventually("a new certificate", || quorate.kubectl().find("secret/quorate-certificate"));
    namespace.await_guarded("rqlite");
    quorate.replica(leader).process().kill();
    within(SUCCEEDED, "the other replica to lead", || if leads(1 - leader) { Ok(()) } else { Err("it does not") });
    quorate.route_to(1 - leader);
    namespace.await_guarded("rqlite");
}
