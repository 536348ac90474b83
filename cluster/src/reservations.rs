//! The reservations' slots in the API server: a ConfigMap each, of the chart, with an entry a reservation.
//! Knows nothing of what stands in one.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Error};
use serde_json::{Value, json};

use crate::ClusterConfig;
use crate::store::{ReservationStore, StoreError, StoreFuture, StoredSlot, WriteResult};

/// Slots out of a cluster.
pub(crate) struct ReservationMaps {
    client: Client,
    config: ClusterConfig,
}

impl ReservationMaps {
    pub(crate) fn new(client: Client, config: ClusterConfig) -> Self {
        Self { client, config }
    }

    fn api(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), &self.config.namespace)
    }

    fn failed(&self, slot: usize, verb: &str, error: &Error) -> StoreError {
        let map = format!("ConfigMap {}/{}", self.config.namespace, self.config.slot(slot));
        let code = if let Error::Api(status) = error { status.code } else { 0 };
        let (why, remedy) = match code {
            404 => (format!("{map} is not there"), "install Quorate again: its chart and its manifest have it"),
            403 => (format!("{map}: no right to {verb} it"), "install Quorate again: its Role has that right"),
            _ => (format!("{map}: {error}"), "try again"),
        };
        let remedy = remedy.to_owned();
        StoreError { why, remedy }
    }
}

impl ReservationStore for ReservationMaps {
    fn read(&self, slot: usize) -> StoreFuture<'_, StoredSlot> {
        Box::pin(async move {
            let map = self.api().get(&self.config.slot(slot)).await;
            map.map(stored).map_err(|error| self.failed(slot, "get", &error))
        })
    }

    fn write<'a>(
        &'a self,
        slot: usize,
        read: &'a StoredSlot,
        entries: &'a BTreeMap<String, String>,
    ) -> StoreFuture<'a, WriteResult> {
        Box::pin(async move {
            let patch = Patch::Merge(change(read, entries));
            let patched = self.api().patch(&self.config.slot(slot), &PatchParams::default(), &patch).await;
            match patched {
                Ok(map) => Ok(WriteResult::Stored(stored(map))),
                Err(Error::Api(status)) if status.code == 409 => Ok(WriteResult::Conflict),
                Err(error) => Err(self.failed(slot, "patch", &error)),
            }
        })
    }
}

fn stored(map: ConfigMap) -> StoredSlot {
    StoredSlot { version: map.metadata.resource_version.unwrap_or_default(), entries: map.data.unwrap_or_default() }
}

/// Only entries, so that labels and whose release it is stay; and only over that version.
fn change(read: &StoredSlot, entries: &BTreeMap<String, String>) -> Value {
    let gone = read.entries.keys().filter(|key| !entries.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let new = entries.iter().filter(|(key, text)| read.entries.get(*key) != Some(text));
    let new = new.map(|(key, text)| (key.clone(), json!(text)));
    let data: serde_json::Map<String, Value> = gone.chain(new).collect();
    json!({ "metadata": { "resourceVersion": read.version }, "data": data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_the_version_and_only_what_is_new_or_gone() {
        let entries = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
        };
        let read = StoredSlot { version: "7".to_owned(), entries: entries(&[("a", "1"), ("b", "2")]) };
        assert_eq!(
            change(&read, &entries(&[("b", "2"), ("c", "3")])),
            json!({ "metadata": { "resourceVersion": "7" }, "data": { "a": null, "c": "3" } })
        );
    }
}
