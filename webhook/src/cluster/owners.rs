//! Whether the owners exist that an update adds to a set: of a kind that this server may get, looked up by name and uid.
//! Of any other kind nothing is known; a cluster-scoped or foreign kind would need a right to everything.

use std::fmt::Debug;

use futures_util::future::join_all;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use rqlite::facts::Owner;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing::debug;

#[derive(Deserialize)]
struct Owned {
    metadata: Owners,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owners {
    #[serde(default)]
    owner_references: Vec<OwnerReference>,
}

fn of(object: Option<&str>) -> Vec<OwnerReference> {
    let owned = object.and_then(|json| serde_json::from_str(json).ok());
    owned.map(|owned: Owned| owned.metadata.owner_references).unwrap_or_default()
}

/// Those added owners that exist. None: nothing is added, or of one of them it cannot be known.
pub(super) async fn existing(client: &Client, namespace: &str, objects: [Option<&str>; 2]) -> Option<Vec<Owner>> {
    let [before, after] = objects.map(of);
    let is_new = |owner: &&OwnerReference| before.iter().all(|known| known.uid != owner.uid);
    let added: Vec<&OwnerReference> = after.iter().filter(is_new).collect();
    if added.is_empty() {
        return None;
    }
    let asked = join_all(added.iter().map(|owner| exists(client, namespace, owner))).await;
    let known: Option<Vec<bool>> = asked.into_iter().collect();
    Some(added.iter().zip(known?).filter(|(_, exists)| *exists).map(|(owner, _)| fact(owner)).collect())
}

fn fact(owner: &OwnerReference) -> Owner {
    Owner { kind: Some(owner.kind.clone()), name: Some(owner.name.clone()), uid: owner.uid.clone() }
}

async fn exists(client: &Client, namespace: &str, owner: &OwnerReference) -> Option<bool> {
    match (owner.api_version.as_str(), owner.kind.as_str()) {
        ("v1", "ConfigMap") => has::<ConfigMap>(client, namespace, owner).await,
        ("v1", "Pod") => has::<Pod>(client, namespace, owner).await,
        ("apps/v1", "StatefulSet") => has::<StatefulSet>(client, namespace, owner).await,
        _ => None,
    }
}

async fn has<K>(client: &Client, namespace: &str, owner: &OwnerReference) -> Option<bool>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let all: Api<K> = Api::namespaced(client.clone(), namespace);
    match all.get_metadata_opt(&owner.name).await {
        Ok(found) => Some(found.is_some_and(|found| found.metadata.uid.as_deref() == Some(owner.uid.as_str()))),
        Err(error) => {
            debug!(owner = owner.name, %error, "owner could not be looked up");
            None
        }
    }
}
