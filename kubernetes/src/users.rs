//! Who asks, as Kubernetes names them: its own parts, ServiceAccounts, everybody.
//! What a user may do is for the policies.

/// What deletes on Kubernetes' own behalf: while these cannot, a deleted namespace hangs. Exactly these, as kube-controller-manager
/// 1.36.3 calls them (measured); the last one with `--use-service-account-credentials=false`.
pub const SYSTEM_DELETERS: [&str; 3] = [
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:kube-controller-manager",
];

/// The namespaces of Kubernetes itself.
pub const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// The group of everybody who has logged in.
pub const AUTHENTICATED: &str = "system:authenticated";

/// The user that a ServiceAccount is.
pub fn service_account(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

/// The groups of a ServiceAccount, beside [`AUTHENTICATED`].
pub fn service_account_groups(namespace: &str) -> Vec<String> {
    vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]
}
