//! What other admissions have taken away: an admitted reduction counts in every later review of its set, in every replica, before the
//! next answer. Decides nothing: the policies are told which pods are leaving.
//!
//! ```text
//! read the slot ──> review, with what it names as leaving ──> admitted, and pods go? ── no ──> answer
//!                      ^                                         │ yes
//!                      │ somebody else reserved meanwhile        v
//!                      └──────────────────────────────── write it over the version that was read ──> answer
//! ```

mod request;
mod reservation;
mod slot;
mod sweep;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use rqlite::facts::Leaving;
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tracing::{debug, warn};

use self::reservation::Reservation;
use self::slot::ReservationSlot;
use quorate_cluster::DisruptionBudget;
use quorate_cluster::registration::SetName;
use quorate_cluster::{ReservationStore, SLOTS, StoreError, StoreFuture, StoredSlot, WriteResult};

pub(crate) use self::request::ReservationRequest;

/// Whose verdicts rest on it.
pub(crate) const POLICY: &str = "quorum-guard";

/// For one read or write; an API server that calls us answers within milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(800);

/// Reservations of all sets.
pub struct Reservations {
    slots: [SharedSlot; SLOTS],
    /// None: there are no other replicas.
    store: Option<Arc<dyn ReservationStore>>,
    pub(crate) writes: WriteMetrics,
}

#[derive(Default)]
struct SharedSlot {
    slot: Mutex<ReservationSlot>,
    /// Of this replica's own writers one at a time, so that they do not conflict with each other.
    writing: tokio::sync::Mutex<()>,
}

/// Writes by how they ended: `written`, `conflict`, `failed`.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteMetrics(pub(crate) Family<ResultLabel, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResultLabel {
    result: &'static str,
}

/// The reservations of a set that a review was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CountedReservations(BTreeMap<String, Reservation>);

/// What an admitted request takes away.
#[derive(Debug, Clone)]
pub(crate) struct RemovedPods {
    pub(crate) pods: Vec<Leaving>,
    /// The API server asks the PodDisruptionBudgets after us, and does nothing where they refuse.
    pub(crate) asks_budget: bool,
}

/// What came of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReserveResult {
    Done,
    /// Somebody else has reserved for that set since: it has to be evaluated again.
    Changed,
}

impl CountedReservations {
    /// The pods of all of them.
    pub(crate) fn pods(&self) -> impl Iterator<Item = &Leaving> {
        self.0.values().flat_map(|reservation| &reservation.pods)
    }
}

impl Reservations {
    /// What it counts.
    pub(crate) fn register_metrics(&self, registry: &mut Registry) {
        registry.register(
            "reservation_writes",
            "Reservations of pods that an admission takes away, by how the write ended",
            self.writes.0.clone(),
        );
    }

    /// Shared by all replicas that have this store.
    pub fn shared(store: Arc<dyn ReservationStore>) -> Self {
        Self::with(Some(store))
    }

    /// Nobody else admits anything.
    pub fn of_one_replica() -> Self {
        Self::with(None)
    }

    fn with(store: Option<Arc<dyn ReservationStore>>) -> Self {
        Self { slots: std::array::from_fn(|_| SharedSlot::default()), store, writes: WriteMetrics::default() }
    }

    /// Learns what other replicas have reserved for the set. Where that cannot be had, what is known stands: a reduction is written over
    /// the version that was read, and comes too late if there is a later one.
    pub(crate) async fn refresh(&self, set: &SetName) {
        let (Some(store), Some((index, shared))) = (&self.store, self.of(set)) else { return };
        match within(store.read(index)).await {
            Ok(stored) => shared.lock().learn(stored),
            Err(error) => warn!(%set, %error, "reservations cannot be read"),
        }
    }

    /// What counts now; `budget` is that of the set, where it is known.
    pub(crate) fn counted(&self, set: &SetName, budget: Option<&DisruptionBudget>) -> CountedReservations {
        let Some((_, shared)) = self.of(set) else { return CountedReservations::default() };
        let mut slot = shared.lock();
        slot.forget();
        CountedReservations(slot.counted(set, budget))
    }

