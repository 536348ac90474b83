//! One set inspected once, with the rights of whoever asks: the object, its pods and claims, its nodes through the API server, and what the cluster
//! itself says to a change. With the caller's own rights; one that is missing is named.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{ListParams, Request};
use kube::{Api, Client, Error, Resource, ResourceExt};
use kubernetes::object::indexed;
use kubernetes::related::{Reason, Related};
use quorate_document::Document;
use quorate_facts::{ClusterReviewer, ClusterVerdict, DecodedSet, DryRun, ReviewerFuture};
use rqlite::cluster::RqliteSet;
use rqlite::facts::{Claim, Facts};
use rqlite::running::HttpApi;

use crate::login::said;
use crate::membership::{MembershipLookup, NodeTarget, Proxied, look};
use crate::pods::{CachedPod, WatchedPod};
use crate::quorate_presence::QuoratePresence;
use crate::registration::SetName;
use crate::stored::StoredSet;
use crate::subject::FactsSubject;
use crate::watch_cache::Cacheable;
use crate::{Login, LoginError, client, dry_run};

/// Longer than a server may take: the API server stands in between, and nobody else waits.
const MEMBERSHIP_TIMEOUT: Duration = Duration::from_secs(3);

/// Why a set could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum InspectionError {
    #[error("StatefulSet {0} does not exist")]
    Absent(String),
    #[error(
        "StatefulSet {0} does not run rqlite: neither its image nor its launch says so, nor `quorate.dev/container`"
    )]
    NotRqlite(String),
    #[error("StatefulSet {set} cannot be read: {}", said(why))]
    Unreadable { set: String, why: Box<Error> },
    #[error("StatefulSets cannot be listed: {}", said(.0))]
    Unlisted(Box<Error>),
}

/// What there is to know of a set.
#[derive(Debug)]
pub struct SetInspection {
    pub document: Document,
    pub set: Arc<kubernetes::manifest::StatefulSet>,
    pub rqlite: Arc<RqliteSet>,
    pub facts: Facts,
    /// Where its nodes listen, as its template says.
    pub http: HttpApi,
    /// What could not be read, and the right that it needs.
    pub gaps: Vec<String>,
}

/// Who looks: the user of the kubeconfig.
pub struct ClusterInspector {
    client: Client,
}

impl ClusterInspector {
    /// Reads the kubeconfig; asks the API server nothing yet.
    pub async fn connect(login: &Login) -> Result<Self, LoginError> {
        Ok(Self { client: client::connect(&login.find().await?, client::COMMAND_TIMEOUT)? })
    }

    /// The namespace of the kubeconfig's context.
    pub fn namespace(&self) -> &str {
        self.client.default_namespace()
    }

    /// Namespace and name of every set that runs rqlite, in order.
    ///
    /// # Errors
    /// When StatefulSets cannot be listed.
    pub async fn sets(&self, namespace: Option<&str>) -> Result<Vec<(String, String)>, InspectionError> {
        let all: Api<StoredSet> = match namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        };
        let listed = all.list(&ListParams::default()).await;
        let listed = listed.map_err(|error| InspectionError::Unlisted(Box::new(error)))?;
        let running = listed.items.iter().filter(|set| set.runs_rqlite()).map(StoredSet::name);
        let mut names: Vec<(String, String)> = running.map(|SetName { namespace, name }| (namespace, name)).collect();
        names.sort();
        Ok(names)
    }

    /// Looks at a set.
    pub async fn inspect(&self, namespace: &str, name: &str) -> Result<SetInspection, InspectionError> {
        inspect(&self.client, namespace, name).await
    }

    /// The cluster with the Quorate that guards it, to be asked. `webhooks` is the name of its configurations.
    pub async fn reviewer(&self, webhooks: &str) -> DryRunReviewer {
        DryRunReviewer { client: self.client.clone(), presence: QuoratePresence::read(&self.client, webhooks).await }
    }
}

/// Nothing is changed.
pub struct DryRunReviewer {
    client: Client,
    presence: QuoratePresence,
}

