//! What one replica knows of one slot: what is stored, and since when it has seen each reservation, by its own clock.
//! Asks nobody.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::reservation::Reservation;
use quorate_cluster::DisruptionBudget;
use quorate_cluster::StoredSlot;
use quorate_cluster::registration::SetName;

/// A reservation counts so long. By then its pods are gone or terminating and known to be, or what took them has not happened.
pub(super) const COUNTED_FOR: Duration = Duration::from_secs(30);
/// So long one counts that a budget refuses: by then the API server has asked it.
const REFUSED_COUNTED_FOR: Duration = Duration::from_secs(2);
/// So long it stays stored: a replica that learns of pods late (a watch is believed for ten seconds) finds it all the same.
const STORED_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct ReservationSlot {
    stored: Option<StoredSlot>,
    seen: HashMap<String, SeenReservation>,
}

#[derive(Debug)]
struct SeenReservation {
    reservation: Reservation,
    first: Instant,
}

impl SeenReservation {
    fn counts(&self, budget: Option<&DisruptionBudget>) -> bool {
        let refused = || budget.is_some_and(|budget| self.reservation.is_refused_by(budget));
        let age = self.first.elapsed();
        age < COUNTED_FOR && (age < REFUSED_COUNTED_FOR || !refused())
    }
}

impl ReservationSlot {
    /// Takes over what is stored. What was seen before counts on: whoever removes an entry does not end it for others.
    pub(super) fn learn(&mut self, stored: StoredSlot) {
        for (key, text) in &stored.entries {
            match Reservation::parse(text) {
                Ok(reservation) => self.see(key, reservation),
                Err(error) => warn!(key, %error, "reservation cannot be read; it is left out"),
            }
        }
        self.stored = Some(stored);
    }

    /// From now on, if it is not known yet.
    pub(super) fn see(&mut self, key: &str, reservation: Reservation) {
        if self.seen.get(key).is_none_or(|seen| seen.reservation != reservation) {
            self.seen.insert(key.to_owned(), SeenReservation { reservation, first: Instant::now() });
        }
    }

    /// Those of the set that count, by key; `budget` is that of the set, where it is known.
    pub(super) fn counted(&self, set: &SetName, budget: Option<&DisruptionBudget>) -> BTreeMap<String, Reservation> {
        let counted = self.seen.iter().filter(|(_, seen)| seen.reservation.is_of(set) && seen.counts(budget));
        counted.map(|(key, seen)| (key.clone(), seen.reservation.clone())).collect()
    }

    /// What is stored, and the entries of it that are to stay: neither those that have stayed long enough nor what cannot be read.
    /// None: it was never read.
    pub(super) fn still_stored(&self) -> Option<(StoredSlot, BTreeMap<String, String>)> {
        let stored = self.stored.clone()?;
        let stays = |key: &String| self.seen.get(key).is_some_and(|seen| seen.first.elapsed() < STORED_FOR);
        let staying = stored.entries.iter().filter(|(key, _)| stays(key));
        let staying = staying.map(|(key, text)| (key.clone(), text.clone())).collect();
        Some((stored, staying))
    }

    /// Forgets what counts no more, and is not stored: else it would be seen anew.
    pub(super) fn forget(&mut self) {
        let stored = self.stored.as_ref();
        let is_stored = |key: &str| stored.is_some_and(|stored| stored.entries.contains_key(key));
        self.seen.retain(|key, seen| seen.first.elapsed() < COUNTED_FOR || is_stored(key));
    }
}

#[cfg(test)]
mod tests {
    use rqlite::facts::Leaving;

    use super::*;

    fn set() -> SetName {
        SetName { namespace: "db".to_owned(), name: "rqlite".to_owned() }
    }

    fn reservation(pod: &str) -> Reservation {
        Reservation::new(&set(), vec![Leaving { name: pod.to_owned(), uid: None }], false)
    }

    fn stored(version: &str, pods: &[&str]) -> StoredSlot {
        let entries = pods.iter().map(|pod| ((*pod).to_owned(), reservation(pod).to_json().unwrap())).collect();
        StoredSlot { version: version.to_owned(), entries }
    }

    fn counted(slot: &ReservationSlot) -> Vec<String> {
        slot.counted(&set(), None).into_keys().collect()
    }

    fn staying(slot: &ReservationSlot) -> Vec<String> {
        slot.still_stored().unwrap().1.into_keys().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn counts_for_thirty_seconds_from_when_it_was_first_seen() {
        let mut slot = ReservationSlot::default();
        slot.learn(stored("1", &["rqlite-0"]));
        tokio::time::advance(Duration::from_secs(20)).await;
        slot.learn(stored("2", &["rqlite-0", "rqlite-1"]));
        assert_eq!(counted(&slot), ["rqlite-0", "rqlite-1"]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(counted(&slot), ["rqlite-1"]);
        slot.learn(stored("3", &["rqlite-0", "rqlite-1"]));
        assert_eq!(counted(&slot), ["rqlite-1"], "what is stored on does not begin anew");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_a_budget_refuses_ends_after_two_seconds() {
        let spent = DisruptionBudget { is_spent: true, ..DisruptionBudget::default() };
        let granted = DisruptionBudget { disrupted: ["rqlite-0".to_owned()].into(), ..spent.clone() };
        let mut slot = ReservationSlot::default();
        let pods = |pod: &str| vec![Leaving { name: pod.to_owned(), uid: None }];
        slot.see("a", Reservation::new(&set(), pods("rqlite-0"), true));
        slot.see("b", Reservation::new(&set(), pods("rqlite-1"), false));
        let counted = |budget: &DisruptionBudget| slot.counted(&set(), Some(budget)).into_keys().collect::<Vec<_>>();
        assert_eq!(counted(&spent), ["a", "b"]);
        tokio::time::advance(REFUSED_COUNTED_FOR).await;
        assert_eq!(counted(&spent), ["b"]);
        assert_eq!(counted(&granted), ["a", "b"], "it was granted after all");
        assert_eq!(counted(&DisruptionBudget::default()), ["a", "b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_removed_counts_on() {
        let mut slot = ReservationSlot::default();
        slot.learn(stored("1", &["rqlite-0"]));
        slot.learn(stored("2", &[]));
        assert_eq!(counted(&slot), ["rqlite-0"]);
        tokio::time::advance(COUNTED_FOR).await;
        slot.forget();
        assert!(slot.seen.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn stays_stored_for_a_minute() {
        let mut slot = ReservationSlot::default();
        slot.learn(stored("1", &["rqlite-0"]));
        tokio::time::advance(COUNTED_FOR).await;
        slot.forget();
        assert_eq!(staying(&slot), ["rqlite-0"]);
        tokio::time::advance(STORED_FOR - COUNTED_FOR).await;
        assert_eq!(staying(&slot), [""; 0]);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_left_out_and_taken_away() {
        let mut by_hand = stored("1", &["rqlite-0"]);
        by_hand.entries.insert("note".to_owned(), "do not touch".to_owned());
        let mut slot = ReservationSlot::default();
        slot.learn(by_hand);
        assert_eq!(counted(&slot), ["rqlite-0"]);
        assert_eq!(staying(&slot), ["rqlite-0"]);
    }

    #[tokio::test]
    async fn another_set_is_not_concerned() {
        let mut slot = ReservationSlot::default();
        slot.learn(stored("1", &["rqlite-0"]));
        let other = SetName { namespace: "db".to_owned(), name: "other".to_owned() };
        assert!(slot.counted(&other, None).is_empty());
    }
}
