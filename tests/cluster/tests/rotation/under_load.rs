//! Certificates change under load, several times in a row, and no call fails. In a network of its own, so that the Service's endpoints
//! are real ones and the leader can look at what they serve.

use quorate_cluster_tests::{ControlPlane, Load, Quorate, eventually, isolation, manifests};

use crate::{replace_the_authority, secret_part};

#[test]
fn leaf_and_authority_rotate_under_load_without_a_failed_call() {
    isolation::run("under_load::rotated_under_load");
}

#[test]
#[ignore = "only in a network of its own, for leaf_and_authority_rotate_under_load_without_a_failed_call"]
fn rotated_under_load() {
    const ROTATIONS: usize = 3;
    let plane = ControlPlane::shared();
    // A leaf of 60 s is renewed after 40 s; an authority's key that is lost is replaced at once.
    let lives = "source: self\n  rotation: {leafSeconds: 60, propagationSeconds: 3}";
    let quorate = Quorate::installer(plane).configure("source: self", lives).install();
    let namespace = plane.namespace("rotated_under_load");
    namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
    namespace.await_ready("rqlite", 3);
    let load = Load::start(&namespace, "rqlite", 8);
    load.go_on_for(50);

    for _ in 0..ROTATIONS {
        replace_the_authority(plane);
        load.go_on_for(50);
    }
    let leaf = secret_part(plane, "tls.crt");
    eventually("the leaf to be renewed by itself", || {
        if secret_part(plane, "tls.crt") == leaf { Err("it is the same") } else { Ok(()) }
    });
    load.go_on_for(50);
    let counts = load.stop();
    assert_eq!((counts.failed.as_slice(), counts.passed), (&[][..], 0), "{} admitted", counts.admitted);
    drop(quorate);
}