    /// Reserves for the request of that uid, if nothing counts by now that the review was not made with.
    ///
    /// # Errors
    /// When that cannot be stored: no other replica would know.
    pub(crate) async fn reserve(
        &self,
        uid: &str,
        set: &SetName,
        removed: &RemovedPods,
        counted: &CountedReservations,
        budget: Option<&DisruptionBudget>,
    ) -> Result<ReserveResult, StoreError> {
        let Some((index, shared)) = self.of(set) else { return Ok(ReserveResult::Done) };
        let is_spent = removed.asks_budget && budget.is_some_and(|budget| budget.is_spent);
        let (key, reservation) = (reservation::key(uid), Reservation::new(set, removed.pods.clone(), is_spent));
        let _turn = shared.writing.lock().await;
        loop {
            if self.counted(set, budget).0.keys().any(|key| !counted.0.contains_key(key)) {
                return Ok(ReserveResult::Changed);
            }
            let Some(store) = &self.store else {
                shared.lock().see(&key, reservation);
                return Ok(ReserveResult::Done);
            };
            let Some((read, mut entries)) = shared.still_stored() else {
                let stored = self.read(store.as_ref(), index).await?;
                shared.lock().learn(stored);
                continue;
            };
            entries.insert(key.clone(), text(&reservation)?);
            match within(store.write(index, &read, &entries)).await {
                Ok(WriteResult::Stored(stored)) => {
                    self.count("written");
                    shared.lock().learn(stored);
                    return Ok(ReserveResult::Done);
                }
                Ok(WriteResult::Conflict) => {
                    self.count("conflict");
                    debug!(%set, "reservations were written by somebody else");
                    let stored = self.read(store.as_ref(), index).await?;
                    shared.lock().learn(stored);
                }
                Err(error) => {
                    self.count("failed");
                    return Err(error);
                }
            }
        }
    }

    /// Takes away what has stayed stored long enough: entries of requests whose set nobody writes for again.
    pub(crate) async fn sweep(&self) {
        let Some(store) = &self.store else { return };
        for (index, shared) in self.slots.iter().enumerate() {
            if let Err(error) = sweep(store.as_ref(), index, shared).await {
                warn!(%error, "reservations cannot be swept");
            }
        }
    }

    async fn read(&self, store: &dyn ReservationStore, index: usize) -> Result<StoredSlot, StoreError> {
        within(store.read(index)).await.inspect_err(|_| self.count("failed"))
    }

    fn count(&self, result: &'static str) {
        self.writes.0.get_or_create(&ResultLabel { result }).inc();
    }

    fn of(&self, set: &SetName) -> Option<(usize, &SharedSlot)> {
        let index = slot_of(set);
        Some((index, self.slots.get(index)?))
    }
}

impl SharedSlot {
    fn lock(&self) -> MutexGuard<'_, ReservationSlot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn still_stored(&self) -> Option<(StoredSlot, BTreeMap<String, String>)> {
        self.lock().still_stored()
    }
}

async fn sweep(store: &dyn ReservationStore, index: usize, shared: &SharedSlot) -> Result<(), StoreError> {
    let _turn = shared.writing.lock().await;
    let stored = within(store.read(index)).await?;
    shared.lock().learn(stored);
    if let Some((read, staying)) = shared.still_stored().filter(|(read, staying)| read.entries != *staying)
        && let WriteResult::Stored(stored) = within(store.write(index, &read, &staying)).await?
    {
        shared.lock().learn(stored);
    }
    shared.lock().forget();
    Ok(())
}

async fn within<T>(asked: StoreFuture<'_, T>) -> Result<T, StoreError> {
    timeout(ATTEMPT_TIMEOUT, asked).await.unwrap_or_else(|_| {
        let why = format!("the API server does not answer within {} ms", ATTEMPT_TIMEOUT.as_millis());
        Err(StoreError { why, remedy: "try again".to_owned() })
    })
}

fn text(reservation: &Reservation) -> Result<String, StoreError> {
    reservation.to_json().map_err(|error| StoreError { why: error.to_string(), remedy: String::new() })
}

/// The same in every replica and every version.
fn slot_of(set: &SetName) -> usize {
    let digest = Sha256::digest(set.to_string());
    digest.first().map_or(0, |byte| usize::from(*byte) % SLOTS)
}
