//! Certificates change under load, several times in a row, and no call fails. In a network of its own, so that the Service's endpoints
//! are real ones and the leader can look at what they serve.
#![expect(clippy::indexing_slicing, reason = "helpers of tests")]

use quorate_cluster_tests::{ControlPlane, Load, Quorate, SYSTEM, eventually, isolation, manifests};

#[test]
fn leaf_and_authority_rotate_under_load_without_a_failed_call() {
    isolation::run("rotated_under_load");
}

fn secret_part(plane: &ControlPlane, key: &str) -> String {
    let secret = plane.kubectl().in_namespace(SYSTEM).get("secret/quorate-certificate");
    secret["data"][key].as_str().unwrap_or_default().to_owned()
}

fn bundles(plane: &ControlPlane) -> Vec<String> {
    let object = plane.kubectl().get("validatingwebhookconfiguration/quorate");
    let entries = object["webhooks"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
#[ignore = "only in a network of its own, for leaf_and_authority_rotate_under_load_without_a_failed_call"]
fn rotated_under_load() {
    const ROTATIONS: usize = 3;
    let plane = ControlPlane::shared();
    // A leaf of 60 s is renewed after 40 s; an authority's key that is lost is replaced at once.
    let lives = "source: self\n  rotation: {leafSeconds: 60, settleSeconds: 3}";
    let quorate = Quorate::installer(plane).configure("source: self", lives).install();
    let namespace = plane.namespace("rotated_under_load");
    namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
    namespace.await_ready("rqlite", 3);
    let load = Load::start(&namespace, "rqlite", 8);
    load.go_on_for(50);

    for _ in 0..ROTATIONS {
        let before = secret_part(plane, "ca.crt");
        let lose = r#"[{"op":"remove","path":"/data/ca.key"}]"#;
        plane
            .kubectl()
            .in_namespace(SYSTEM)
            .run(["patch", "secret/quorate-certificate", "--type=json", "-p", lose])
            .ok();
        eventually("one CA, another one, everywhere", || {
            let now = secret_part(plane, "ca.crt");
            let settled = secret_part(plane, "next-ca.key").is_empty() && !secret_part(plane, "ca.key").is_empty();
            let published = bundles(plane).iter().all(|bundle| *bundle == now);
            if now != before && settled && published {
                Ok(())
            } else {
                Err(format!("settled {settled}, published {published}"))
            }
        });
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
