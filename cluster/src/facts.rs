//! The facts of one set, gathered: pods, claims and autoscalers from the caches, ConfigMap values and the membership asked for now.
//! What cannot be had is unknown; evaluates nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod};
use kube::api::ObjectMeta;
use kube::{Api, Client};
use quorate_facts::{FactSource, FactsFuture, FactsRequest};
use rqlite::facts::{Claim, Facts};
use tokio::time::timeout;
use tracing::debug;

use crate::budget::{BudgetFuture, Labels, PodSource};
use crate::budgets;
use crate::evicted_pod::EvictedPod;
use crate::membership::{Direct, LastVoters, MembershipLookup, Memberships, NodeTarget};
use crate::owners;
use crate::pods::{CachedPod, WatchedPod};
use crate::subject::FactsSubject;
use crate::watch_cache::WatchCache;

/// For a ConfigMap; an API server that calls us answers within milliseconds.
const READ_TIMEOUT: Duration = Duration::from_millis(500);

/// Facts out of a cluster. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ClusterFacts {
    pub(crate) client: Client,
    pub(crate) pods: WatchCache<WatchedPod>,
    pub(crate) claims: WatchCache<PersistentVolumeClaim>,
    pub(crate) autoscalers: WatchCache<HorizontalPodAutoscaler>,
    pub(crate) memberships: Memberships,
}

impl FactSource for ClusterFacts {
    fn facts<'a>(&'a self, about: &'a FactsRequest<'a>) -> FactsFuture<'a> {
        Box::pin(async move {
            match FactsSubject::of(about.namespace, about.states, about.created) {
                Some(subject) => {
                    let owners = owners::known(&self.client, about.namespace, about.states);
                    let known = self.of(&subject, about.membership);
                    let (mut facts, owners, evicted) = tokio::join!(known, owners, self.evicted(about));
                    if let Some(evicted) = evicted {
                        evicted.correct(&mut facts.pods);
                    }
                    Facts { owners, ..facts }
                }
                None => Facts::default(),
            }
        })
    }
}

impl PodSource for ClusterFacts {
    fn was_deleted(&self, uid: &str) -> bool {
        self.pods.was_deleted(uid)
    }

    fn budget<'a>(&'a self, namespace: &'a str, labels: &'a Labels) -> BudgetFuture<'a> {
        Box::pin(async move {
            let asked = timeout(READ_TIMEOUT, budgets::selecting(&self.client, namespace, labels)).await.ok()?;
            let selecting = asked.inspect_err(|error| debug!(%error, "PodDisruptionBudgets could not be had")).ok()?;
            Some(budgets::together(&selecting))
        })
    }
}

impl ClusterFacts {
    pub(crate) fn new(client: Client, memberships: Memberships) -> Self {
        Self { client, pods: WatchCache::new(), claims: WatchCache::new(), autoscalers: WatchCache::new(), memberships }
    }

    pub(crate) fn synced(&self) -> Result<(), &'static str> {
        match (self.pods.synced(), self.claims.synced(), self.autoscalers.synced()) {
            (false, _, _) => Err("Pods are not known yet"),
            (_, false, _) => Err("PersistentVolumeClaims are not known yet"),
            (_, _, false) => Err("HorizontalPodAutoscalers are not known yet"),
            (true, true, true) => Ok(()),
        }
    }

    async fn of(&self, subject: &FactsSubject, membership: Option<Duration>) -> Facts {
        let pods = self.pods_of(subject);
        let looked = async {
            let (pods, budget) = (pods.as_ref()?, membership?);
            Some(self.look(subject, pods, budget).await)
        };
        let (looked, config_maps) = tokio::join!(looked, self.config_maps(subject));
        let last = self.memberships.last_voters(&subject.key, subject.uid.as_deref());
        let ever_ready = pods.as_ref().is_some_and(|pods| pods.iter().any(|(_, pod)| pod.ready)).then_some(true);
        Facts {
            last_voters_age_milliseconds: last.as_ref().map(LastVoters::age_milliseconds),
            last_voters: last.map(|last| last.voters),
            pods: pods.map(|pods| pods.iter().map(|(name, pod)| pod.fact(name)).collect()),
            claims: self.claims_of(subject),
            autoscalers: self.autoscalers_of(subject),
            config_maps,
            ever_ready,
            ..looked.map(MembershipLookup::into_facts).unwrap_or_default()
        }
    }

    /// The pod of an eviction as it is now: what the watch has told may be of its predecessor.
    async fn evicted(&self, about: &FactsRequest<'_>) -> Option<EvictedPod> {
        let all: Api<Pod> = Api::namespaced(self.client.clone(), about.namespace);
        let pod = timeout(READ_TIMEOUT, all.get_metadata_opt(about.pod?)).await.ok()?;
        let pod = pod.inspect_err(|error| debug!(%error, "Pod could not be had")).ok()??;
        let ObjectMeta { name, uid, deletion_timestamp, .. } = pod.metadata;
        Some(EvictedPod { name: name?, uid: uid?, terminating: deletion_timestamp.is_some() })
    }

    fn pods_of(&self, subject: &FactsSubject) -> Option<Vec<(String, CachedPod)>> {
        self.pods.pick(&subject.key.namespace, |name, pod| {
            subject.owns_pod(name, pod).then(|| (name.to_owned(), CachedPod::clone(pod)))
        })
    }

    fn claims_of(&self, subject: &FactsSubject) -> Option<Vec<Claim>> {
        self.claims.pick(&subject.key.namespace, |name, claim| {
            subject.owns_claim(name).then(|| Claim { name: name.to_owned(), bound: claim.bound, ..Claim::default() })
        })
    }

    fn autoscalers_of(&self, subject: &FactsSubject) -> Option<Vec<String>> {
        self.autoscalers.pick(&subject.key.namespace, |name, autoscaler| {
            (autoscaler.target == subject.key.name).then(|| name.to_owned())
        })
    }

    async fn look(&self, subject: &FactsSubject, pods: &[(String, CachedPod)], budget: Duration) -> MembershipLookup {
        let access = self.memberships.access(&subject.key);
        let node = |(name, pod): &(String, CachedPod)| {
            let http = subject.http(pod);
            let way = pod.address.map(|ip| Direct { address: (ip, http.port).into(), tls: http.tls, access });
            NodeTarget { pod: name.clone(), node: pod.node_id(), transport: way }
        };
        let nodes: Vec<NodeTarget<Direct<'_>>> = pods.iter().map(node).collect();
        self.memberships.look(&subject.key, subject.uid.as_deref(), &nodes, budget).await
    }

    /// As they are now.
    async fn config_maps(&self, subject: &FactsSubject) -> BTreeMap<String, BTreeMap<String, String>> {
        let all: Api<ConfigMap> = Api::namespaced(self.client.clone(), &subject.key.namespace);
        let gets =
            subject.config_maps.iter().map(async |(name, keys)| match timeout(READ_TIMEOUT, all.get_opt(name)).await {
                Ok(Ok(Some(map))) => {
                    let mut values = map.data.unwrap_or_default();
                    values.retain(|key, _| keys.contains(key));
                    Some((name.clone(), values))
                }
                Ok(Ok(None)) => None,
                Ok(Err(error)) => {
                    debug!(name, %error, "ConfigMap could not be had");
                    None
                }
                Err(_) => None,
            });
        join_all(gets).await.into_iter().flatten().collect()
    }
}

impl std::fmt::Debug for ClusterFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterFacts").finish_non_exhaustive()
    }
}
