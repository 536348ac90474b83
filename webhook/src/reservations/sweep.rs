//! Removes reservations that are old enough; one replica does it.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::Reservations;

/// Between two looks for it.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

impl Reservations {
    /// Sweeps while this replica leads; for ever.
    pub(crate) async fn sweep_while(&self, leads: watch::Receiver<bool>) -> Infallible {
        loop {
            sleep(SWEEP_INTERVAL).await;
            if *leads.borrow() {
                self.sweep().await;
            }
        }
    }
}
