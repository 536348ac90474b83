//! A certificate that nobody may renew: what has a connection goes on, what needs a new one is refused by the certificate's end and by nothing
//! else, and with the right to renew it all is well again.

use quorate_cluster_tests::{ControlPlane, Counts, Load, Quorate, Replica, eventually};

/// How Go says it (`crypto/x509`).
const EXPIRED: &str = "x509: certificate has expired or is not yet valid";

#[test]
fn calls_fail_by_an_expired_certificate_alone_and_only_until_it_is_renewed() {
    let plane = ControlPlane::start("expired");
    let lives = "source: self\n  rotation: {leafSeconds: 30, propagationSeconds: 3}";
    let quorate = Quorate::installer(&plane).configure("source: self", lives).install();
    let namespace = quorate.voters("expired");
    let load = Load::start(&namespace, "rqlite", 4);
    load.go_on_for(20);

    let role = quorate.kubectl().get("role/quorate");
    let read_only = role.to_string().replace(r#""update""#, r#""watch""#);
    assert_ne!(read_only, role.to_string());
    replace(&quorate, &read_only);
    for replica in quorate.replicas() {
        await_readiness(replica, "certificate has expired");
    }
    load.go_on_for(20);
    let counts = load.stop();
    assert!(by_the_certificate_alone(&counts), "{counts:?}");

    // No connection is left of the time before.
    plane.services().hang_up();
    let load = Load::start(&namespace, "rqlite", 4);
    load.go_on_for(20);
    let counts = load.stop();
    assert!(by_the_certificate_alone(&counts), "{counts:?}");
    assert_eq!((counts.admitted, counts.denied), (0, 0), "{counts:?}");

    replace(&quorate, &role.to_string());
    for replica in quorate.replicas() {
        replica.await_ready();
    }
    let load = Load::start(&namespace, "rqlite", 4);
    load.go_on_for(50);
    let counts = load.stop();
    assert_eq!((counts.failed.as_slice(), counts.passed), (&[][..], 0), "{counts:?}");
}

fn by_the_certificate_alone(counts: &Counts) -> bool {
    counts.passed == 0 && counts.failed.iter().all(|said| said.contains(EXPIRED) && said.contains(" is after "))
}

/// The role as it was read, in other words.
fn replace(quorate: &Quorate<'_>, role: &str) {
    let mut role: serde_json::Value = serde_json::from_str(role).expect("a role");
    let metadata = role["metadata"].as_object_mut().expect("its metadata");
    metadata.remove("resourceVersion");
    quorate.kubectl().run_with(&role.to_string(), ["replace", "-f", "-"]).ok();
}

#[track_caller]
fn await_readiness(replica: &Replica, says: &str) {
    eventually(&format!("{} to say {says}", replica.pod()), || match replica.readiness() {
        said if said.contains(says) => Ok(()),
        said => Err(said),
    });
}
