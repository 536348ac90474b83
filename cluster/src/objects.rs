//! Finds the object behind a request: in the cache where that is certain to be the version that the request was made from,
//! else by one GET. The sets that need a deleted object come from the cache alone: only those that it knows are guarded. An error is [`Related::Unknown`], never [`Related::Absent`].

use futures_util::future::join_all;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ApiResource, GetParams, Request};
use kube::{Api, Client, Error, Resource};
use kubernetes::admission::{GroupVersionResource, Request as AdmissionRequest};
use kubernetes::list;
use kubernetes::lookup::{Lookup, ObjectVersion};
use kubernetes::object::{UID, indexed};
use kubernetes::related::{Reason, Related};
use kubernetes::request::{Dependency, RequestKind};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use quorate_document::{Document, Pointer};
use quorate_facts::{NamedFuture, ObjectSource, RelatedFuture, RelatedQuery, found};
use tracing::{debug, warn};

use crate::controller::{controller, is_stateful_set};
use crate::named_object::{self, NamedObject};
use crate::sets::SetCache;

static OWNER_REFERENCES: Pointer<'static> = Pointer::literal("/metadata/ownerReferences");

/// What stands behind requests, out of a cluster. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ClusterObjects {
    client: Client,
    sets: SetCache,
    pub(crate) lookups: ObjectLookupMetrics,
}

/// Where it came from: `cache`, `get`, or `error` where none came.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectLookupMetrics(pub(crate) Family<SourceLabel, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SourceLabel {
    source: &'static str,
}

impl ObjectLookupMetrics {
    fn count(&self, source: &'static str) {
        self.0.get_or_create(&SourceLabel { source }).inc();
    }
}

impl ObjectSource for ClusterObjects {
    fn get<'a>(&'a self, of: &'a Lookup) -> RelatedFuture<'a> {
        Box::pin(async move {
            let found = match of {
                Lookup::Object { group, kind, namespace, name, version } => {
                    // No policy reads another kind, and no right is asked for one.
                    if RequestKind::of_reference(group, kind) != RequestKind::StatefulSet {
                        return Related::Unknown(Reason::NotRead);
                    }
                    self.set(namespace, name, version.as_ref()).await
                }
                Lookup::ControllerOf { namespace, pod } => self.controller(namespace, pod).await,
                Lookup::DependentsOf { dependency, namespace, name } => Ok(self.needing(*dependency, namespace, name)),
            };
            found.unwrap_or_else(|error| {
                self.lookups.count("error");
                warn!(?of, error = %error, "what stands behind a request could not be had");
                Related::Unknown(Reason::Failed(error.to_string()))
            })
        })
    }

    fn named<'a>(&'a self, query: &'a RelatedQuery, request: &'a AdmissionRequest) -> NamedFuture<'a> {
        Box::pin(async move {
            match self.named_object(query, request).await {
                Ok(Some(found)) => {
                    self.lookups.count("get");
                    Related::Found(found)
                }
                Ok(None) => {
                    self.lookups.count("get");
                    Related::Absent
                }
                Err(why) => {
                    self.lookups.count("error");
                    warn!(?query, why, "what a policy asks for could not be had");
                    Related::Unknown(Reason::Failed(why))
                }
            }
        })
    }
}

/// Owners of one object that are looked up, at two requests each.
const MAX_OWNERS: usize = 8;

impl ClusterObjects {
    /// `None`: it does not exist.
    async fn named_object(
        &self,
        query: &RelatedQuery,
        request: &AdmissionRequest,
    ) -> Result<Option<Vec<Document>>, String> {
        let namespace = request.namespace.as_deref().unwrap_or_default();
        let found = match query {
            RelatedQuery::Parent => self.parent(request).await?,
            RelatedQuery::Namespace => {
                let namespace = NamedObject { api_version: "v1", kind: "Namespace", namespace, name: namespace };
                namespace.metadata(&self.client).await?
            }
            RelatedQuery::Owners => return self.owners(request, namespace).await.map(Some),
            RelatedQuery::Reference { api_version, kind, name } => {
                NamedObject { api_version, kind, namespace, name }.whole(&self.client).await?
            }
        };
        Ok(found.map(|object| vec![object]))
    }

    /// The object at the request's path without its sub-resource.
    async fn parent(&self, request: &AdmissionRequest) -> Result<Option<Document>, String> {
        let (GroupVersionResource { group, version, resource }, Some(name)) = (&request.resource, &request.name) else {
            return Err("the request names no object".to_owned());
        };
        let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        let resource = ApiResource {
            group: group.clone(),
            version: version.clone(),
            api_version,
            kind: String::new(),
            plural: resource.clone(),
        };
        named_object::of_resource(&self.client, &resource, request.namespace.as_deref(), name).await
    }

