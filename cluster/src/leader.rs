//! Which replica writes: the one that holds the Lease.
//! It saves work and noise and is no lock: every write of a leader names the version that it was made from, or makes an object that must not be
//! there yet, so that two leaders could not undo each other.
//!
//! Each replica goes by its own clock, and by how time passes on it alone (`observed`): clocks may differ by any amount. Other elections
//! compare the time that the holder wrote with the reader's, and wait as long as a dead holder's clock was ahead (decision 14).
//! A holder leads for [`LEADS`] after it asked for the last renewal that it got; another one takes over after it has seen the Lease
//! unchanged for [`DURATION`], which is longer.

mod observed;
#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Error};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

use crate::{ClusterConfig, owned};
use observed::{ObservedLease, holder};

/// After which another replica takes over from one that is gone without a word.
pub(crate) const LEASE_DURATION: Duration = Duration::from_secs(15);
/// From one renewal to the next.
pub(crate) const RENEW_INTERVAL: Duration = Duration::from_secs(5);
/// How long a replica leads by one renewal: until two requests more, each with the most time that it is given, must have renewed it.
pub(crate) const LEADS_FOR: Duration = Duration::from_secs(11);
/// Between two looks of those that do not lead, and after a failure.
pub(crate) const RETRY_INTERVAL: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
enum ElectionError {
    #[error(transparent)]
    Api(#[from] Error),
    #[error("no answer while this replica could still renew it")]
    TooLate,
}

/// Takes part in the election until `stop` is true; then gives the Lease up.
pub(crate) async fn run(
    client: Client,
    config: ClusterConfig,
    leads: watch::Sender<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let mut candidate = Candidate::new(client, config, Timestamp::now);
    let election = async {
        loop {
            let pause = candidate.turn(&leads).await;
            sleep(pause).await;
        }
    };
    tokio::select! {
        () = election => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    leads.send_replace(false);
    if let Err(error) = candidate.give_up().await {
        warn!(lease = candidate.config.lease, %error, "Lease not given up; another replica takes over when it has run out");
    }
}

struct Candidate {
    client: Client,
    config: ClusterConfig,
    leases: Api<Lease>,
    observed: ObservedLease,
    /// While this replica leads: until when, unless it renews the Lease.
    until: Option<Instant>,
    /// For those who read the Lease; no replica compares it with its own.
    clock: fn() -> Timestamp,
}

impl Candidate {
    fn new(client: Client, config: ClusterConfig, clock: fn() -> Timestamp) -> Self {
        let leases = Api::namespaced(client.clone(), &config.namespace);
        Self { client, config, leases, observed: ObservedLease::default(), until: None, clock }
    }

    /// Takes or renews the Lease if it may, tells who leads, and returns how long to wait for the next turn.
    async fn turn(&mut self, leads: &watch::Sender<bool>) -> Duration {
        let before = self.until;
        let written = match before {
            // What is not renewed by then is not held any more, whatever comes of the request.
            Some(until) => timeout_at(until, self.write()).await.unwrap_or(Err(ElectionError::TooLate)),
            None => self.write().await,
        };
        match written {
            Ok(until) => self.until = until,
            // Somebody else wrote it a moment ago: another replica, or a person, and then a holder goes on.
            Err(ElectionError::Api(Error::Api(status))) if status.is_conflict() || status.is_already_exists() => {}
            Err(error) => warn!(lease = self.config.lease, %error, "Lease not read or written; it is tried again"),
        }
        self.until = self.until.filter(|until| Instant::now() < *until);
        self.tell(leads);
        match self.until {
            renewed @ Some(_) if renewed != before => RENEW_INTERVAL,
            Some(until) => RETRY_INTERVAL.min(until.saturating_duration_since(Instant::now())),
            None => RETRY_INTERVAL,
        }
    }

    fn tell(&self, leads: &watch::Sender<bool>) {
        let leading = self.until.is_some();
        let changed = leads.send_if_modified(|before| std::mem::replace(before, leading) != leading);
        if changed {
            info!(identity = self.config.identity, leading, "leadership changed");
        }
    }

    /// Until when this replica leads by what was written; `None`: another one holds the Lease.
    async fn write(&mut self) -> Result<Option<Instant>, ElectionError> {
        let lease = match self.leases.get_opt(&self.config.lease).await? {
            Some(lease) => lease,
            None => self.make().await?,
        };
        let spec = lease.spec.clone().unwrap_or_default();
        if !self.observed.may_be_taken(&spec, &self.config.identity, Instant::now()) {
            return Ok(None);
        }
        let until = Instant::now() + LEADS_FOR;
        let held = json!({"metadata": version(&lease), "spec": self.held(&spec)});
        self.leases.patch(&self.config.lease, &PatchParams::default(), &Patch::Merge(held)).await?;
        Ok(Some(until))
    }

    /// What this replica writes into a Lease that reads so.
    fn held(&self, spec: &LeaseSpec) -> LeaseSpec {
        let now = MicroTime((self.clock)());
        let goes_on = holder(spec) == Some(self.config.identity.as_str());
        let transitions = spec.lease_transitions.map_or(0, |count| count.saturating_add(i32::from(!goes_on)));
        LeaseSpec {
            holder_identity: Some(self.config.identity.clone()),
            lease_duration_seconds: i32::try_from(LEASE_DURATION.as_secs()).ok(),
            acquire_time: spec.acquire_time.clone().filter(|_| goes_on).or_else(|| Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    /// Of the kinds that the server needs this is the one that GitOps tools leave out (Argo CD by default), so no installer brings it.
    async fn make(&self) -> Result<Lease, Error> {
        let metadata = owned::metadata(self.client.clone(), &self.config, &self.config.lease).await?;
        self.leases.create(&PostParams::default(), &Lease { metadata, ..Lease::default() }).await
    }

    /// Lets another replica take it at once.
    async fn give_up(&self) -> Result<(), Error> {
        let Some(lease) = self.leases.get_opt(&self.config.lease).await? else { return Ok(()) };
        if lease.spec.as_ref().and_then(holder) != Some(self.config.identity.as_str()) {
            return Ok(());
        }
        let free = json!({"metadata": version(&lease), "spec": {"holderIdentity": null}});
        self.leases.patch(&self.config.lease, &PatchParams::default(), &Patch::Merge(free)).await.map(|_| ())
    }
}

/// With it the API server refuses to change an object that somebody has written since.
fn version(lease: &Lease) -> Value {
    json!({"resourceVersion": lease.metadata.resource_version})
}
