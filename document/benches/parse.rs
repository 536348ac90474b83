//! What it costs to read a StatefulSet and seven of its values, beside a tree of `serde_json`, in one run.
//! A table on standard output; asserts nothing. With an argument, only the calls of that name run, for callgrind.
#![expect(clippy::print_stdout, reason = "a table is its result")]
#![expect(clippy::expect_used, reason = "a bench that cannot be set up fails")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use quorate_document::{Document, Edits, Limits, Pattern, Pointer};
use serde_json::{Value, json};

/// Calls of each kind in one round. The rounds of all kinds alternate, so that a busy moment meets all of them.
const CALLS: usize = 200;
const ROUNDS: usize = 60;

/// What a policy reads: replicas, label, image, limits, privileged, arguments, claim.
const READS: [&str; 7] = [
    "/spec/replicas",
    "/metadata/labels/app",
    "/spec/template/spec/containers/0/image",
    "/spec/template/spec/containers/0/resources/limits/memory",
    "/spec/template/spec/containers/0/securityContext/privileged",
    "/spec/template/spec/containers/0/args",
    "/spec/volumeClaimTemplates/0/metadata/name",
];

type Call<'c> = (&'static str, Box<dyn Fn() + 'c>);

fn main() {
    // Cargo passes `--bench`.
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("| text | bytes | call | median | of the tree |");
    println!("|---|---|---|---|---|");
    report("made by code", &stateful_set(), only.as_deref());
    match recorded() {
        Some(object) => report("recorded", &object, only.as_deref()),
        None => println!("SKIPPED: no recorded object, ../shared/upstream/reviews is not there"),
    }
}

fn report(title: &str, text: &str, only: Option<&str>) {
    let managed_fields = [Pattern::parse("/metadata/managedFields").expect("a pattern")];
    let tree = || serde_json::from_str::<Value>(black_box(text)).expect("JSON");
    let index = || Document::parse(black_box(text), &Limits::DEFAULT).expect("JSON");
    let without = || Document::parse_without(black_box(text), &Limits::DEFAULT, &managed_fields).expect("JSON");
    let document = index();
    let calls: [Call<'_>; 6] = [
        ("tree", Box::new(|| drop(black_box(tree())))),
        ("tree-reads", Box::new(|| read_tree(&tree()))),
        ("index", Box::new(|| drop(black_box(index())))),
        ("index-without", Box::new(|| drop(black_box(without())))),
        ("index-reads", Box::new(|| read(&index()))),
        ("edits", Box::new(|| edit(&document))),
    ];
    let medians = medians(&calls, only);
    let whole = medians.first().map_or(1.0, Duration::as_secs_f64);
    for ((name, _), median) in calls.iter().zip(&medians).filter(|(_, median)| !median.is_zero()) {
        println!("| {title} | {} | {name} | {median:.2?} | {:.3} |", text.len(), median.as_secs_f64() / whole);
    }
}

fn read_tree(tree: &Value) {
    for read in READS {
        black_box(tree.pointer(read));
    }
}

fn read(document: &Document) {
    for read in READS {
        black_box(document.get(&Pointer::parse(read).expect("a pointer")));
    }
}

/// An argument and a volume, as an injection sets them.
fn edit(document: &Document) {
    let mut edits = Edits::new(&Limits::DEFAULT);
    edits.append("/spec/template/spec/containers/0/args", r#""-raft-cluster-remove-shutdown=true""#).expect("an edit");
    edits.set_text("/metadata/annotations/quorate.dev~1injected", "true").expect("an edit");
    black_box(edits.apply(document).expect("they apply"));
}

/// Of one call, in the order of `calls`; zero for those that did not run.
fn medians(calls: &[Call<'_>], only: Option<&str>) -> Vec<Duration> {
    let mut rounds = vec![Vec::with_capacity(ROUNDS); calls.len()];
    for _ in 0..ROUNDS {
        for ((name, call), times) in calls.iter().zip(&mut rounds) {
            if only.is_some_and(|only| only != *name) {
                continue;
            }
            let started = Instant::now();
            (0..CALLS).for_each(|_| call());
            times.push(started.elapsed() / CALLS as u32);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    rounds.into_iter().map(median).collect()
}

/// The object of an update that a real API server sent. The recording is indented, what is sent is not.
fn recorded() -> Option<String> {
    let reviews = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/upstream/reviews");
    let text = std::fs::read_to_string(reviews.join("36-chart-update-statefulsets.json")).ok()?;
    let review: Value = serde_json::from_str(&text).ok()?;
    Some(review.pointer("/request/object")?.to_string())
}

/// A StatefulSet of about 12 kB in the shape of the official one, with the managedFields of its two writers.
fn stateful_set() -> String {
    let variables: Vec<Value> = (0..76)
        .map(|number| json!({"name": format!("VARIABLE_{number}"), "value": format!("a value of {number} in quotes: \"{number}\"")}))
        .collect();
    let probe = |path: &str| json!({"httpGet": {"scheme": "HTTP", "path": path, "port": "rqlite"}, "initialDelaySeconds": 5, "periodSeconds": 5, "timeoutSeconds": 2});
    let mounts: Vec<Value> =
        (0..8).map(|number| json!({"name": format!("volume-{number}"), "mountPath": format!("/rqlite/{number}"), "readOnly": true})).collect();
    let volumes: Vec<Value> = (0..8)
        .map(|number| json!({"name": format!("volume-{number}"), "secret": {"secretName": format!("secret-{number}"), "defaultMode": 420}}))
        .collect();
    let owned: serde_json::Map<String, Value> =
        (0..110).map(|number| (format!("f:field-{number}"), json!({}))).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {
            "name": "rqlite", "namespace": "db", "uid": "b1f0c5f4-2f4e-4a9e-9f53-3a4a7f7e0b11", "resourceVersion": "123456", "generation": 4,
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "rqlite"}, "annotations": {"example.com/owner": "the database team"},
            "managedFields": [
                {"manager": "kubectl", "operation": "Apply", "apiVersion": "apps/v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": owned}},
                {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:status": owned}},
            ],
        },
        "spec": {
            "replicas": 3, "serviceName": "rqlite-internal", "podManagementPolicy": "Parallel", "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": "rqlite"}},
            "template": {
                "metadata": {"labels": {"app": "rqlite"}},
                "spec": {
                    "terminationGracePeriodSeconds": 30, "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": {"fsGroup": 1000},
                    "containers": [{
                        "name": "rqlite", "image": "rqlite/rqlite:9.4.5", "imagePullPolicy": "IfNotPresent",
                        "args": ["-disco-mode=dns", "-disco-config={\"name\":\"rqlite-internal\"}", "-bootstrap-expect", "3", "-join-interval=1s"],
                        "ports": [{"name": "rqlite", "containerPort": 4001, "protocol": "TCP"}],
                        "env": variables, "volumeMounts": mounts,
                        "readinessProbe": probe("/readyz"), "livenessProbe": probe("/readyz?noleader"),
                        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
                        "securityContext": {"privileged": false},
                    }],
                    "volumes": volumes,
                },
            },
            "volumeClaimTemplates": [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "rqlite-file"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"}}],
        },
        "status": {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 3, "currentRevision": "rqlite-5d4f8c7b9", "collisionCount": 0},
    })
    .to_string()
}
