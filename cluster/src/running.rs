//! The parts put together: connect, run until told to stop, give the Lease up.
//! Does nothing of its own but ask for the rights.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kubernetes::admission::Phase;
use prometheus_client::registry::{Registry, Unit};
use quorate_certs::ServingCertificate;
use quorate_certs::rotation::RotationPlan;
use quorate_facts::Sources;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::certificate::{self, RotationMetrics, SecretRotator};
use crate::facts::ClusterFacts;
use crate::login::{Login, LoginError};
use crate::membership::Memberships;
use crate::objects::ClusterObjects;
use crate::registrar::{EntrySource, Inputs, MUTATING, Registrar, RegistrarMetrics, VALIDATING};
use crate::reservations::ReservationMaps;
use crate::sets::{SetCache, SetWatcher};
use crate::store::ReservationStore;
use crate::watch::{WatchCollector, WatchHandle};
use crate::{ClusterConfig, PodSource, RegistrationContent, Right, ServerUses, client, leader, missing, rights};
use quorate_facts::Clock;

const RETRY: Duration = Duration::from_secs(2);
/// For the Lease to be given up; whoever stops the process waits no longer either.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error("{}", lines(.0))]
    Missing(Vec<Right>),
}

fn lines(missing: &[Right]) -> String {
    let rules: Vec<String> = missing.iter().map(|right| format!("\n  {right}")).collect();
    format!("{} rights are missing; add to the ServiceAccount's roles:{}", missing.len(), rules.concat())
}

/// A connection to the cluster that this server guards.
pub struct Cluster {
    client: Client,
    /// For the Lease alone: its requests end sooner, and wait behind no list.
    lease_client: Client,
    config: ClusterConfig,
    sets: SetCache,
    watch: SetWatcher,
    objects: ClusterObjects,
    facts: ClusterFacts,
    reservations: Arc<ReservationMaps>,
    /// Those of the objects that it keeps.
    own: OwnWatches,
    leads: watch::Sender<bool>,
    registrars: RegistrarMetrics,
    certificates: RotationMetrics,
}

#[derive(Clone)]
struct OwnWatches {
    validating: WatchHandle,
    mutating: WatchHandle,
    secret: WatchHandle,
}

impl OwnWatches {
    fn new() -> Self {
        Self {
            validating: WatchHandle::new(VALIDATING),
            mutating: WatchHandle::new(MUTATING),
            secret: WatchHandle::new("Secret"),
        }
    }
}

/// What is to be said although the server is ready, if anything is: one line.
pub type Note = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// How the server comes by its own certificate.
pub struct OwnCertificate {
    pub plan: RotationPlan,
    /// Called with each certificate that is to be served from now on.
    pub serve: Arc<dyn Fn(ServingCertificate) + Send + Sync>,
}

impl Cluster {
    /// Reads the kubeconfig or the pod's service account; asks the API server nothing yet.
    /// `configure` gets the namespace of the pod; none where a kubeconfig is read, whose namespace is its user's.
    pub async fn connect(
        login: &Login,
        configure: impl FnOnce(Option<&str>) -> ClusterConfig,
    ) -> Result<Self, ClusterError> {
        let target = login.find().await?;
        let [client, lease_client] =
            [client::SERVER_TIMEOUT, client::LEASE_TIMEOUT].map(|limit| client::connect(&target, limit));
        Ok(Self::with(client?, lease_client?, configure(target.home.as_deref())))
    }

    fn with(client: Client, lease_client: Client, config: ClusterConfig) -> Self {
        let (sets, watch) = SetCache::new();
        let objects = ClusterObjects::new(client.clone(), sets.clone());
        let facts = ClusterFacts::new(client.clone(), Memberships::new(config.access.clone()));
        let reservations = Arc::new(ReservationMaps::new(client.clone(), config.clone()));
        Self {
            client,
            lease_client,
            config,
            sets,
            watch,
            objects,
            facts,
            reservations,
            own: OwnWatches::new(),
            leads: watch::Sender::new(false),
            registrars: RegistrarMetrics::default(),
            certificates: RotationMetrics::default(),
        }
    }

