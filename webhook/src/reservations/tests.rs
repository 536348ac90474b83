//! Two replicas and what they share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

/// Slots as an API server keeps them.
#[derive(Default)]
struct FakeStore {
    slots: Mutex<BTreeMap<usize, StoredSlot>>,
    writes: AtomicU64,
    silent: AtomicBool,
    missing: AtomicBool,
}

impl FakeStore {
    async fn turn(&self) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        if self.silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        match self.missing.load(Ordering::Relaxed) {
            true => Err(StoreError { why: "ConfigMap is not there".to_owned(), remedy: "install".to_owned() }),
            false => Ok(()),
        }
    }

    fn slot(&self, slot: usize) -> StoredSlot {
        let empty = || StoredSlot { version: "0".to_owned(), entries: BTreeMap::new() };
        self.slots.lock().unwrap().get(&slot).cloned().unwrap_or_else(empty)
    }
}

impl ReservationStore for FakeStore {
    fn read(&self, slot: usize) -> StoreFuture<'_, StoredSlot> {
        Box::pin(async move {
            self.turn().await?;
            Ok(self.slot(slot))
        })
    }

    fn write<'a>(
        &'a self,
        slot: usize,
        read: &'a StoredSlot,
        entries: &'a BTreeMap<String, String>,
    ) -> StoreFuture<'a, WriteResult> {
        Box::pin(async move {
            self.turn().await?;
            if self.slot(slot).version != read.version {
                return Ok(WriteResult::Conflict);
            }
            let version = (self.writes.fetch_add(1, Ordering::Relaxed) + 1).to_string();
            let stored = StoredSlot { version, entries: entries.clone() };
            self.slots.lock().unwrap().insert(slot, stored.clone());
            Ok(WriteResult::Stored(stored))
        })
    }
}

fn replicas() -> (Arc<FakeStore>, Reservations, Reservations) {
    let store = Arc::new(FakeStore::default());
    let replica = || Reservations::shared(Arc::<FakeStore>::clone(&store));
    let (one, other) = (replica(), replica());
    (store, one, other)
}

fn set(name: &str) -> SetName {
    SetName { namespace: "db".to_owned(), name: name.to_owned() }
}

fn pods(pods: &[&str]) -> RemovedPods {
    let pods = pods.iter().map(|name| Leaving { name: (*name).to_owned(), uid: Some(format!("uid of {name}")) });
    RemovedPods { pods: pods.collect(), asks_budget: false }
}

fn counted(replica: &Reservations) -> Vec<String> {
    replica.counted(&set("rqlite"), None).pods().map(|pod| pod.name.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_one_replica_admits_the_other_counts() {
    let (_, one, other) = replicas();
    let nothing = CountedReservations::default();
    let set = set("rqlite");
    assert_eq!(one.reserve("a", &set, &pods(&["rqlite-0"]), &nothing, None).await, Ok(ReserveResult::Done));
    assert_eq!(counted(&other), [""; 0]);
    other.refresh(&set).await;
    assert_eq!(counted(&other), ["rqlite-0"]);
    assert_eq!(counted(&one), ["rqlite-0"]);
    tokio::time::advance(slot::COUNTED_FOR).await;
    assert_eq!(counted(&other), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn of_two_at_once_one_is_judged_anew() {
    for same in [false, true] {
        let (_, one, two) = replicas();
        let other = if same { &one } else { &two };
        let set = set("rqlite");
        let nothing = CountedReservations::default();
        let (zero, one_more) = (pods(&["rqlite-0"]), pods(&["rqlite-1"]));
        let (first, second) = tokio::join!(
            one.reserve("a", &set, &zero, &nothing, None),
            other.reserve("b", &set, &one_more, &nothing, None),
        );
        let done = [first, second].into_iter().filter(|result| *result == Ok(ReserveResult::Done)).count();
        assert_eq!(done, 1, "same replica: {same}");
        let counted = other.counted(&set, None);
        assert_eq!(other.reserve("c", &set, &pods(&["rqlite-1"]), &counted, None).await, Ok(ReserveResult::Done));
    }
}

#[tokio::test]
async fn another_set_in_the_same_slot_is_in_nobodys_way() {
    let (store, one, other) = replicas();
    let names = (0..1000).map(|number| set(&format!("set-{number}")));
    let mut same = names.filter(|name| slot_of(name) == 3);
    let (first, second) = (same.next().unwrap(), same.next().unwrap());
    one.refresh(&first).await;
    other.refresh(&second).await;
    let nothing = CountedReservations::default();
    assert_eq!(one.reserve("a", &first, &pods(&["a-0"]), &nothing, None).await, Ok(ReserveResult::Done));
    assert_eq!(other.reserve("b", &second, &pods(&["b-0"]), &nothing, None).await, Ok(ReserveResult::Done));
    assert_eq!(store.slot(3).entries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_is_an_error() {
    let (store, one, _) = replicas();
    let (set, nothing) = (set("rqlite"), CountedReservations::default());
    store.missing.store(true, Ordering::Relaxed);
    let error = one.reserve("a", &set, &pods(&["rqlite-0"]), &nothing, None).await.unwrap_err();
    assert_eq!(error.to_string(), "ConfigMap is not there");
    store.missing.store(false, Ordering::Relaxed);
    store.silent.store(true, Ordering::Relaxed);
    let error = one.reserve("b", &set, &pods(&["rqlite-0"]), &nothing, None).await.unwrap_err();
    assert_eq!(error.to_string(), "the API server does not answer within 800 ms");
    store.silent.store(false, Ordering::Relaxed);
    assert_eq!(one.reserve("c", &set, &pods(&["rqlite-0"]), &nothing, None).await, Ok(ReserveResult::Done));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_over() {
    let (store, one, other) = replicas();
    let (set, nothing) = (set("rqlite"), CountedReservations::default());
    one.reserve("a", &set, &pods(&["rqlite-0"]), &nothing, None).await.unwrap();
    other.sweep().await;
    let slot = slot_of(&set);
    assert_eq!(store.slot(slot).entries.len(), 1);
    tokio::time::advance(Duration::from_secs(60)).await;
    other.sweep().await;
    assert_eq!(store.slot(slot).entries.len(), 0);
    let writes = store.writes.load(Ordering::Relaxed);
    other.sweep().await;
    assert_eq!(store.writes.load(Ordering::Relaxed), writes, "nothing is written where nothing is to be taken away");
    assert_eq!(counted(&other), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn without_other_replicas_it_is_remembered() {
    let alone = Reservations::of_one_replica();
    let (set, nothing) = (set("rqlite"), CountedReservations::default());
    assert_eq!(alone.reserve("a", &set, &pods(&["rqlite-0"]), &nothing, None).await, Ok(ReserveResult::Done));
    assert_eq!(alone.reserve("b", &set, &pods(&["rqlite-1"]), &nothing, None).await, Ok(ReserveResult::Changed));
    assert_eq!(counted(&alone), ["rqlite-0"]);
}

#[test]
fn a_set_has_the_same_slot_in_every_version() {
    let slots = ["rqlite", "other", "set-7"].map(|name| slot_of(&set(name)));
    assert_eq!(slots, [2, 11, 6]);
}
