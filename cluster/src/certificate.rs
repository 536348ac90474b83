//! The server's own certificate in its Secret: every replica serves what is there, and the leader takes the steps that
//! `quorate_certs::rotation` decides on. Decides nothing itself.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client, Error};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use quorate_certs::rotation::{
    CaBundle, OWN_LABEL, Observation, RotationPlan, RotationStep, SecretChange, SecretContents, SecretState, WaitCause,
    next,
};
use quorate_certs::{IssueError, ServingCertificate};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use crate::entries::{bundle_of, rebundled};
use crate::registrar::{ConfigurationState, FIELD_MANAGER, MUTATING, VALIDATING, entries, resource};
use crate::replicas::{addresses, served};
use crate::watch::WatchHandle;
use crate::{ClusterConfig, owned};
use crate::{server_time, single};
use quorate_facts::Clock;

/// What is observed is looked at again after this, whatever the step says: clocks are set, Secrets are lost.
const MAX_PAUSE: Duration = Duration::from_secs(300);
const SHORT_PAUSE: Duration = Duration::from_secs(10);
/// Between two steps that the API server refused, or whose effect is not seen yet.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Default)]
pub(crate) struct RotationMetrics {
    /// Steps that changed the Secret.
    pub(crate) written: Counter,
    pub(crate) failures: Counter,
    /// 1 while the Secret is somebody else's.
    pub(crate) foreign: Gauge,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Api(#[from] Error),
    #[error(transparent)]
    Issue(#[from] IssueError),
}

/// Serves what the Secret holds, as soon as it is there; for ever.
pub(crate) async fn follow(
    client: Client,
    config: ClusterConfig,
    watched: WatchHandle,
    serve: Arc<dyn Fn(ServingCertificate) + Send + Sync>,
    changed: watch::Sender<u64>,
) -> Infallible {
    let secrets: Api<Secret> = Api::namespaced(client, &config.namespace);
    let take = |secret: Option<Secret>| {
        if let Some(certificate) = read(secret.as_ref()).serving() {
            serve(certificate.clone());
        }
        changed.send_modify(|count| *count += 1);
    };
    single::follow(&watched, secrets, &config.secret, take).await
}

/// The leader's part.
pub(crate) struct SecretRotator {
    pub(crate) client: Client,
    pub(crate) config: ClusterConfig,
    pub(crate) plan: RotationPlan,
    pub(crate) clock: Clock,
    pub(crate) leads: watch::Receiver<bool>,
    /// Changes whenever the Secret does.
    pub(crate) secret_changed: watch::Receiver<u64>,
    /// What the registrars see, one each.
    pub(crate) seen: [watch::Receiver<ConfigurationState>; 2],
    /// Base64, for the registrars.
    pub(crate) bundle: watch::Sender<Option<String>>,
    pub(crate) metrics: RotationMetrics,
}

impl SecretRotator {
    /// Takes step after step while this replica leads; for ever.
    pub(crate) async fn run(mut self) {
        while self.leads.wait_for(|leads| *leads).await.is_ok() {
            // What happens during a step is looked at after it.
            self.secret_changed.mark_unchanged();
            self.seen.iter_mut().for_each(watch::Receiver::mark_unchanged);
            let pause = match self.step().await {
                Ok(pause) => pause,
                Err(StepError::Api(Error::Api(status))) if status.is_conflict() => RETRY,
                Err(error) => {
                    self.metrics.failures.inc();
                    warn!(secret = self.config.secret, %error, "no step could be taken; it is tried again");
                    RETRY
                }
            };
            self.rest(pause).await;
        }
    }

    async fn rest(&mut self, pause: Duration) {
        let [validating, mutating] = &mut self.seen;
        tokio::select! {
            () = sleep(pause) => {}
            _ = self.secret_changed.changed() => {}
            _ = validating.changed() => {}
            _ = mutating.changed() => {}
            _ = self.leads.wait_for(|leads| !*leads) => {}
        }
    }

    /// How long nothing is to be done, unless something else is observed.
    /// Configurations, then the Secret, then the replicas, then the clock: the order that `rotation` counts on.
    async fn step(&self) -> Result<Duration, StepError> {
        let configurations = self.configurations().await?;
        let secret = self.secrets().get_opt(&self.config.secret).await?;
        let endpoints = addresses(self.client.clone(), &self.config.namespace, &self.config.service).await?;
        let served = served(&endpoints).await;
        let bundles = configurations.iter().flat_map(|(_, object)| entries(object).iter().map(bundle));
        let observed = Observation { bundles: bundles.collect(), secret: read(secret.as_ref()), served };
        self.name_damage(&observed.secret);
        let now = server_time::now(&self.client, self.clock).await?;
        let step = next(now, &observed, &self.plan);
        debug!(?step, endpoints = endpoints.len(), served = ?observed.served, "certificate");
        self.metrics.foreign.set(i64::from(step == RotationStep::Refuse));
        if let SecretState::Ours(contents) = &observed.secret {
            // In case somebody takes the bundles away: the registrars then need not wait for the next step. The Secret that a chart
            // makes is empty at first.
            let bundle = STANDARD.encode(contents.bundle());
            self.bundle.send_replace(Some(bundle).filter(|bundle| !bundle.is_empty()));
        }
        Ok(match step {
            RotationStep::Write(change) => {
                self.write(&change, change.carry_out(now, &observed, &self.plan)?, secret).await?;
                Duration::ZERO
            }
            RotationStep::Publish { bundle } => {
                self.publish(&configurations, &STANDARD.encode(bundle)).await?;
                Duration::ZERO
            }
            RotationStep::Wait { until, cause } => {
                debug!(%until, ?cause, "certificate");
                Duration::try_from(until - now).unwrap_or(Duration::ZERO).clamp(RETRY, max_pause(cause))
            }
            RotationStep::Refuse => {
                let Self { config, .. } = self;
                let (label, value) = OWN_LABEL;
                error!(
                    secret = config.secret,
                    namespace = config.namespace,
                    "Secret is not Quorate's and is left alone; label it {label}={value}, or configure another name"
                );
                MAX_PAUSE
            }
        })
    }

    fn name_damage(&self, secret: &SecretState) {
        if let SecretState::Ours(contents) = secret {
            for damage in contents.damage() {
                warn!(secret = self.config.secret, %damage, "part of the Secret cannot be used and is made anew");
            }
        }
    }

    /// At the versions that were read: whoever leads by now may know better.
    async fn publish(&self, configurations: &[(Api<DynamicObject>, DynamicObject)], bundle: &str) -> Result<(), Error> {
        for (api, object) in configurations {
            let patch = json!({
                "metadata": {"resourceVersion": object.metadata.resource_version},
                "webhooks": rebundled(entries(object), bundle),
            });
            let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
            api.patch(&self.config.webhooks, &params, &Patch::Merge(patch)).await?;
        }
        info!(webhooks = self.config.webhooks, "caBundle written");
        Ok(())
    }

    /// At the version that was read, or as a new object: what somebody else wrote meanwhile is never overwritten.
    async fn write(
        &self,
        change: &SecretChange,
        contents: SecretContents,
        before: Option<Secret>,
    ) -> Result<(), Error> {
        let data = contents.to_data().into_iter().map(|(key, value)| (key, ByteString(value))).collect();
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        match before {
            Some(secret) => {
                let secret = Secret { data: Some(data), ..secret };
                self.secrets().replace(&self.config.secret, &params, &secret).await?;
            }
            None => {
                let mut metadata = owned::metadata(self.client.clone(), &self.config, &self.config.secret).await?;
                let (label, value) = OWN_LABEL;
                metadata.labels.get_or_insert_default().insert(label.to_owned(), value.to_owned());
                let secret = Secret { metadata, data: Some(data), ..Secret::default() };
                self.secrets().create(&params, &secret).await?;
            }
        }
        self.metrics.written.inc();
        info!(secret = self.config.secret, ?change, "certificate Secret written");
        Ok(())
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.config.namespace)
    }

    /// Those that are there. Asked, and not taken from the watch: a rotation goes on when the API server says that all
    /// is written.
    async fn configurations(&self) -> Result<Vec<(Api<DynamicObject>, DynamicObject)>, Error> {
        let mut found = Vec::new();
        for kind in [VALIDATING, MUTATING] {
            let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource(kind));
            if let Some(object) = api.get_opt(&self.config.webhooks).await? {
                found.push((api, object));
            }
        }
        Ok(found)
    }
}

/// While a rotation is under way, what is served is looked at often; else clocks may be set and Secrets lost.
fn max_pause(cause: WaitCause) -> Duration {
    match cause {
        WaitCause::NothingDue => MAX_PAUSE,
        WaitCause::Propagation | WaitCause::Retiring => SHORT_PAUSE,
    }
}

/// An entry without one, or with one that is no base64, trusts nothing.
fn bundle(entry: &Value) -> CaBundle {
    CaBundle::from_pem(&STANDARD.decode(bundle_of(entry).unwrap_or_default()).unwrap_or_default())
}

pub(crate) fn read(secret: Option<&Secret>) -> SecretState {
    let Some(secret) = secret else { return SecretState::Absent };
    let labels = secret.metadata.labels.clone().unwrap_or_default();
    let data = secret.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone()));
    SecretState::read(&labels, &data.collect::<BTreeMap<_, _>>())
}
