//! The connections that a listener takes at once: who holds a slot, who gives one up to a newcomer, how long a newcomer has waited.
//! Knows no socket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::listener::activity::{Activity, IdleState};

/// Nobody gets through: somebody else should be asked. Less than a probe's period (10 s), longer than a burst.
const UNREADY_AFTER: Duration = Duration::from_secs(3);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// All slots of a listener. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionSlots {
    shared: Arc<SharedSlots>,
}

#[derive(Debug)]
struct SharedSlots {
    limit: usize,
    open: Mutex<OpenConnections>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct OpenConnections {
    /// In the order of their beginning.
    connections: BTreeMap<u64, Arc<Activity>>,
    next: u64,
    /// Nobody could be taken since then.
    closed_since: Option<Instant>,
}

/// One connection's slot, until it is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    shared: Arc<SharedSlots>,
    id: u64,
    pub(crate) activity: Arc<Activity>,
}

impl ConnectionSlots {
    pub(crate) fn new(limit: usize) -> Self {
        Self { shared: Arc::new(SharedSlots { limit, open: Mutex::default(), freed: Notify::new() }) }
    }

    /// For a connection that is there. Where none is free, the one that has been idle longest is asked to close.
    pub(crate) async fn take(&self) -> ConnectionSlot {
        loop {
            if let Some(slot) = self.try_take() {
                return slot;
            }
            // A request that ends frees no slot, but its connection may give its own up from then on.
            let _ = timeout(POLL_INTERVAL, self.shared.freed.notified()).await;
        }
    }

    /// Nobody can be taken for a reason of its own: no file descriptor is left, most likely.
    pub(crate) fn refused(&self) {
        self.shared.held().closed_since.get_or_insert_with(Instant::now);
    }

    /// Whether newcomers have waited in vain for some seconds.
    pub(crate) fn are_exhausted(&self) -> bool {
        self.shared.held().closed_since.is_some_and(|since| since.elapsed() >= UNREADY_AFTER)
    }

    fn try_take(&self) -> Option<ConnectionSlot> {
        let mut held = self.shared.held();
        if held.connections.len() >= self.shared.limit {
            match held.longest_idle() {
                Some(idle) => idle.request_close(),
                // Who is on the way out frees one in a moment.
                None if held.connections.values().any(|connection| connection.is_closing()) => {}
                None => held.closed_since = held.closed_since.or_else(|| Some(Instant::now())),
            }
            return None;
        }
        let (id, activity) = (held.next, Arc::new(Activity::new()));
        held.next += 1;
        held.closed_since = None;
        held.connections.insert(id, Arc::clone(&activity));
        Some(ConnectionSlot { shared: Arc::clone(&self.shared), id, activity })
    }
}

impl OpenConnections {
    /// None: each has a request under way, or one is closing already.
    fn longest_idle(&self) -> Option<&Activity> {
        let now = Instant::now();
        let all = self.connections.values();
        if all.clone().any(|connection| connection.is_closing()) {
            return None;
        }
        let idle = all.filter_map(|connection| Some((connection.idle_state(now)?, connection)));
        let longest_first = |((kind, since), _): &((IdleState, Instant), _)| (*kind, std::cmp::Reverse(*since));
        idle.max_by_key(longest_first).map(|(_, connection)| connection.as_ref())
    }
}

impl SharedSlots {
    fn held(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.shared.held().connections.remove(&self.id);
        self.shared.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Whether a newcomer is taken once that slot is given up, and waits before.
    async fn displaces(slots: &ConnectionSlots, slot: ConnectionSlot) {
        let mut newcomer = std::pin::pin!(slots.take());
        assert!(timeout(Duration::ZERO, newcomer.as_mut()).await.is_err());
        assert!(slot.activity.is_closing());
        drop(slot);
        newcomer.await;
    }

    async fn full(count: usize) -> (ConnectionSlots, Vec<ConnectionSlot>) {
        let slots = ConnectionSlots::new(count);
        let mut held = Vec::new();
        for _ in 0..count {
            held.push(slots.take().await);
            advance(Duration::from_millis(10)).await;
        }
        (slots, held)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_that_never_carried_a_request_goes_first() {
        let (slots, mut held) = full(3).await;
        drop(held[0].activity.begin());
        advance(Duration::from_secs(1)).await;
        displaces(&slots, held.remove(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_just_begins_stays_while_others_have_rested() {
        let (slots, mut held) = full(3).await;
        drop(held.pop());
        for index in [1, 0] {
            drop(held[index].activity.begin());
            advance(Duration::from_secs(30)).await;
        }
        let _newcomer = slots.take().await;
        displaces(&slots, held.remove(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_was_just_used_stays_while_others_begin() {
        let (slots, mut held) = full(2).await;
        drop(held[0].activity.begin());
        displaces(&slots, held.remove(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn of_those_that_just_begin_the_first_goes_where_nobody_else_can() {
        let (slots, mut held) = full(3).await;
        let _under_way = held[0].activity.begin();
        displaces(&slots, held.remove(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn slots_are_out_when_newcomers_wait_in_vain_for_some_seconds() {
        let (slots, held) = full(1).await;
        let in_flight = held[0].activity.begin();
        assert!(timeout(Duration::ZERO, slots.take()).await.is_err());
        assert!(!slots.are_exhausted());
        advance(UNREADY_AFTER).await;
        assert!(slots.are_exhausted());
        drop((in_flight, held));
        let _slot = slots.take().await;
        assert!(!slots.are_exhausted());
    }
}
