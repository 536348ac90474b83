//! Thousands of namespaces, and one that cannot end: neither keeps Quorate from starting, guarding, or going.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Namespace as Object;
use kube::Api;
use kube::api::PostParams;
use quorate_cluster_tests::{ControlPlane, Quorate, await_nothing_left, block_on, eventually, manifests};
use serde_json::json;

const NAMESPACES: usize = 2_000;
/// Creations under way.
const AT_A_TIME: usize = 32;

async fn create(plane: &ControlPlane) {
    let api: Api<Object> = Api::all(plane.client().await);
    let created = (0..NAMESPACES).map(|number| {
        let api = api.clone();
        async move {
            let object = serde_json::from_value(json!({"metadata": {"name": format!("team-{number}")}})).unwrap();
            api.create(&PostParams::default(), &object).await.unwrap();
        }
    });
    stream::iter(created).buffer_unordered(AT_A_TIME).collect::<Vec<()>>().await;
}

#[test]
fn among_thousands_of_namespaces_one_that_cannot_end_keeps_nothing() {
    let plane = ControlPlane::start("namespaces");
    block_on(create(&plane));
    let installer = Quorate::installer(&plane);
    let quorate = installer.clone().install();
    let (guarded, stuck) = (quorate.voters("guarded"), quorate.voters("stuck"));
    guarded.await_guarded("rqlite");

    // Its voters are stopped, so that it may go; and then something in it keeps it.
    stuck.kubectl().line("scale statefulset/rqlite --replicas=0").ok();
    let keeps =
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"kept","finalizers":["example.com/never"]}}"#;
    stuck.apply(keeps).ok();
    eventually("the namespace to be on its way out", || {
        let output = plane.kubectl().line(&format!("delete namespace {} --wait=false", stuck.name()));
        if output.succeeded() { Ok(()) } else { Err(output.stderr) }
    });
    eventually("its set to have gone", || match stuck.kubectl().find("statefulset/rqlite") {
        Err(error) if error.contains("NotFound") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert!(stuck.apply(&manifests::rqlite("late", 3)).refused().contains("is being terminated"));

    // A replica that starts now reads both, and Quorate can be taken out while the other one stays.
    quorate.roll();
    guarded.await_guarded("rqlite");
    quorate.stop();
    installer.uninstall().ok();
    guarded.kubectl().line("scale statefulset/rqlite --replicas=1").ok();
    await_nothing_left(&plane);
}
