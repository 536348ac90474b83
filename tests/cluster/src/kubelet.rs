//! What the node agent and the database nodes have in common, each as the kubelet of its Pods.
//! Does not know which Pods are whose.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Preconditions};

/// A Pod with this annotation runs, and is not ready, until the annotation is gone.
pub const UNREADY: &str = "quorate.test/unready";

/// The namespaces whose nodes are cut off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pauses(Arc<Mutex<HashSet<String>>>);

impl Pauses {
    pub(crate) fn is_paused_for(&self, object: &ObjectMeta) -> bool {
        object.namespace.as_ref().is_some_and(|namespace| self.all().contains(namespace))
    }

    pub(crate) fn pause(&self, namespace: &str) {
        self.all().insert(namespace.to_owned());
    }

    pub(crate) fn resume(&self, namespace: &str) {
        self.all().remove(namespace);
    }

    fn all(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kubelet's last word: its containers have ended, the object may go.
pub(crate) async fn confirm_end(pods: &Api<Pod>, pod: &Pod) -> kube::Result<()> {
    let preconditions = Preconditions { uid: pod.metadata.uid.clone(), resource_version: None };
    let now =
        DeleteParams { grace_period_seconds: Some(0), preconditions: Some(preconditions), ..DeleteParams::default() };
    pods.delete(&pod.name_any(), &now).await.map(drop)
}