    /// Those that exist.
    async fn owners(&self, request: &AdmissionRequest, namespace: &str) -> Result<Vec<Document>, String> {
        let object = request.object.as_ref().or(request.old_object.as_ref());
        let references: Vec<OwnerReference> = object
            .and_then(|object| object.part(&OWNER_REFERENCES))
            .and_then(|references| references.decode().ok())
            .unwrap_or_default();
        if references.len() > MAX_OWNERS {
            return Err(format!("the object has more than {MAX_OWNERS} owners"));
        }
        if references.iter().any(|owner| owner.kind == "Secret") {
            return Err("a Secret is among the owners, which is read by a granted reference alone".to_owned());
        }
        let asked = references.iter().map(|owner| NamedObject::of_owner(owner, namespace).metadata(&self.client));
        let found = join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        // One of the same name is another object.
        let of_uid =
            |(owner, found): (&OwnerReference, Option<Document>)| found.filter(|found| is_of(found, &owner.uid));
        Ok(references.iter().zip(found).filter_map(of_uid).collect())
    }

    pub(crate) fn new(client: Client, sets: SetCache) -> Self {
        Self { client, sets, lookups: ObjectLookupMetrics::default() }
    }

    async fn set(
        &self,
        namespace: &str,
        name: &str,
        version: Option<&ObjectVersion>,
    ) -> Result<Related<Document>, Error> {
        if let Some(found) = self.cached(namespace, name, version) {
            return Ok(found);
        }
        Ok(match self.get_set(namespace, name).await? {
            None => Related::Absent,
            Some(set) if version.is_none_or(|version| is_of(&set, &version.uid)) => Related::Found(set),
            // Deleted and made anew in between: not what the request was made from.
            Some(_) => Related::Unknown(Reason::Replaced),
        })
    }

    /// A Scale must find exactly the version that it names, however old; an autoscaler's target names none and must be current.
    fn cached(&self, namespace: &str, name: &str, version: Option<&ObjectVersion>) -> Option<Related<Document>> {
        let stored = match version {
            Some(_) => self.sets.get(namespace, name)?,
            None => self.sets.current(namespace, name)?,
        };
        let is_it = |version: &ObjectVersion| {
            stored.uid() == Some(&version.uid) && stored.resource_version() == Some(&version.resource_version)
        };
        if !version.is_none_or(is_it) {
            debug!(namespace, name, ?version, cached = ?stored.resource_version(), "cached version is another");
            return None;
        }
        self.lookups.count("cache");
        Some(found(stored.json()))
    }

    /// The StatefulSet that controls a pod. A pod of nobody, or of another kind, has none.
    async fn controller(&self, namespace: &str, pod: &str) -> Result<Related<Document>, Error> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let pod = pods.get_metadata_opt(pod).await?;
        let references = pod.and_then(|pod| pod.metadata.owner_references).unwrap_or_default();
        let Some(owner) = controller(&references).filter(|owner| is_stateful_set(owner)) else {
            return Ok(Related::Absent);
        };
        if let Some(stored) = self.sets.current(namespace, &owner.name)
            && stored.uid() == Some(&owner.uid)
        {
            self.lookups.count("cache");
            return Ok(found(stored.json()));
        }
        Ok(match self.get_set(namespace, &owner.name).await? {
            Some(set) if is_of(&set, &owner.uid) => Related::Found(set),
            // The controller is gone; another one of its name does not control this pod.
            Some(_) | None => Related::Absent,
        })
    }

    /// A list of the sets that need the object.
    fn needing(&self, dependency: Dependency, namespace: &str, name: &str) -> Related<Document> {
        let Some(sets) = self.sets.dependents(dependency, namespace, name) else {
            return Related::Unknown(Reason::NotReady);
        };
        self.lookups.count("cache");
        if sets.is_empty() {
            return Related::Absent;
        }
        found(&list::stateful_sets(sets.iter().map(|set| set.json())))
    }

    /// None: there is none. The text as the API server writes it: no type of ours drops a field that it does not know.
    async fn get_set(&self, namespace: &str, name: &str) -> Result<Option<Document>, Error> {
        let path = StatefulSet::url_path(&(), Some(namespace));
        let request = Request::new(path).get(name, &GetParams::default()).map_err(Error::BuildRequest)?;
        match self.client.request_text(request).await {
            Ok(json) => {
                self.lookups.count("get");
                indexed(&json).map(Some).map_err(|error| Error::SerdeError(serde::de::Error::custom(error)))
            }
            Err(Error::Api(status)) if status.is_not_found() => {
                self.lookups.count("get");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn is_of(set: &Document, uid: &str) -> bool {
    set.text(&UID).is_some_and(|own| own == uid)
}

impl std::fmt::Debug for ClusterObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterObjects").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
