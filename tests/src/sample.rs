//! A StatefulSet as users write it, in the shape of rqlite's own 3-node manifest (`rqlite/kubernetes-configuration`).
//! Says nothing about what the verdict on it should be.

use serde_json::{Value, json};

/// `db/rqlite` with so many voters and bootstrap-expect 3, DNS discovery and one claim per pod.
pub fn rqlite_set(replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "rqlite", "namespace": "db", "labels": {"app": "rqlite"}},
        "spec": {
            "replicas": replicas,
            "serviceName": "rqlite-internal",
            "podManagementPolicy": "Parallel",
            "revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "selector": {"matchLabels": {"app": "rqlite"}},
            "template": {
                "metadata": {"labels": {"app": "rqlite"}},
                "spec": {
                    "terminationGracePeriodSeconds": 30,
                    "restartPolicy": "Always",
                    "dnsPolicy": "ClusterFirst",
                    "schedulerName": "default-scheduler",
                    "securityContext": {},
                    "containers": [container()],
                },
            },
            "volumeClaimTemplates": [{
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "rqlite-file"},
                "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard", "volumeMode": "Filesystem",
                         "resources": {"requests": {"storage": "1Gi"}}},
                "status": {"phase": "Pending"},
            }],
        },
    })
}

fn container() -> Value {
    let probe = |path: &str| {
        json!({"httpGet": {"scheme": "HTTP", "path": path, "port": "rqlite"}, "initialDelaySeconds": 5,
               "periodSeconds": 5, "timeoutSeconds": 2, "successThreshold": 1, "failureThreshold": 3})
    };
    json!({
        "name": "rqlite",
        "image": "rqlite/rqlite:9.4.5",
        "imagePullPolicy": "IfNotPresent",
        "args": ["-disco-mode=dns", "-disco-config={\"name\":\"rqlite-internal\"}", "-bootstrap-expect", "3",
                 "-join-interval=1s", "-join-attempts=120"],
        "ports": [{"name": "rqlite", "containerPort": 4001, "protocol": "TCP"}],
        "readinessProbe": probe("/readyz"),
        "livenessProbe": probe("/readyz?noleader"),
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": "rqlite-file", "mountPath": "/rqlite/file"}],
    })
}
