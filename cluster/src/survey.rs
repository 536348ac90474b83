//! One set looked at once, from somebody's desk: the object, its pods and claims, its nodes through the API server, and what the cluster
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
use quorate_facts::{Answer, Guard, Guardian, ReadSet, Trial};
use rqlite::cluster::RqliteSet;
use rqlite::facts::{Claim, Facts};
use rqlite::running::HttpApi;

use crate::guard::Guarding;
use crate::kept::Keep;
use crate::login::said;
use crate::membership::{Looked, Proxied, Target, look};
use crate::pods::{KeptPod, WatchedPod};
use crate::registration::SetName;
use crate::stored::StoredSet;
use crate::subject::Subject;
use crate::{Login, LoginError, client, trial};

/// Longer than a server may take: the API server stands in between, and nobody else waits.
const BUDGET: Duration = Duration::from_secs(3);

/// Why a set could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
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
pub struct Survey {
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
pub struct Surveyor {
    client: Client,
}

impl Surveyor {
    /// Reads the kubeconfig; asks the API server nothing yet.
    pub async fn connect(login: &Login) -> Result<Self, LoginError> {
        Ok(Self { client: client::connect(&login.find().await?, client::COMMAND)? })
    }

    /// The namespace of the kubeconfig's context.
    pub fn namespace(&self) -> &str {
        self.client.default_namespace()
    }

    /// Namespace and name of every set that runs rqlite, in order.
    ///
    /// # Errors
    /// When StatefulSets cannot be listed.
    pub async fn sets(&self, namespace: Option<&str>) -> Result<Vec<(String, String)>, SurveyError> {
        let all: Api<StoredSet> = match namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        };
        let listed = all.list(&ListParams::default()).await;
        let listed = listed.map_err(|error| SurveyError::Unlisted(Box::new(error)))?;
        let running = listed.items.iter().filter(|set| set.runs_rqlite()).map(StoredSet::name);
        let mut names: Vec<(String, String)> = running.map(|SetName { namespace, name }| (namespace, name)).collect();
        names.sort();
        Ok(names)
    }

    /// Looks at a set.
    pub async fn survey(&self, namespace: &str, name: &str) -> Result<Survey, SurveyError> {
        survey(&self.client, namespace, name).await
    }

    /// The cluster with the Quorate that guards it, to be asked. `webhooks` is the name of its configurations.
    pub async fn guarded(&self, webhooks: &str) -> Guarded {
        Guarded { client: self.client.clone(), guarding: Guarding::read(&self.client, webhooks).await }
    }
}

/// Nothing is changed.
pub struct Guarded {
    client: Client,
    guarding: Guarding,
}

impl Guardian for Guarded {
    fn ask<'a>(&'a self, trial: &'a Trial<'a>) -> Answer<'a, Guard> {
        Box::pin(self.guarding.ask(&self.client, trial))
    }

    fn object<'a>(&'a self, trial: &'a Trial<'a>) -> Answer<'a, Related<serde_json::Value>> {
        Box::pin(async move {
            match trial::object(trial, &self.client).await {
                Ok(Some(object)) => Related::Found(object),
                Ok(None) => Related::Absent,
                Err(error) => Related::Unknown(Reason::Failed(error.to_string())),
            }
        })
    }
}

async fn survey(client: &Client, namespace: &str, name: &str) -> Result<Survey, SurveyError> {
    let shown = || format!("{namespace}/{name}");
    let path = StatefulSet::url_path(&(), Some(namespace));
    let unreadable = |why| SurveyError::Unreadable { set: shown(), why: Box::new(why) };
    let request = Request::new(path).get(name, &kube::api::GetParams::default());
    let request = request.map_err(|error| unreadable(Error::BuildRequest(error)))?;
    let json = client.request_text(request).await.map_err(|error| {
        let absent = matches!(&error, Error::Api(status) if status.is_not_found());
        if absent { SurveyError::Absent(shown()) } else { unreadable(error) }
    })?;
    let read = indexed(&json).ok().and_then(|document| ReadSet::of(document).ok());
    let subject = Subject::of(namespace, [read.as_ref(), None], false);
    let (read, subject) = read.zip(subject).ok_or_else(|| SurveyError::NotRqlite(shown()))?;
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
        ..looked.map(Looked::into_facts).unwrap_or_default()
    };
    let http = HttpApi::of_set(&subject.rqlite);
    Ok(Survey { document: read.document, set: subject.set, rqlite: subject.rqlite, facts, http, gaps })
}

async fn pods(client: &Client, subject: &Subject) -> Result<Vec<(String, KeptPod)>, Error> {
    let all: Api<WatchedPod> = Api::namespaced(client.clone(), &subject.key.namespace);
    let pods = all.list(&ListParams::default()).await?.items.into_iter();
    let kept = pods.filter_map(|pod| Some((pod.name_any(), pod.kept()?)));
    Ok(kept.filter(|(name, pod)| subject.owns_pod(name, pod)).collect())
}

async fn claims(client: &Client, subject: &Subject) -> Result<Vec<Claim>, Error> {
    let all: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &subject.key.namespace);
    let claims = all.list(&ListParams::default()).await?.items.into_iter();
    let kept = claims
        .filter_map(|claim| Some(Claim { name: claim.name_any(), bound: claim.kept()?.bound, ..Claim::default() }));
    Ok(kept.filter(|claim| subject.owns_claim(&claim.name)).collect())
}

async fn membership(client: &Client, subject: &Subject, pods: &[(String, KeptPod)]) -> Looked {
    let node = |(name, pod): &(String, KeptPod)| {
        let HttpApi { tls, port } = subject.http(pod);
        let scheme = if tls { "https:" } else { "" };
        let base = format!("/api/v1/namespaces/{}/pods/{scheme}{name}:{port}/proxy", subject.key.namespace);
        let way = pod.address.map(|_| Proxied { client: client.clone(), base });
        Target { pod: name.clone(), node: pod.node_id(), way }
    };
    let nodes: Vec<Target<Proxied>> = pods.iter().map(node).collect();
    look(&subject.key.name, &nodes, BUDGET).await
}

fn gap(resource: &str, verb: &str, error: &Error) -> String {
    format!("{resource} could not be read (the right to {verb} them may be missing): {}", said(error))
}
