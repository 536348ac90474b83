//! The command lines of etcd, the API server and the controller manager, and the files they read.
//! Starts nothing.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::binaries::Binaries;
use crate::credentials::Credentials;

/// What `deploy/` and the tests need: the controllers of StatefulSets, Deployments and their Pods, of namespaces and
/// owners, and those without which no Pod is admitted (its service account, the state of its quota) and no aggregated role has rules.
const CONTROLLERS: [&str; 13] = [
    "statefulset-controller",
    "deployment-controller",
    "replicaset-controller",
    "endpointslice-controller",
    "namespace-controller",
    "disruption-controller",
    "horizontal-pod-autoscaler-controller",
    "garbage-collector-controller",
    "persistentvolumeclaim-protection-controller",
    "serviceaccount-controller",
    "resourcequota-controller",
    "clusterrole-aggregation-controller",
    "root-ca-certificate-publisher-controller",
];

/// The names of the files that the command lines point to.
const AUDIT_POLICY: &str = "audit-policy.json";
const EGRESS: &str = "egress.json";
/// Where the API server reaches the proxy to the Services.
pub(crate) const SERVICES_SOCKET: &str = "services.sock";

pub(crate) fn write_configuration(credentials: &Credentials) {
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy",
        "omitStages": ["RequestReceived"], "rules": [{ "level": "Metadata" }],
    });
    credentials.file(AUDIT_POLICY, &policy.to_string());
    let transport = json!({ "uds": { "udsName": credentials.path(SERVICES_SOCKET) } });
    let egress = json!({
        "apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            { "name": "cluster", "connection": { "proxyProtocol": "HTTPConnect", "transport": transport } },
        ],
    });
    credentials.file(EGRESS, &egress.to_string());
}

pub(crate) fn etcd(binaries: &Binaries, folder: &Path, clients: &str, peers: &str) -> Command {
    let mut command = Command::new(binaries.path("etcd"));
    command.arg("--data-dir").arg(folder.join("etcd"));
    command.args([
        // The state need not outlive the machine.
        "--unsafe-no-fsync",
        "--log-level=warn",
        &format!("--listen-client-urls={clients}"),
        &format!("--advertise-client-urls={clients}"),
        &format!("--listen-peer-urls={peers}"),
        &format!("--initial-advertise-peer-urls={peers}"),
        &format!("--initial-cluster=default={peers}"),
    ]);
    command
}

pub(crate) fn api_server(
    binaries: &Binaries,
    credentials: &Credentials,
    etcd: &str,
    port: u16,
    audit: &Path,
) -> Command {
    let mut command = Command::new(binaries.path("kube-apiserver"));
    command.args([
        &format!("--etcd-servers={etcd}"),
        &format!("--secure-port={port}"),
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        // It would not take a loopback address into the EndpointSlice of `kubernetes`.
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--profiling=false",
    ]);
    let files = [
        ("tls-cert-file", "serving.crt"),
        ("tls-private-key-file", "serving.key"),
        ("token-auth-file", "tokens.csv"),
        ("service-account-key-file", "accounts.pub"),
        ("service-account-signing-key-file", "accounts.key"),
        ("audit-policy-file", AUDIT_POLICY),
        ("egress-selector-config-file", EGRESS),
    ];
    for (flag, file) in files {
        command.arg(format!("--{flag}={}", credentials.path(file).display()));
    }
    command.arg(format!("--audit-log-path={}", audit.display()));
    command
}

pub(crate) fn controller_manager(binaries: &Binaries, credentials: &Credentials, kubeconfig: &Path) -> Command {
    let mut command = Command::new(binaries.path("kube-controller-manager"));
    command.args([
        &format!("--kubeconfig={}", kubeconfig.display()),
        &format!("--controllers={}", CONTROLLERS.join(",")),
        &format!("--root-ca-file={}", credentials.path("ca.crt").display()),
        // Each controller is its own user, as in every distribution: webhooks tell them apart by name.
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        // Instead of 15 s: an autoscaler acts while a test looks.
        "--horizontal-pod-autoscaler-sync-period=1s",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--profiling=false",
    ]);
    command
}
