//! Nodes that ask for a user, who comes from a Secret; Quorate asks as another one, who may see the status and nothing else.

use std::fs;
use std::path::Path;

use quorate_cluster_tests::{Cluster, ControlPlane, Quorate, between, ids_in, majors, manifests};

use crate::{on_each_major, with_rqlited};

#[test]
fn a_cluster_with_users_from_a_secret_grows_and_shrinks() {
    with_rqlited("authorized::with_users");
}

#[test]
fn nodes_that_serve_https_are_asked_by_the_ca_that_is_configured() {
    with_rqlited("authorized::over_https");
}

/// An entry that leaves a key out would inherit it from the one before.
pub(crate) const USERS: &str = r#"[{"username":"*","password":"","perms":["ready"]},{"username":"node","password":"n","perms":["join","remove"]},{"username":"quorate","password":"q","perms":["status"]},{"username":"admin","password":"a","perms":["all"]}]"#;

/// As a mounted Secret.
pub(crate) fn credentials(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("username"), "quorate").unwrap();
    fs::write(folder.join("password"), "q").unwrap();
}

#[test]
#[ignore = "only in a network of its own, for a_cluster_with_users_from_a_secret_grows_and_shrinks"]
fn with_users() {
    let plane = ControlPlane::shared();
    let folder = plane.folder().join("rqlite-status");
    credentials(&folder);
    let access = format!("lease: quorate-leader\n  access: [{{folder: {}}}]", folder.display());
    let quorate = Quorate::installer(plane).configure("lease: quorate-leader", &access).install();
    on_each_major(|rqlited| {
        let set = manifests::database("rqlite", 3, &rqlited.version.to_string()).replacen(
            "  labels:\n    app: rqlite\n",
            "  annotations: { quorate.dev/auth-secret: rqlite-users, quorate.dev/join-as: node }\n  labels:\n    app: rqlite\n",
            1,
        );
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: rqlite-users\nstringData:\n  users.json: '{USERS}'\n---\n"
        );
        let test = format!("with_users_{}", rqlited.version.0);
        let cluster =
            Cluster::apply(&quorate, &test, 3, &format!("{secret}{set}"), |client| client.as_user("admin", "a"));
        cluster.namespace.rqlite("rqlite-0").nodes().unwrap_err();
        cluster.scaled(5);
        let refusal = cluster.scale(2).refused();
        assert!(refusal.contains("leaves 2 of 5 voters, quorum is 3; seen "), "{refusal}");
        let target: u32 = between(&refusal, "; scale to ", ",").parse().unwrap();
        let passed = cluster.scaled(target).stderr;
        assert!(!ids_in(&passed).is_empty(), "{passed}");
        let left: Vec<String> = cluster.voters().into_iter().filter(|id| id.as_str() >= "rqlite-3").collect();
        cluster.remove(&left);
        cluster.holds_all_rows(0..3);
        eprintln!("rqlited {}: 3 -> 5 -> 3 with users from a Secret", rqlited.version);
    });
}

/// `quorate.dev/http-tls-secret` mounts the certificate; the configured access holds what it is checked by.
#[test]
#[ignore = "only in a network of its own, for nodes_that_serve_https_are_asked_by_the_ca_that_is_configured"]
fn over_https() {
    let plane = ControlPlane::shared();
    let folder = plane.folder().join("rqlite-ca");
    let issued = rcgen::generate_simple_self_signed(["rqlite".to_owned()]).unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ca.crt"), issued.cert.pem()).unwrap();
    let access = format!("lease: quorate-leader\n  access: [{{folder: {}, serverName: rqlite}}]", folder.display());
    let quorate = Quorate::installer(plane).configure("lease: quorate-leader", &access).install();
    let secret = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": { "name": "http" },
        "stringData": { "tls.crt": issued.cert.pem(), "tls.key": issued.signing_key.serialize_pem() },
    });
    for rqlited in majors() {
        let set = manifests::database("rqlite", 3, &rqlited.version.to_string()).replacen(
            "  labels:\n    app: rqlite\n",
            "  annotations: { quorate.dev/http-tls-secret: http }\n  labels:\n    app: rqlite\n",
            1,
        );
        let test = format!("over_https_{}", rqlited.version.0);
        let cluster = Cluster::apply(&quorate, &test, 3, &format!("{secret}\n---\n{set}"), |client| client.over_tls());
        let refusal = cluster.scale(1).refused();
        assert!(refusal.contains("leaves 1 of 3 voters, quorum is 2; seen "), "{refusal}");
        // Another CA: nobody is believed.
        let other = rcgen::generate_simple_self_signed(["rqlite".to_owned()]).unwrap();
        fs::write(folder.join("ca.crt"), other.cert.pem()).unwrap();
        let refusal = cluster.scale(1).refused();
        assert!(refusal.contains("no live view (rqlite-0: ") && refusal.contains("certificate"), "{refusal}");
        fs::write(folder.join("ca.crt"), issued.cert.pem()).unwrap();
        eprintln!("rqlited {}: asked over HTTPS, and not by another CA", rqlited.version);
    }
}