    pub fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// Who finds out what stands around a request.
    pub fn sources(&self) -> Sources {
        Sources { objects: Arc::new(self.objects.clone()), facts: Arc::new(self.facts.clone()) }
    }

    /// What reservations rest on.
    pub fn pods(&self) -> Arc<dyn PodSource> {
        Arc::new(self.facts.clone())
    }

    /// What all replicas share of them.
    pub fn reservations(&self) -> Arc<dyn ReservationStore> {
        Arc::clone(&self.reservations) as Arc<dyn ReservationStore>
    }

    /// Whether this replica writes, from now on.
    pub fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Whether the caches have been filled; a server is not ready before.
    pub fn readiness_check(&self) -> impl Fn() -> Result<(), &'static str> + Send + Sync + 'static {
        let (sets, facts) = (self.sets.clone(), self.facts.clone());
        move || if sets.synced() { facts.synced() } else { Err("StatefulSets are not known yet") }
    }

    /// What is not known because its watch is stale or broken.
    pub fn notes(&self) -> impl Iterator<Item = Note> {
        let note = |watched: WatchHandle| -> Note { Arc::new(move || watched.note()) };
        self.watches().into_iter().map(note)
    }

    fn watches(&self) -> Vec<WatchHandle> {
        let Self { sets, facts, own, .. } = self;
        let of_facts = [&sets.watched, &facts.pods.watched, &facts.claims.watched, &facts.autoscalers.watched];
        of_facts.into_iter().chain([&own.validating, &own.mutating, &own.secret]).cloned().collect()
    }

    /// What all parts count.
    pub fn metrics(&self) -> Registry {
        let mut registry = Registry::with_prefix("quorate");
        let Self { sets, objects, facts, registrars, certificates, .. } = self;
        registry.register(
            "parent_lookups",
            "Parents found in the cache or by GET, and errors",
            objects.lookups.0.clone(),
        );
        registry.register("cluster_rqlite_sets", "StatefulSets known that run rqlite", sets.rqlite.clone());
        registry.register(
            "membership_looks",
            "Memberships asked for, by the view that they gave",
            facts.memberships.looks.0.clone(),
        );
        registry.register_collector(Box::new(WatchCollector(self.watches())));
        registry.register("registration_present", "Whether the configuration is there", registrars.present.clone());
        registry.register_with_unit(
            "registration_size",
            "Of the configuration as JSON, of which etcd takes 1.5 MiB by default",
            Unit::Bytes,
            registrars.size.clone(),
        );
        registry.register("registration_writes", "Writes of the entries kept in it", registrars.written.clone());
        registry.register("registration_undone", "Those that somebody had undone", registrars.undone.clone());
        registry.register("registration_failures", "Failed writes of it", registrars.failures.clone());
        registry.register(
            "certificate_writes",
            "Steps that changed the certificate Secret",
            certificates.written.clone(),
        );
        registry.register("certificate_step_failures", "Steps that could not be taken", certificates.failures.clone());
        registry.register("certificate_secret_foreign", "Whether the Secret is not ours", certificates.foreign.clone());
        registry.register_collector(Box::new(LeaderCollector(self.leads.subscribe())));
        registry
    }

