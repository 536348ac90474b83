//! Users of rqlite for the scenarios of secret-mounts: their file, the objects that hold it, and manifests that mount it.

use quorate_cluster_tests::Rqlite;

/// An entry that leaves a key out would inherit it from the one before.
pub(crate) const USERS: &str = r#"[{"username":"*","password":"","perms":["ready"]},{"username":"node","password":"n","perms":["join","remove"]},{"username":"admin","password":"a","perms":["all"]}]"#;

/// Other ones, under the same names of nodes.
pub(crate) const OTHERS: &str = r#"[{"username":"*","password":"","perms":["ready"]},{"username":"node","password":"n","perms":["join","remove"]},{"username":"intruder","password":"i","perms":["all"]}]"#;

pub(crate) fn as_admin(client: Rqlite) -> Rqlite {
    client.as_user("admin", "a")
}

/// A Secret with such a file.
pub(crate) fn secret(name: &str, users: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  users.json: '{users}'\n---\n")
}

/// A ConfigMap with such a file.
pub(crate) fn config_map(name: &str, users: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  users.json: '{users}'\n---\n")
}

/// Mounts a Secret (`secret: {secretName: x}`) or a ConfigMap (`configMap: {name: x}`) as the volume `users`.
pub(crate) fn mounted(manifest: &str, source: &str, at: &str) -> String {
    let mount = format!("        volumeMounts:\n        - name: users\n          mountPath: {at}\n");
    let volume = format!("      volumes:\n      - name: users\n        {source}\n      containers:\n");
    manifest.replace("        volumeMounts:\n", &mount).replace("      containers:\n", &volume)
}

/// Annotations of the StatefulSet itself.
pub(crate) fn annotated(manifest: &str, annotations: &str) -> String {
    let labels = "kind: StatefulSet\nmetadata:\n  name: rqlite\n";
    assert!(manifest.contains(labels), "no StatefulSet in\n{manifest}");
    manifest.replacen(labels, &format!("{labels}  annotations: {{ {annotations} }}\n"), 1)
}
