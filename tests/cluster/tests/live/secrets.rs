//! All Secrets that a set can ask for by annotation, at once, on real nodes: it becomes ready, and the same manifest applied again, in every
//! way, changes nothing: no other template, no rollout.
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

use std::fs;

use quorate_cluster_tests::{Cluster, ControlPlane, Quorate, Rqlited, manifests};
use serde_json::{Value, json};

use crate::authorized::{USERS, credentials};
use crate::{on_each_major, with_rqlited};

#[test]
fn users_and_certificates_by_annotation_are_served_and_applied_again_change_nothing() {
    with_rqlited("secrets::all_at_once");
}

const ANNOTATIONS: &str = "quorate.dev/auth-secret: users, quorate.dev/join-as: node, \
    quorate.dev/http-tls-secret: certificate, quorate.dev/http-ca-secret: certificate, \
    quorate.dev/node-tls-secret: certificate, quorate.dev/node-ca-secret: certificate, \
    quorate.dev/node-verify-server-name: rqlite";

/// What each of them injects.
const INJECTED: [&str; 10] = [
    "-auth=",
    "-join-as=node",
    "-http-cert=",
    "-http-key=",
    "-http-ca-cert=",
    "-node-cert=",
    "-node-key=",
    "-node-ca-cert=",
    "-node-verify-server-name=rqlite",
    r#""scheme":"HTTPS""#,
];

/// What is asked of kubectl with the same manifest, one after the other. The last one drops what `kubectl apply` remembers.
const AGAIN: [&[&str]; 6] = [
    &["diff", "-f", "-"],
    &["apply", "-f", "-"],
    &["apply", "--server-side", "--force-conflicts", "-f", "-"],
    &["diff", "--server-side", "--force-conflicts", "-f", "-"],
    &["diff", "-f", "-"],
    &["replace", "-f", "-"],
];

#[test]
#[ignore = "only in a network of its own, for users_and_certificates_by_annotation_are_served_and_applied_again_change_nothing"]
fn all_at_once() {
    let plane = ControlPlane::shared();
    let issued = rcgen::generate_simple_self_signed(["rqlite".to_owned()]).unwrap();
    let folder = plane.folder().join("rqlite-access");
    credentials(&folder);
    fs::write(folder.join("ca.crt"), issued.cert.pem()).unwrap();
    let access = format!("lease: quorate-leader\n  access: [{{folder: {}, serverName: rqlite}}]", folder.display());
    let quorate = Quorate::installer(plane).configure("lease: quorate-leader", &access).install();
    let certificate = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": { "name": "certificate" },
        "stringData": {
            "tls.crt": issued.cert.pem(), "tls.key": issued.signing_key.serialize_pem(), "ca.crt": issued.cert.pem(),
        },
    });
    let users = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "users" }, "stringData": { "users.json": USERS },
    });
    let secrets = format!("{users}\n---\n{certificate}\n---\n");
    on_each_major(|rqlited| on(&quorate, rqlited, &secrets));
}

fn on(quorate: &Quorate<'_>, rqlited: &Rqlited, secrets: &str) {
    let set = manifests::database("rqlite", 3, &rqlited.version.to_string());
    let labels = "  labels:\n    app: rqlite\n";
    let set = set.replacen(labels, &format!("  annotations: {{ {ANNOTATIONS} }}\n{labels}"), 1);
    let test = format!("all_secrets_{}", rqlited.version.0);
    let cluster =
        Cluster::apply(quorate, &test, 3, &format!("{secrets}{set}"), |client| client.as_user("admin", "a").over_tls());
    let live = stored(&cluster);
    let template = live["template"].to_string();
    for injected in INJECTED {
        assert!(template.contains(injected), "{injected} is not in {template}");
    }
    // Asked as the user of the access, over HTTPS.
    let refusal = cluster.scale(1).refused();
    assert!(refusal.contains("leaves 1 of 3 voters, quorum is 2; seen "), "{refusal}");

    let kubectl = cluster.namespace.kubectl();
    for again in AGAIN {
        // A diff that shows something ends with 1.
        kubectl.run_with(&set, again).ok();
        assert_eq!(stored(&cluster), live, "{again:?}");
    }
    let other = set.replace("terminationGracePeriodSeconds: 10", "terminationGracePeriodSeconds: 60");
    let seen = kubectl.run_with(&other, ["diff", "-f", "-"]);
    assert!(seen.code == 1 && seen.stdout.contains("terminationGracePeriodSeconds: 60"), "{seen:?}");
    cluster.holds_all_rows(0..3);
    eprintln!("rqlited {}: ready with all Secrets, and applied again without a change", rqlited.version);
}

/// What another template or another rollout would change.
fn stored(cluster: &Cluster<'_>) -> Value {
    let kubectl = cluster.namespace.kubectl();
    let set = kubectl.get("statefulset/rqlite");
    let pods = kubectl.get("pods");
    let uids: Vec<&Value> = pods["items"].as_array().unwrap().iter().map(|pod| &pod["metadata"]["uid"]).collect();
    json!({
        "template": set["spec"]["template"],
        "generation": set["metadata"]["generation"],
        "revision": set["status"]["updateRevision"],
        "injected": set["metadata"]["annotations"]["quorate.dev/injected"],
        "revisions": cluster.namespace.names("controllerrevisions"),
        "pods": uids,
    })
}
