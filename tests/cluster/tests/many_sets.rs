//! More known sets than one object may hold, on an etcd with its default limit: they are guarded by their namespaces.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use futures_util::{StreamExt, stream};
use k8s_openapi::api::apps::v1::StatefulSet;
use kube::Api;
use kube::api::PostParams;
use quorate_cluster_tests::{ControlPlane, Namespace, Quorate, block_on, eventually};
use serde_json::{Value, json};

const SETS: usize = 10_000;
/// Namespaces to spread them over.
const NAMESPACES: usize = 10;
/// Creations under way.
const AT_A_TIME: usize = 32;
/// What etcd takes in one request by default.
const ETCD_BYTES: f64 = 1_572_864.0;

/// As long as the controller can still make names of revisions and pods of it.
fn name(number: usize) -> String {
    format!("db-{number:049}")
}

/// Nothing of it but its launch says rqlite, so that its scale is asked about only if it is known.
fn set(number: usize, replicas: u32) -> StatefulSet {
    let (name, labels) = (name(number), json!({"app": "db"}));
    let container = json!({
        "name": "db", "image": "rqlite/rqlite:10.2.0", "args": ["-disco-mode=dns", "-disco-config={\"name\":\"db\"}", "-bootstrap-expect=3"],
        "volumeMounts": [{"name": "file", "mountPath": "/rqlite/file"}],
    });
    let claim = json!({"metadata": {"name": "file"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
        "resources": {"requests": {"storage": "1Gi"}}}});
    let set = json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "serviceName": "db", "podManagementPolicy": "Parallel", "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}, "volumeClaimTemplates": [claim],
        },
    });
    serde_json::from_value(set).unwrap()
}

/// The first one with three voters; all others stopped.
async fn create(plane: &ControlPlane, namespaces: &[Namespace<'_>]) {
    let client = plane.client().await;
    let created = (0..SETS).map(|number| {
        let api: Api<StatefulSet> = Api::namespaced(client.clone(), namespaces[number % NAMESPACES].name());
        async move {
            let set = set(number, if number == 0 { 3 } else { 0 });
            api.create(&PostParams::default(), &set).await.unwrap();
        }
    });
    stream::iter(created).buffer_unordered(AT_A_TIME).collect::<Vec<()>>().await;
}

#[test]
fn ten_thousand_sets_of_long_names_are_guarded() {
    let plane = ControlPlane::start("many-sets");
    let namespaces: Vec<Namespace<'_>> =
        (0..NAMESPACES).map(|number| plane.namespace(&format!("sets_{number}"))).collect();
    block_on(create(&plane, &namespaces));
    let quorate = Quorate::install(&plane);
    let entry = |object: &Value| {
        let entries = object["webhooks"].as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .find(|entry| entry["name"] == "known-scale.quorate.dev")
            .map(Value::to_string)
            .unwrap_or_default()
    };
    eventually("all namespaces in the entry for scales", || {
        let entry = entry(&plane.kubectl().find("validatingwebhookconfiguration/quorate")?);
        let missing = namespaces.iter().filter(|namespace| !entry.contains(&format!("'{}'", namespace.name()))).count();
        if missing == 0 { Ok(()) } else { Err(format!("{missing} are missing in {} bytes", entry.len())) }
    });
    let size = "quorate_registration_size_bytes{configuration=\"ValidatingWebhookConfiguration\"}";
    let bytes = quorate.replica(0).metric(size).unwrap();
    assert!(bytes > 0.0 && bytes < ETCD_BYTES, "{bytes}");
    let refusal = namespaces[0].kubectl().line(&format!("scale statefulset/{} --replicas=1", name(0))).refused();
    assert!(refusal.contains("leaves 1 of 3 voters"), "{refusal}");
}
