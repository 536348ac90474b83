//! Where Quorate runs, by what API servers are told to call. A kubeconfig does not know: the namespace of its context is its user's.

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::{Api, Client};

/// The Service that the webhook entries call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    pub namespace: String,
    pub service: String,
}

impl Installation {
    /// None also where the configuration cannot be read: the checks that need it say so.
    pub(super) async fn find(client: &Client, webhooks: &str) -> Option<Self> {
        let configurations: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
        Self::of(configurations.get(webhooks).await.ok()?)
    }

    fn of(configuration: ValidatingWebhookConfiguration) -> Option<Self> {
        let services = configuration.webhooks.into_iter().flatten().map(|entry| entry.client_config.service);
        let service = services.flatten().next()?;
        Some(Self { namespace: service.namespace, service: service.name })
    }
}
