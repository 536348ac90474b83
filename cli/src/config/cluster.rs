//! The section `cluster` of the configuration: that there is one, and the names of our objects in it.
//! Connects to nothing.

use quorate_webhook::cluster::ClusterConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cluster that the server guards: it learns from it which sets there are, and keeps its webhook configurations right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Cluster {
    /// The server's own namespace. Absent: that of its pod, or of the kubeconfig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// Name of the Service through which the API server calls.
    pub(crate) service: String,
    /// Name of the ValidatingWebhookConfiguration and of the MutatingWebhookConfiguration.
    pub(crate) webhooks: String,
    /// Name of the Secret with the certificate that the server makes for itself.
    pub(crate) secret: String,
    /// Name of the Lease that the writing replica holds.
    pub(crate) lease: String,
}

impl Default for Cluster {
    fn default() -> Self {
        let ClusterConfig { service, webhooks, secret, lease, .. } = ClusterConfig::in_namespace("");
        Self { namespace: None, service, webhooks, secret, lease }
    }
}

impl Cluster {
    /// `home` is the namespace that the pod or the kubeconfig names, `identity` the pod's name.
    pub(crate) fn within(&self, home: &str, identity: String) -> ClusterConfig {
        let Self { namespace, service, webhooks, secret, lease } = self.clone();
        ClusterConfig {
            namespace: namespace.unwrap_or_else(|| home.to_owned()),
            service,
            webhooks,
            secret,
            lease,
            identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cluster;

    #[test]
    fn stands_in_its_own_namespace_unless_told_otherwise() {
        let here = Cluster::default().within("quorate-system", "quorate-1".to_owned());
        assert_eq!((here.namespace.as_str(), here.service.as_str()), ("quorate-system", "quorate"));
        let elsewhere = Cluster { namespace: Some("guard".to_owned()), ..Cluster::default() };
        assert_eq!(elsewhere.within("quorate-system", String::new()).namespace, "guard");
    }
}
