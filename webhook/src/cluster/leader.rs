//! Which replica writes: the one that holds the Lease.
//! It saves work and noise and is no lock: every write of a leader names the version that it was made from, or makes an object that must not be
//! there yet, so two leaders cannot undo each other. Two there may be for the 5 s until the next renewal: `kube_lease_manager` empties a Lease that
//! has run out without naming the version that it read, and so may empty one that another replica has taken a moment before.
//!
//! The Lease is renewed by two requests, each of which ends within `client::LEASE` (3 s): so at most 11 s after the last renewal either it is
//! renewed again or this replica has given up to lead, and for another one it runs out after 15 s.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::PostParams;
use kube::{Api, Client, Error};
use kube_lease_manager::{LeaseCreateMode, LeaseManager, LeaseManagerError, LeaseParams};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::cluster::{ClusterConfig, owned};

/// Seconds after which another replica takes over from one that is gone without a word.
pub(crate) const DURATION: u64 = 15;
/// So many seconds before that, the holder renews.
pub(crate) const MARGIN: u64 = 10;
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
enum ElectionError {
    #[error(transparent)]
    Api(#[from] Error),
    #[error(transparent)]
    Manager(#[from] LeaseManagerError),
}

/// Takes part in the election until nobody listens or `stop` is true; then gives the Lease up.
pub(crate) async fn run(
    client: Client,
    config: ClusterConfig,
    leads: watch::Sender<bool>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let took_part = take_part(&client, &config, &leads, &mut stop).await;
        leads.send_replace(false);
        match took_part {
            Ok(()) => return,
            // Whether the Lease is still held is not known, so it is not.
            Err(error) => warn!(lease = config.lease, error = %error, "election interrupted; it is tried again"),
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn take_part(
    client: &Client,
    config: &ClusterConfig,
    leads: &watch::Sender<bool>,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), ElectionError> {
    make(client, config).await?;
    let params = LeaseParams::new(config.identity.as_str(), DURATION, MARGIN);
    let made = LeaseCreateMode::UseExistent;
    let manager =
        LeaseManager::new(client.clone(), config.lease.as_str(), config.namespace.as_str(), params, made).await?;
    loop {
        let leading = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => None,
            changed = manager.changed() => Some(changed?),
        };
        let Some(leading) = leading else { return Ok(manager.release().await?) };
        info!(identity = config.identity, leading, "leadership changed");
        leads.send_replace(leading);
    }
}

/// Of the kinds that the server needs this is the one that GitOps tools leave out (Argo CD by default), so no installer brings it.
async fn make(client: &Client, config: &ClusterConfig) -> Result<(), Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), &config.namespace);
    if leases.get_opt(&config.lease).await?.is_some() {
        return Ok(());
    }
    let metadata = owned::metadata(client.clone(), config, &config.lease).await?;
    match leases.create(&PostParams::default(), &Lease { metadata, ..Lease::default() }).await {
        // Another replica was first.
        Err(Error::Api(status)) if status.is_already_exists() => Ok(()),
        made => made.map(|_| ()),
    }
}
