//! What an object carries that the server makes itself, and no installer: whose it is, and an owner with which it goes.
//! The owner is the Service through which the API server calls. Without it Quorate is not installed, or not any more, and nothing is made:
//! what a replica creates while it is being removed would stay.

use k8s_openapi::api::core::v1::Service;
use kube::api::ObjectMeta;
use kube::{Api, Client, Error, Resource};

use crate::ClusterConfig;
use crate::registration::labels;

/// Metadata of an object of that name in the server's namespace.
pub(crate) async fn metadata(client: Client, config: &ClusterConfig, name: &str) -> Result<ObjectMeta, Error> {
    let services: Api<Service> = Api::namespaced(client, &config.namespace);
    Ok(owned_by(&services.get(&config.service).await?, name))
}

fn owned_by(service: &Service, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some(labels()),
        // It does not block the owner's deletion: OpenShift asks for a right to the owner's finalizers then.
        owner_references: Some(service.owner_ref(&()).into_iter().collect()),
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_goes_with_the_service() {
        let service = serde_json::from_value(json!({"metadata": {"name": "quorate", "uid": "u-1"}})).unwrap();
        assert_eq!(
            json!(owned_by(&service, "quorate-leader")),
            json!({
                "name": "quorate-leader",
                "labels": {"app.kubernetes.io/name": "quorate"},
                "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": "quorate", "uid": "u-1"}],
            })
        );
    }
}
