//! Finds the object behind a request: in the cache where that is certain to be the version that the request was made from,
//! else by one GET. The sets that need a deleted object come from the cache alone: only those that it knows are guarded. An error is [`ParentAnswer::Unknown`], never [`ParentAnswer::Absent`].

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{GetParams, Request};
use kube::{Api, Client, Error, Resource};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use rqlite::needs::Kind;
use serde::Deserialize;
use tracing::{debug, warn};

use crate::cluster::sets::Sets;
use crate::parent::{ParentAnswer, ParentFuture, ParentRef, ParentSource, Version};

/// Parents out of a cluster. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ClusterParents {
    client: Client,
    sets: Sets,
    pub(crate) lookups: Lookups,
}

/// Where parents came from: `cache`, `get`, or `error` where none came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookups(pub(crate) Family<SourceLabel, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SourceLabel {
    source: &'static str,
}

impl Lookups {
    fn count(&self, source: &'static str) {
        self.0.get_or_create(&SourceLabel { source }).inc();
    }
}

/// What can be known of a StatefulSet by its name.
enum Answered {
    Found { json: String, uid: Option<String> },
    Absent,
}

impl ParentSource for ClusterParents {
    fn parent<'a>(&'a self, of: &'a ParentRef) -> ParentFuture<'a> {
        Box::pin(async move {
            let found = match of {
                ParentRef::Object { group, kind, namespace, name, version } => {
                    // No policy reads another kind, and no right is asked for one.
                    if kind != "StatefulSet" || !matches!(group.as_str(), "apps" | "") {
                        return ParentAnswer::Unknown;
                    }
                    self.set(namespace, name, version.as_ref()).await
                }
                ParentRef::ControllerOf { namespace, pod } => self.controller(namespace, pod).await,
                ParentRef::Needing { kind, namespace, name } => Ok(self.needing(*kind, namespace, name)),
            };
            found.unwrap_or_else(|error| {
                self.lookups.count("error");
                warn!(?of, error = %error, "parent could not be had");
                ParentAnswer::Unknown
            })
        })
    }
}

impl ClusterParents {
    pub(crate) fn new(client: Client, sets: Sets) -> Self {
        Self { client, sets, lookups: Lookups::default() }
    }

    async fn set(&self, namespace: &str, name: &str, version: Option<&Version>) -> Result<ParentAnswer, Error> {
        if let Some(found) = self.cached(namespace, name, version) {
            return Ok(found);
        }
        Ok(match self.get_set(namespace, name).await? {
            Answered::Absent => ParentAnswer::Absent,
            Answered::Found { json, uid } if version.is_none_or(|version| uid.as_ref() == Some(&version.uid)) => {
                ParentAnswer::Found(json)
            }
            // Deleted and made anew in between: not what the request was made from.
            Answered::Found { .. } => ParentAnswer::Unknown,
        })
    }

    /// A Scale must find exactly the version that it names, however old; an autoscaler's target names none and must be current.
    fn cached(&self, namespace: &str, name: &str, version: Option<&Version>) -> Option<ParentAnswer> {
        let stored = match version {
            Some(_) => self.sets.get(namespace, name)?,
            None => self.sets.current(namespace, name)?,
        };
        let is_it = |version: &Version| {
            stored.uid() == Some(&version.uid) && stored.resource_version() == Some(&version.resource_version)
        };
        if !version.is_none_or(is_it) {
            debug!(namespace, name, ?version, cached = ?stored.resource_version(), "cached version is another");
            return None;
        }
        self.lookups.count("cache");
        Some(ParentAnswer::Found(stored.json().to_owned()))
    }

    /// The StatefulSet that controls a pod. A pod of nobody, or of another kind, has none.
    async fn controller(&self, namespace: &str, pod: &str) -> Result<ParentAnswer, Error> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let pod = pods.get_metadata_opt(pod).await?;
        let references = pod.and_then(|pod| pod.metadata.owner_references).unwrap_or_default();
        let is_set = |kind: &str, version: &str| kind == "StatefulSet" && version.starts_with("apps/");
        let controller = references.into_iter().find(|owner| owner.controller == Some(true));
        let Some(owner) = controller.filter(|owner| is_set(&owner.kind, &owner.api_version)) else {
            return Ok(ParentAnswer::Absent);
        };
        if let Some(stored) = self.sets.current(namespace, &owner.name)
            && stored.uid() == Some(&owner.uid)
        {
            self.lookups.count("cache");
            return Ok(ParentAnswer::Found(stored.json().to_owned()));
        }
        Ok(match self.get_set(namespace, &owner.name).await? {
            Answered::Found { json, uid } if uid.as_ref() == Some(&owner.uid) => ParentAnswer::Found(json),
            // The controller is gone; another one of its name does not control this pod.
            Answered::Found { .. } | Answered::Absent => ParentAnswer::Absent,
        })
    }

    /// A list of the sets that need the object.
    fn needing(&self, kind: Kind, namespace: &str, name: &str) -> ParentAnswer {
        let Some(sets) = self.sets.needing(kind, namespace, name) else { return ParentAnswer::Unknown };
        self.lookups.count("cache");
        if sets.is_empty() {
            return ParentAnswer::Absent;
        }
        let items: Vec<&str> = sets.iter().map(|set| set.json()).collect();
        let list = format!(r#"{{"apiVersion":"apps/v1","kind":"StatefulSetList","items":[{}]}}"#, items.join(","));
        ParentAnswer::Found(list)
    }

    /// The text as the API server writes it: no type of ours drops a field that it does not know.
    async fn get_set(&self, namespace: &str, name: &str) -> Result<Answered, Error> {
        let path = StatefulSet::url_path(&(), Some(namespace));
        let request = Request::new(path).get(name, &GetParams::default()).map_err(Error::BuildRequest)?;
        match self.client.request_text(request).await {
            Ok(json) => {
                self.lookups.count("get");
                let uid = uid(&json).map_err(Error::SerdeError)?;
                Ok(Answered::Found { json, uid })
            }
            Err(Error::Api(status)) if status.is_not_found() => {
                self.lookups.count("get");
                Ok(Answered::Absent)
            }
            Err(error) => Err(error),
        }
    }
}

fn uid(json: &str) -> serde_json::Result<Option<String>> {
    #[derive(Deserialize)]
    struct Object {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        uid: Option<String>,
    }
    serde_json::from_str(json).map(|object: Object| object.metadata.uid)
}

impl std::fmt::Debug for ClusterParents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterParents").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
