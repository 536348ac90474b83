//! What other admissions have taken away: an admitted reduction counts in every later review of its set, in every replica, before the
//! next answer. Decides nothing: the policies are told which pods are leaving.
//!
//! ```text
//! read the slot ──> review, with what it names as leaving ──> admitted, and pods go? ── no ──> answer
//!                      ^                                         │ yes
//!                      │ somebody else reserved meanwhile        v
//!                      └──────────────────────────────── write it over the version that was read ──> answer
//! ```

mod entry;
mod request;
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

use self::entry::Reservation;
use self::slot::Slot;
use quorate_cluster::Budget;
use quorate_cluster::registration::SetName;
use quorate_cluster::{ReservationStore, SLOTS, StoreError, StoreFuture, Stored, Written};

pub(crate) use self::request::Candidate;

/// Whose verdicts rest on it.
pub(crate) const POLICY: &str = "quorum-guard";

/// For one read or write; an API server that calls us answers within milliseconds.
const ATTEMPT: Duration = Duration::from_millis(800);

/// Reservations of all sets.
pub struct Reservations {
    slots: [Shared; SLOTS],
    /// None: there are no other replicas.
    store: Option<Arc<dyn ReservationStore>>,
    pub(crate) writes: Writes,
}

#[derive(Default)]
struct Shared {
    slot: Mutex<Slot>,
    /// Of this replica's own writers one at a time, so that they do not conflict with each other.
    writing: tokio::sync::Mutex<()>,
}

/// Writes by how they ended: `written`, `conflict`, `failed`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writes(pub(crate) Family<ResultLabel, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResultLabel {
    result: &'static str,
}

/// The reservations of a set that a review was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counted(BTreeMap<String, Reservation>);

/// What an admitted request takes away.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) pods: Vec<Leaving>,
    /// The API server asks the PodDisruptionBudgets after us, and does nothing where they refuse.
    pub(crate) asks_budget: bool,
}

/// What came of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reserved {
    Done,
    /// Somebody else has reserved for that set since: it has to be judged anew.
    Changed,
}

impl Counted {
    /// The pods of all of them.
    pub(crate) fn pods(&self) -> impl Iterator<Item = &Leaving> {
        self.0.values().flat_map(|reservation| &reservation.pods)
    }
}

impl Reservations {
    /// What it counts.
    pub(crate) fn show(&self, registry: &mut Registry) {
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
        Self { slots: std::array::from_fn(|_| Shared::default()), store, writes: Writes::default() }
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
    pub(crate) fn counted(&self, set: &SetName, budget: Option<&Budget>) -> Counted {
        let Some((_, shared)) = self.of(set) else { return Counted::default() };
        let mut slot = shared.lock();
        slot.forget();
        Counted(slot.counted(set, budget))
    }

    /// Reserves for the request of that uid, if nothing counts by now that the review was not made with.
    ///
    /// # Errors
    /// When that cannot be stored: no other replica would know.
    pub(crate) async fn reserve(
        &self,
        uid: &str,
        set: &SetName,
        taken: &Taken,
        counted: &Counted,
        budget: Option<&Budget>,
    ) -> Result<Reserved, StoreError> {
        let Some((index, shared)) = self.of(set) else { return Ok(Reserved::Done) };
        let is_spent = taken.asks_budget && budget.is_some_and(|budget| budget.is_spent);
        let (key, reservation) = (entry::key(uid), Reservation::new(set, taken.pods.clone(), is_spent));
        let _turn = shared.writing.lock().await;
        loop {
            if self.counted(set, budget).0.keys().any(|key| !counted.0.contains_key(key)) {
                return Ok(Reserved::Changed);
            }
            let Some(store) = &self.store else {
                shared.lock().see(&key, reservation);
                return Ok(Reserved::Done);
            };
            let Some((read, mut entries)) = shared.staying() else {
                let stored = self.read(store.as_ref(), index).await?;
                shared.lock().learn(stored);
                continue;
            };
            entries.insert(key.clone(), text(&reservation)?);
            match within(store.write(index, &read, &entries)).await {
                Ok(Written::Stored(stored)) => {
                    self.count("written");
                    shared.lock().learn(stored);
                    return Ok(Reserved::Done);
                }
                Ok(Written::Conflict) => {
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

    async fn read(&self, store: &dyn ReservationStore, index: usize) -> Result<Stored, StoreError> {
        within(store.read(index)).await.inspect_err(|_| self.count("failed"))
    }

    fn count(&self, result: &'static str) {
        self.writes.0.get_or_create(&ResultLabel { result }).inc();
    }

    fn of(&self, set: &SetName) -> Option<(usize, &Shared)> {
        let index = slot_of(set);
        Some((index, self.slots.get(index)?))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn staying(&self) -> Option<(Stored, BTreeMap<String, String>)> {
        self.lock().staying()
    }
}

async fn sweep(store: &dyn ReservationStore, index: usize, shared: &Shared) -> Result<(), StoreError> {
    let _turn = shared.writing.lock().await;
    let stored = within(store.read(index)).await?;
    shared.lock().learn(stored);
    if let Some((read, staying)) = shared.staying().filter(|(read, staying)| read.entries != *staying)
        && let Written::Stored(stored) = within(store.write(index, &read, &staying)).await?
    {
        shared.lock().learn(stored);
    }
    shared.lock().forget();
    Ok(())
}

async fn within<T>(asked: StoreFuture<'_, T>) -> Result<T, StoreError> {
    timeout(ATTEMPT, asked).await.unwrap_or_else(|_| {
        let why = format!("the API server does not answer within {} ms", ATTEMPT.as_millis());
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
