//! Keeps the entries of one webhook configuration right: the server's own ones, and the caBundle of all.
//! What they should be says `entries`; whether to write, the leader's election. Never creates the object: its absence means
//! not installed, or not any more.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::{Api, Client, Error};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::backoff::WriteBackoff;
use crate::entries::{ServerOwnedEntries, common_bundle, wanted};
use crate::registration::{KnownSets, Naming};
use crate::sets::SharedKnownSets;
use crate::single;
use crate::watch::WatchHandle;

/// Under which the API server records what this server wrote.
pub(crate) const FIELD_MANAGER: &str = "quorate";
/// Several sets of one release become known together; a new one is to be known within a second.
const DEBOUNCE: Duration = Duration::from_millis(200);
const RETRY: Duration = Duration::from_secs(2);

/// What of a configuration is the server's own, given the known sets and the live entries.
pub(crate) type EntrySource = Arc<dyn Fn(&KnownSets, &[Value]) -> ServerOwnedEntries + Send + Sync>;

/// What one configuration was last seen to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigurationState {
    NotYet,
    Absent,
    /// With the caBundle that all of its entries carry, in base64.
    Present {
        bundle: Option<String>,
    },
}

/// Counts for both configurations.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegistrarMetrics {
    pub(crate) present: Family<ConfigurationLabel, Gauge>,
    pub(crate) size: Family<ConfigurationLabel, Gauge>,
    pub(crate) written: Family<ConfigurationLabel, Counter>,
    pub(crate) undone: Family<ConfigurationLabel, Counter>,
    pub(crate) failures: Family<ConfigurationLabel, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ConfigurationLabel {
    configuration: &'static str,
}

/// What both registrars are told.
#[derive(Clone)]
pub(crate) struct Inputs {
    pub(crate) leads: watch::Receiver<bool>,
    pub(crate) known: watch::Receiver<Option<SharedKnownSets>>,
    /// Base64 of PEM, for entries without one; None where that is not known, or for somebody else to write.
    pub(crate) bundle: watch::Receiver<Option<String>>,
}

pub(crate) struct Registrar {
    api: Api<DynamicObject>,
    kind: &'static str,
    name: String,
    /// None: it only looks, and has no right to write.
    content: Option<EntrySource>,
    inputs: Inputs,
    seen: watch::Sender<ConfigurationState>,
    watched: WatchHandle,
    metrics: RegistrarMetrics,
    backoff: WriteBackoff<(SharedKnownSets, Option<String>)>,
}

/// What came of looking at an object.
enum WriteOutcome {
    Nothing,
    Written(Box<DynamicObject>),
    /// Not before that moment.
    Later(Instant),
}

impl Registrar {
    pub(crate) fn new(
        client: Client,
        kind: &'static str,
        name: &str,
        content: Option<EntrySource>,
        inputs: Inputs,
        (watched, metrics): (WatchHandle, RegistrarMetrics),
    ) -> (Self, watch::Receiver<ConfigurationState>) {
        let (seen, receiver) = watch::channel(ConfigurationState::NotYet);
        let api = Api::all_with(client, &resource(kind));
        let backoff = WriteBackoff::default();
        (Self { api, kind, name: name.to_owned(), content, inputs, seen, watched, metrics, backoff }, receiver)
    }

    /// Until whoever tells it what to write is gone.
    pub(crate) async fn run(mut self) {
        let (objects, mut found) = watch::channel(None);
        let (watched, name) = (self.watched.clone(), self.name.clone());
        let mut following = pin!(single::follow(&watched, self.api.clone(), &name, move |object| {
            objects.send_replace(Some(object));
        }));
        let mut current = None;
        let mut due: Option<Instant> = None;
        loop {
            let now = Instant::now();
            let changed = tokio::select! {
                never = &mut following => match never {},
                changed = found.changed() => {
                    current = found.borrow_and_update().clone().flatten();
                    self.see(current.as_ref());
                    changed.map(|()| now)
                }
                changed = self.inputs.known.changed() => changed.map(|()| now + DEBOUNCE),
                changed = self.inputs.bundle.changed() => changed.map(|()| now),
                changed = self.inputs.leads.changed() => changed.map(|()| now),
                () = sleep_until(due.unwrap_or(now)), if due.is_some() => {
                    due = None;
                    match self.write(current.as_ref()).await {
                        Ok(WriteOutcome::Nothing) => {}
                        Ok(WriteOutcome::Later(then)) => due = Some(then),
                        Ok(WriteOutcome::Written(object)) => {
                            self.see(Some(&object));
                            current = Some(*object);
                        }
                        // The watch brings the version that is there now.
                        Err(Error::Api(status)) if status.is_conflict() => {}
                        Err(error) => {
                            self.fail(&error);
                            due = Some(Instant::now() + RETRY);
                        }
                    }
                    continue;
                }
            };
            let Ok(then) = changed else { return };
            due = Some(due.map_or(then, |due| due.min(then)));
        }
    }

