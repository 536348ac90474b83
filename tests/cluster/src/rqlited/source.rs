//! What a kubelet reads from the API for a container: ConfigMaps and Secrets as maps of bytes, claims, the namespace's sets.

use std::collections::BTreeMap;
use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret};
use kube::api::{Api, ListParams};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;

use super::waiting::Waiting;

pub(super) type Entries = BTreeMap<String, Vec<u8>>;

#[derive(Clone)]
pub(super) struct Source {
    client: Client,
    namespace: String,
}

impl Source {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned() }
    }

    /// None: there is no such ConfigMap.
    pub(super) async fn config_map(&self, name: &str) -> Result<Option<Entries>, Waiting> {
        let found = self.find::<ConfigMap>(name).await?;
        Ok(found.map(|found| {
            let text = found.data.into_iter().flatten().map(|(key, text)| (key, text.into_bytes()));
            let binary = found.binary_data.into_iter().flatten().map(|(key, bytes)| (key, bytes.0));
            text.chain(binary).collect()
        }))
    }

    /// None: there is no such Secret.
    pub(super) async fn secret(&self, name: &str) -> Result<Option<Entries>, Waiting> {
        let found = self.find::<Secret>(name).await?;
        Ok(found.map(|found| found.data.into_iter().flatten().map(|(key, bytes)| (key, bytes.0)).collect()))
    }

    /// The uid of a claim.
    pub(super) async fn claim(&self, name: &str) -> Result<Option<String>, Waiting> {
        Ok(self.find::<PersistentVolumeClaim>(name).await?.and_then(|claim| claim.metadata.uid))
    }

    pub(super) async fn sets(&self) -> Result<Vec<StatefulSet>, Waiting> {
        let list = self.api::<StatefulSet>().list(&ListParams::default()).await;
        list.map(|list| list.items).map_err(|error| Waiting::volume(format!("statefulsets: {error}")))
    }

    pub(super) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn find<K>(&self, name: &str) -> Result<Option<K>, Waiting>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        self.api::<K>().get_opt(name).await.map_err(|error| Waiting::volume(format!("{name}: {error}")))
    }
}
