//! Whole manifests in the shape of the official ones: an rqlite set, and one that is not.
//! A test that needs another shape writes it itself, or edits these.

/// An rqlite StatefulSet of the official shape (arguments, a headless Service, a claim per Pod), with both its Services.
#[must_use]
pub fn rqlite(name: &str, replicas: u32) -> String {
    format!(
        r#"apiVersion: v1
kind: Service
metadata:
  name: {name}-internal
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    app: {name}
  ports:
  - port: 4001
---
{}"#,
        rqlite_set(name, replicas)
    )
}

/// `rqlite` with the official readiness probe and an image tag: for nodes that are real (`Namespace::run_rqlited`).
#[must_use]
pub fn database(name: &str, replicas: u32, tag: &str) -> String {
    let probe = "        readinessProbe:
          httpGet:
            path: /readyz
            port: rqlite
          periodSeconds: 5
          timeoutSeconds: 2
        ports:
";
    rqlite(name, replicas)
        .replace("rqlite/rqlite:10.2.0", &format!("rqlite/rqlite:{tag}"))
        .replace("        ports:\n", probe)
}

/// The same with one more argument of rqlited, which must be one that finds the others by DNS.
#[must_use]
#[track_caller]
pub fn with_argument(manifest: &str, argument: &str) -> String {
    const DISCOVERY: &str = "        - -disco-mode=dns\n";
    assert!(manifest.contains(DISCOVERY), "{DISCOVERY} is not in\n{manifest}");
    manifest.replace(DISCOVERY, &format!("        - {argument}\n{DISCOVERY}"))
}

/// The same whose nodes do not remove themselves: the user's word, where Quorate would inject it.
#[must_use]
#[track_caller]
pub fn without_self_removal(manifest: &str) -> String {
    with_argument(manifest, "-raft-cluster-remove-shutdown=false")
}

/// The StatefulSet of `rqlite` alone.
#[must_use]
pub fn rqlite_set(name: &str, replicas: u32) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {name}
  labels:
    app: {name}
spec:
  serviceName: {name}-internal
  replicas: {replicas}
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: rqlite
        image: rqlite/rqlite:10.2.0
        args:
        - -disco-mode=dns
        - -disco-config={{"name":"{name}-internal"}}
        - -bootstrap-expect={replicas}
        ports:
        - name: rqlite
          containerPort: 4001
        volumeMounts:
        - name: rqlite-file
          mountPath: /rqlite/file
  volumeClaimTemplates:
  - metadata:
      name: rqlite-file
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: standard
      resources:
        requests:
          storage: 1Gi
"#
    )
}

/// A StatefulSet that has nothing to do with rqlite, with a claim per Pod.
#[must_use]
pub fn other_set(name: &str, replicas: u32) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {name}
spec:
  serviceName: {name}
  replicas: {replicas}
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
      - name: web
        image: nginx:1.29
  volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: standard
      resources:
        requests:
          storage: 1Gi
"#
    )
}
