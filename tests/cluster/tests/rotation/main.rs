//! The certificate that Quorate serves, while it changes and once it has expired: no call fails but by a certificate
//! that is no good.
#![expect(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests")]

mod expired;
mod under_load;

use quorate_cluster_tests::{ControlPlane, SYSTEM, eventually};

fn secret_part(plane: &ControlPlane, key: &str) -> String {
    let secret = plane.kubectl().in_namespace(SYSTEM).get("secret/quorate-certificate");
    secret["data"][key].as_str().unwrap_or_default().to_owned()
}

fn bundles(plane: &ControlPlane) -> Vec<String> {
    let object = plane.kubectl().get("validatingwebhookconfiguration/quorate");
    let entries = object["webhooks"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Loses the authority's key, which is replaced at once, and waits until there is one authority again, another one, everywhere.
#[track_caller]
fn replace_the_authority(plane: &ControlPlane) {
    let before = secret_part(plane, "ca.crt");
    let lose = r#"[{"op":"remove","path":"/data/ca.key"}]"#;
    plane.kubectl().in_namespace(SYSTEM).run(["patch", "secret/quorate-certificate", "--type=json", "-p", lose]).ok();
    eventually("one CA, another one, everywhere", || {
        let now = secret_part(plane, "ca.crt");
        let finished = secret_part(plane, "next-ca.key").is_empty() && !secret_part(plane, "ca.key").is_empty();
        let published = bundles(plane).iter().all(|bundle| *bundle == now);
        if now != before && finished && published {
            Ok(())
        } else {
            Err(format!("finished {finished}, published {published}"))
        }
    });
}
