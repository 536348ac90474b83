//! What there is to see, each thing fetched once; what may not be read is kept as the reason why.
//! Draws no conclusions but one: which rights are missing.

use kubernetes::users;
use std::fmt::Display;

use futures_util::future::join_all;
use http::Request;
use k8s_openapi::api::authorization::v1::{SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::{Api, Client, Error};
use quorate_facts::{DryRun, DryRunAction};
use serde_json::json;

use super::{DoctorCheck, Expected, Topic};
use crate::login::said;
use crate::registrar::{MUTATING, VALIDATING, resource};
use crate::replicas::addresses;
use crate::stored::StoredSet;
use crate::{ClusterConfig, DryRunError, DryRunResponse, Right, ServerUses, dry_run, rights as used};

/// The StatefulSet that is never created.
pub(super) const DRY_RUN: &str = "quorate-doctor";

/// A thing, or why it could not be read.
pub(super) type Read<T> = Result<T, String>;

pub(super) struct Observations {
    pub(super) validating: Read<Vec<DynamicObject>>,
    pub(super) mutating: Read<Vec<DynamicObject>>,
    pub(super) endpoints: Read<usize>,
    pub(super) secret: Read<Option<Secret>>,
    pub(super) namespaces: Read<Vec<Namespace>>,
    pub(super) sets: Read<Vec<StoredSet>>,
    /// In the server's own namespace.
    pub(super) config_maps: Read<Vec<ConfigMap>>,
    pub(super) budgets: Read<Vec<PodDisruptionBudget>>,
    pub(super) dry_run: Read<DryRunResponse>,
    /// During the dry run the API server went on without an answer of ours, as its own metrics count it. False where they may not be read, or
    /// another API server answered.
    pub(super) failed_open: bool,
}

impl Observations {
    pub(super) async fn collect(client: &Client, config: &ClusterConfig, expected: &Expected) -> Self {
        let secrets: Api<Secret> = Api::namespaced(client.clone(), &config.namespace);
        let configurations = |kind: &str| Api::<DynamicObject>::all_with(client.clone(), &resource(kind));
        let before = failures(client).await;
        let dry_run = dry_run(client, &expected.namespace).await;
        let failed_open = before.zip(failures(client).await).is_some_and(|(before, after)| after > before);
        Self {
            validating: listed(configurations(VALIDATING)).await,
            mutating: listed(configurations(MUTATING)).await,
            endpoints: read(addresses(client.clone(), &config.namespace, &config.service).await.map(|all| all.len())),
            secret: read(secrets.get_opt(&config.secret).await),
            namespaces: listed(Api::all(client.clone())).await,
            sets: listed(Api::all(client.clone())).await,
            config_maps: listed(Api::namespaced(client.clone(), &config.namespace)).await,
            budgets: listed(Api::all(client.clone())).await,
            failed_open,
            dry_run: dry_run.map_err(|error| error.to_string()),
        }
    }
}

#[cfg(test)]
impl Observations {
    /// Nothing could be read.
    pub(super) fn nothing() -> Self {
        fn unread<T>() -> Read<T> {
            Err("not read".to_owned())
        }
        Self {
            validating: unread(),
            mutating: unread(),
            endpoints: unread(),
            secret: unread(),
            namespaces: unread(),
            sets: unread(),
            config_maps: unread(),
            budgets: unread(),
            dry_run: unread(),
            failed_open: false,
        }
    }
}

async fn listed<K>(api: Api<K>) -> Read<Vec<K>>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    read(api.list(&ListParams::default()).await.map(|list| list.items))
}

fn read<T>(result: Result<T, Error>) -> Read<T> {
    result.map_err(|error| said(&error))
}

/// How often this API server has called one of our webhooks in vain, and gone on. None: it does not say.
async fn failures(client: &Client) -> Option<f64> {
    let request = Request::get("/metrics").body(Vec::new()).ok()?;
    let metrics = client.request_text(request).await.ok()?;
    let counts = metrics.lines().filter(|line| line.starts_with(FAILED_OPEN) && line.contains(".quorate.dev\""));
    Some(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
}

const FAILED_OPEN: &str = "apiserver_admission_webhook_fail_open_count{";

/// Three replicas that wait for five: `bootstrap-expect-lock` objects, whatever the settings.
async fn dry_run(client: &Client, namespace: &str) -> Result<DryRunResponse, DryRunError> {
    let labels = json!({"app": "quorate-doctor"});
    let container = json!({"name": "rqlite", "image": "rqlite/rqlite:9.1.3", "args": ["-bootstrap-expect=5"]});
    let set = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": DRY_RUN, "namespace": namespace},
        "spec": {"replicas": 3, "serviceName": "quorate-doctor", "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
    });
    dry_run::send(&DryRun::of_set(namespace, DRY_RUN, DryRunAction::Create(&set)), client).await
}

/// Which rights the server's ServiceAccount lacks, as far as the caller may ask.
pub(super) async fn rights(
    client: &Client,
    config: &ClusterConfig,
    expected: &Expected,
    uses: ServerUses,
) -> Vec<DoctorCheck> {
    let all = used(config, uses);
    let user = users::service_account(&config.namespace, &expected.service_account);
    let asked = join_all(all.iter().map(|right| may(client, &user, config, right))).await;
    let unasked = asked.iter().find_map(|answer| answer.as_ref().err().map(said));
    if let Some(why) = unasked {
        return vec![unreadable(Topic::Rights, &format!("rights of {user}"), why)];
    }
    let missing = all.iter().zip(&asked).filter(|(_, answer)| matches!(answer, Ok(false)));
    let missing: Vec<DoctorCheck> = missing
        .map(|(right, _)| {
            DoctorCheck::problem(Topic::Rights, format!("{user} lacks a right")).remedy(format!("add {right}"))
        })
        .collect();
    if missing.is_empty() {
        return vec![DoctorCheck::fine(Topic::Rights, format!("{user} has all {} rights that are used", all.len()))];
    }
    missing
}

async fn may(client: &Client, user: &str, config: &ClusterConfig, right: &Right) -> Result<bool, Error> {
    let groups = users::service_account_groups(&config.namespace);
    let spec = SubjectAccessReviewSpec {
        user: Some(user.to_owned()),
        groups: Some(groups.into_iter().chain([users::AUTHENTICATED.to_owned()]).collect()),
        resource_attributes: Some(right.attributes()),
        ..SubjectAccessReviewSpec::default()
    };
    let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// For a thing that a check needs and that could not be read.
pub(super) fn unreadable(topic: Topic, what: &str, why: impl Display) -> DoctorCheck {
    DoctorCheck::unknown(topic, format!("{what} cannot be read: {why}"))
        .remedy("run it with the rights of an administrator")
}