impl ClusterReviewer for DryRunReviewer {
    fn ask<'a>(&'a self, dry_run: &'a DryRun<'a>) -> ReviewerFuture<'a, ClusterVerdict> {
        Box::pin(self.presence.ask(&self.client, dry_run))
    }

    fn object<'a>(&'a self, dry_run: &'a DryRun<'a>) -> ReviewerFuture<'a, Related<serde_json::Value>> {
        Box::pin(async move {
            match dry_run::object(dry_run, &self.client).await {
                Ok(Some(object)) => Related::Found(object),
                Ok(None) => Related::Absent,
                Err(error) => Related::Unknown(Reason::Failed(error.to_string())),
            }
        })
    }
}

async fn inspect(client: &Client, namespace: &str, name: &str) -> Result<SetInspection, InspectionError> {
    let shown = || format!("{namespace}/{name}");
    let path = StatefulSet::url_path(&(), Some(namespace));
    let unreadable = |why| InspectionError::Unreadable { set: shown(), why: Box::new(why) };
    let request = Request::new(path).get(name, &kube::api::GetParams::default());
    let request = request.map_err(|error| unreadable(Error::BuildRequest(error)))?;
    let json = client.request_text(request).await.map_err(|error| {
        let absent = matches!(&error, Error::Api(status) if status.is_not_found());
        if absent { InspectionError::Absent(shown()) } else { unreadable(error) }
    })?;
    let read = indexed(&json).ok().and_then(|document| DecodedSet::of(document).ok());
    let subject = FactsSubject::of(namespace, [read.as_ref(), None], false);
    let (read, subject) = read.zip(subject).ok_or_else(|| InspectionError::NotRqlite(shown()))?;
    let mut gaps = Vec::new();
    let pods = pods(client, &subject).await.map_err(|error| gaps.push(gap("pods", "list", &error))).ok();
    let claims = claims(client, &subject).await;
    let claims = claims.map_err(|error| gaps.push(gap("persistentvolumeclaims", "list", &error))).ok();
    let looked = match &pods {
        Some(pods) => Some(membership(client, &subject, pods).await),
        None => None,
    };
    let facts = Facts {
        pods: pods.map(|pods| pods.iter().map(|(name, pod)| pod.fact(name)).collect()),
        claims,
        ..looked.map(MembershipLookup::into_facts).unwrap_or_default()
    };
    let http = HttpApi::of_set(&subject.rqlite);
    Ok(SetInspection { document: read.document, set: subject.set, rqlite: subject.rqlite, facts, http, gaps })
}

async fn pods(client: &Client, subject: &FactsSubject) -> Result<Vec<(String, CachedPod)>, Error> {
    let all: Api<WatchedPod> = Api::namespaced(client.clone(), &subject.key.namespace);
    let pods = all.list(&ListParams::default()).await?.items.into_iter();
    let cached = pods.filter_map(|pod| Some((pod.name_any(), pod.cached()?)));
    Ok(cached.filter(|(name, pod)| subject.owns_pod(name, pod)).collect())
}

async fn claims(client: &Client, subject: &FactsSubject) -> Result<Vec<Claim>, Error> {
    let all: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &subject.key.namespace);
    let claims = all.list(&ListParams::default()).await?.items.into_iter();
    let cached = claims
        .filter_map(|claim| Some(Claim { name: claim.name_any(), bound: claim.cached()?.bound, ..Claim::default() }));
    Ok(cached.filter(|claim| subject.owns_claim(&claim.name)).collect())
}

async fn membership(client: &Client, subject: &FactsSubject, pods: &[(String, CachedPod)]) -> MembershipLookup {
    let node = |(name, pod): &(String, CachedPod)| {
        let HttpApi { tls, port } = subject.http(pod);
        let scheme = if tls { "https:" } else { "" };
        let base = format!("/api/v1/namespaces/{}/pods/{scheme}{name}:{port}/proxy", subject.key.namespace);
        let way = pod.address.map(|_| Proxied { client: client.clone(), base });
        NodeTarget { pod: name.clone(), node: pod.node_id(), transport: way }
    };
    let nodes: Vec<NodeTarget<Proxied>> = pods.iter().map(node).collect();
    look(&subject.key.name, &nodes, MEMBERSHIP_TIMEOUT).await
}

fn gap(resource: &str, verb: &str, error: &Error) -> String {
    format!("{resource} could not be read (the right to {verb} them may be missing): {}", said(error))
}