    fn see(&self, object: Option<&DynamicObject>) {
        let size = object.map_or(0, |object| serde_json::to_vec(object).map_or(0, |text| text.len()));
        self.metrics.size.get_or_create(&self.label()).set(i64::try_from(size).unwrap_or(i64::MAX));
        let seen = match object {
            Some(object) => ConfigurationState::Present { bundle: common_bundle(entries(object)).map(str::to_owned) },
            None => ConfigurationState::Absent,
        };
        self.metrics.present.get_or_create(&self.label()).set(i64::from(object.is_some()));
        let was_absent = self.seen.send_replace(seen.clone()) == ConfigurationState::Absent;
        match (seen, was_absent) {
            (ConfigurationState::Absent, false) => {
                warn!(
                    kind = self.kind,
                    name = self.name,
                    "not there: nothing is guarded; apply the installation again"
                );
            }
            (ConfigurationState::Present { .. }, true) => info!(kind = self.kind, name = self.name, "there again"),
            (ConfigurationState::NotYet | ConfigurationState::Absent | ConfigurationState::Present { .. }, _) => {}
        }
    }

    async fn write(&mut self, current: Option<&DynamicObject>) -> Result<WriteOutcome, Error> {
        let leads = *self.inputs.leads.borrow();
        let known = self.inputs.known.borrow().clone();
        let bundle = self.inputs.bundle.borrow().clone();
        let (true, Some(content), Some(object), Some(known)) = (leads, &self.content, current, known) else {
            return Ok(WriteOutcome::Nothing);
        };
        let own = content(&known, entries(object));
        let Some(wanted) = wanted(entries(object), &own, bundle.as_deref()) else { return Ok(WriteOutcome::Nothing) };
        let told = (known, bundle);
        let now = Instant::now();
        if let Some(then) = self.backoff.not_before(&told, now) {
            return Ok(WriteOutcome::Later(then));
        }
        let patch = json!({
            "metadata": {"resourceVersion": object.metadata.resource_version},
            "webhooks": wanted,
        });
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let written = self.api.patch(&self.name, &params, &Patch::Merge(patch)).await?;
        let sets = told.0.len();
        let undone = self.backoff.record_write(told, now);
        if undone > 0 {
            self.metrics.undone.get_or_create(&self.label()).inc();
        }
        if undone == 1 {
            warn!(
                kind = self.kind,
                name = self.name,
                "somebody had changed the entries that this server keeps; put right, and again whenever it is changed again"
            );
        }
        self.metrics.written.get_or_create(&self.label()).inc();
        let named_by = own.naming.map(Naming::name);
        info!(kind = self.kind, name = self.name, entries = entries(&written).len(), sets, named_by, "entries written");
        Ok(WriteOutcome::Written(Box::new(written)))
    }

    fn fail(&self, error: &Error) {
        self.metrics.failures.get_or_create(&self.label()).inc();
        warn!(kind = self.kind, name = self.name, error = %error, "cannot be written; it is tried again");
    }

    fn label(&self) -> ConfigurationLabel {
        ConfigurationLabel { configuration: self.kind }
    }
}

pub(crate) const VALIDATING: &str = "ValidatingWebhookConfiguration";
pub(crate) const MUTATING: &str = "MutatingWebhookConfiguration";

/// How the API server calls configurations of that kind.
pub(crate) fn resource(kind: &str) -> ApiResource {
    ApiResource {
        group: "admissionregistration.k8s.io".to_owned(),
        version: "v1".to_owned(),
        api_version: "admissionregistration.k8s.io/v1".to_owned(),
        kind: kind.to_owned(),
        plural: format!("{}s", kind.to_lowercase()),
    }
}

pub(crate) fn entries(object: &DynamicObject) -> &[Value] {
    object.data.get("webhooks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
