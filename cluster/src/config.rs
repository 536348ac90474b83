//! Where in the cluster the server stands, and the names of the objects that it keeps.
//! Reads no file; `cli` fills it from the configuration.

use crate::RqliteAccess;

/// The names that the installation gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    /// The server's own namespace.
    pub namespace: String,
    /// The Service through which the API server calls.
    pub service: String,
    /// `metadata.name` of the ValidatingWebhookConfiguration and of the MutatingWebhookConfiguration.
    pub webhooks: String,
    /// The Secret with the server's own certificate.
    pub secret: String,
    /// The Lease that one replica holds.
    pub lease: String,
    /// The ConfigMaps of the reservations, up to the number behind it.
    pub reservations: String,
    /// Who holds the lease: the pod's name.
    pub identity: String,
    /// How rqlite's nodes are asked; without one that fits, over plain HTTP and as nobody.
    pub access: Vec<RqliteAccess>,
}

impl ClusterConfig {
    /// The names that the chart gives.
    pub fn in_namespace(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            service: "quorate".to_owned(),
            webhooks: "quorate".to_owned(),
            secret: "quorate-certificate".to_owned(),
            lease: "quorate-leader".to_owned(),
            reservations: "quorate-reservations".to_owned(),
            identity: "quorate".to_owned(),
            access: Vec::new(),
        }
    }

    /// The ConfigMap of that slot.
    pub(crate) fn slot(&self, slot: usize) -> String {
        format!("{}-{slot}", self.reservations)
    }
}