    /// Runs all parts until `shutdown` is done, then gives the Lease up.
    ///
    /// # Errors
    /// [`ClusterError::Missing`] at start.
    pub async fn run(
        self,
        content: RegistrationContent,
        certificate: Option<OwnCertificate>,
        clock: Clock,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ClusterError> {
        let uses = ServerUses { own_certificate: certificate.is_some(), own_mutation: content.owns_mutating() };
        tokio::pin!(shutdown);
        tokio::select! {
            checked = self.check_rights(uses) => checked?,
            () = &mut shutdown => return Ok(()),
        }
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        let (leads, stopping) = (self.leads.clone(), stop.subscribe());
        let election = leader::run(self.lease_client.clone(), self.config.clone(), leads, stopping);
        let election = tokio::spawn(election);
        self.spawn(&mut tasks, &content, uses, certificate, clock);
        shutdown.await;
        stop.send_replace(true);
        let _ = tokio::time::timeout(RELEASE_TIMEOUT, election).await;
        Ok(())
    }

    /// Until the API server answers.
    async fn check_rights(&self, uses: ServerUses) -> Result<(), ClusterError> {
        loop {
            match missing(&self.client, rights(&self.config, uses)).await {
                Ok(missing) if missing.is_empty() => return Ok(()),
                Ok(missing) => return Err(ClusterError::Missing(missing)),
                Err(error) => warn!(%error, "API server does not say which rights there are; it is asked again"),
            }
            sleep(RETRY).await;
        }
    }

    fn spawn(
        self,
        tasks: &mut JoinSet<()>,
        content: &RegistrationContent,
        uses: ServerUses,
        certificate: Option<OwnCertificate>,
        clock: Clock,
    ) {
        let bundle = watch::Sender::new(None);
        let inputs = Inputs { leads: self.leads.subscribe(), known: self.sets.known(), bundle: bundle.subscribe() };
        let registrar = |kind, watched: &WatchHandle, entries: Option<EntrySource>| {
            let (client, name) = (self.client.clone(), &self.config.webhooks);
            let told = (watched.clone(), self.registrars.clone());
            Registrar::new(client, kind, name, entries, inputs.clone(), told)
        };
        let of = content.clone();
        let entries: EntrySource =
            Arc::new(move |known, live| of.following(Phase::Validate, live).server_owned_validating(known));
        let (validating, validating_seen) = registrar(VALIDATING, &self.own.validating, Some(entries));
        let of = content.clone();
        let entries: EntrySource = Arc::new(move |_, live| of.following(Phase::Mutate, live).server_owned_mutating());
        let entries = uses.writes_mutating().then_some(entries);
        let (mutating, mutating_seen) = registrar(MUTATING, &self.own.mutating, entries);
        tasks.spawn(validating.run());
        tasks.spawn(mutating.run());
        tasks.spawn(for_ever(self.watch.run(self.client.clone())));
        tasks.spawn(for_ever(self.facts.pods.run(self.client.clone())));
        tasks.spawn(for_ever(self.facts.claims.run(self.client.clone())));
        tasks.spawn(for_ever(self.facts.autoscalers.run(self.client.clone())));
        let Some(OwnCertificate { plan, serve }) = certificate else {
            // Somebody else writes the bundles; the registrars must not think that they are told no more.
            tasks.spawn(async move { bundle.closed().await });
            return;
        };
        info!(secret = self.config.secret, "certificate is kept in a Secret");
        let secret_changed = watch::Sender::new(0);
        let rotator = SecretRotator {
            client: self.client.clone(),
            config: self.config.clone(),
            plan,
            clock,
            leads: self.leads.subscribe(),
            secret_changed: secret_changed.subscribe(),
            seen: [validating_seen, mutating_seen],
            bundle,
            metrics: self.certificates,
        };
        tasks.spawn(rotator.run());
        let following = certificate::follow(self.client, self.config, self.own.secret, serve, secret_changed);
        tasks.spawn(for_ever(following));
    }
}

async fn for_ever(task: impl Future<Output = Infallible>) {
    match task.await {}
}

/// 1 on the replica that leads, asked at each scrape.
#[derive(Debug)]
struct LeaderCollector(watch::Receiver<bool>);

impl prometheus_client::collector::Collector for LeaderCollector {
    fn encode(&self, mut encoder: prometheus_client::encoding::DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        use prometheus_client::encoding::EncodeMetric;
        let leads = prometheus_client::metrics::gauge::ConstGauge::new(i64::from(*self.0.borrow()));
        let help = "Whether this replica writes";
        let metric = encoder.encode_descriptor("cluster_leader", help, None, leads.metric_type())?;
        leads.encode(metric)
    }
}
