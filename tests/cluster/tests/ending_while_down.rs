//! With Quorate down, what Kubernetes itself has to end ends: a namespace with a running rqlite set, and an orphaned set.
//! A binary of its own: it takes Quorate down while objects that it guards are there.

use quorate_cluster_tests::{ControlPlane, Quorate, eventually, manifests};

#[test]
fn a_namespace_with_running_voters_ends() {
    let plane = ControlPlane::shared();
    let quorate = Quorate::install(plane);
    let doomed = plane.namespace("doomed");
    let orphaned = plane.namespace("orphaned");
    for namespace in [&doomed, &orphaned] {
        namespace.apply(&manifests::rqlite("rqlite", 3)).ok();
        namespace.await_ready("rqlite", 3);
        quorate.await_known(namespace, "rqlite");
    }
    orphaned.kubectl().line("delete statefulset/rqlite --cascade=orphan --wait=false").ok();
    quorate.stop();
    // Whoever begins it has to be let: here one of those who end it.
    let cleaner = "--as=system:serviceaccount:kube-system:namespace-controller";
    plane.kubectl().line(&format!("delete namespace {} --wait=false {cleaner}", doomed.name())).ok();
    eventually("the namespace to end", || match plane.kubectl().find(&format!("namespace/{}", doomed.name())) {
        Ok(namespace) => Err(namespace["status"].to_string()),
        Err(_) => Ok(()),
    });
    eventually("the orphaned set to end", || {
        if orphaned.names("statefulsets").is_empty() { Ok(()) } else { Err("it is still there") }
    });
    assert_eq!(orphaned.pods().len(), 3);
}
