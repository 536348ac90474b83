//! What one connection does: whether it ever carried a request, whether one is under way, since when nothing is.
//! Closes nothing; who holds the connection asks when its time is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::config::ServerLimits;

/// Shared by the connection's task and by who gives its slot to another.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<ActivityState>,
    close: Notify,
}

#[derive(Debug)]
struct ActivityState {
    /// Nothing was under way from then on: the end of the last request, or the connection's own beginning.
    since: Instant,
    carried: bool,
    in_flight: usize,
    /// HTTP/1: the first byte of a head that is not whole yet.
    head_since: Option<Instant>,
    closing: bool,
}

/// Why a connection is closed by this side.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ClosedLabel {
    reason: &'static str,
}

impl ClosedLabel {
    /// The head of a request did not come in time, the first one's or, over HTTP/1, a later one's.
    pub(crate) const LATE: Self = Self { reason: "late" };
    pub(crate) const IDLE: Self = Self { reason: "idle" };
    /// Its slot was given to another.
    pub(crate) const DISPLACED: Self = Self { reason: "displaced" };
}

/// How readily a connection gives its slot to a newcomer: the greatest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IdleState {
    /// It carried a request a moment ago.
    RecentlyUsed,
    /// It never carried one, and may be about to send its first.
    New,
    /// It has carried none for some time.
    Idle,
    /// It had the time to send its first request, and sent none.
    NeverUsed,
}

/// A handshake and the head of a request take some 10 ms. Newcomers must not displace each other before that, where all other slots
/// are held by connections that once carried a request.
const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(250);
/// Whoever holds a connection that is used at least so often is not displaced by those who open many and send nothing.
const IDLE_AFTER: Duration = Duration::from_secs(30);

/// Counts as a request under way for as long as it lives.
pub(crate) struct InFlight(Arc<Activity>);

impl Activity {
    pub(crate) fn new() -> Self {
        let state =
            ActivityState { since: Instant::now(), carried: false, in_flight: 0, head_since: None, closing: false };
        Self { state: Mutex::new(state), close: Notify::new() }
    }

    /// The head of a request is whole.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        let mut state = self.state();
        state.carried = true;
        state.in_flight += 1;
        state.head_since = None;
        InFlight(Arc::clone(self))
    }

    /// Bytes came in over HTTP/1. While no request is under way they belong to the next one's head.
    pub(crate) fn note_read(&self) {
        let mut state = self.state();
        if state.in_flight == 0 {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    pub(crate) fn carried(&self) -> bool {
        self.state().carried
    }

    /// How it could be spared, and since when; None while a request is under way.
    pub(crate) fn idle_state(&self, now: Instant) -> Option<(IdleState, Instant)> {
        let state = self.state();
        let idle = now.duration_since(state.since);
        let idle = match state.carried {
            true if state.in_flight > 0 => return None,
            true if idle < IDLE_AFTER => IdleState::RecentlyUsed,
            true => IdleState::Idle,
            false if idle < FIRST_REQUEST_GRACE => IdleState::New,
            false => IdleState::NeverUsed,
        };
        Some((idle, state.since))
    }

    pub(crate) fn request_close(&self) {
        self.state().closing = true;
        self.close.notify_one();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.state().closing
    }

    /// Until its slot is to be given to another.
    pub(crate) async fn close_requested(&self) -> ClosedLabel {
        self.close.notified().await;
        ClosedLabel::DISPLACED
    }

    /// Until it has been silent, or slow with a head, for as long as it may.
    pub(crate) async fn overdue(&self, limits: &ServerLimits) -> ClosedLabel {
        loop {
            let now = Instant::now();
            // A head that has begun meanwhile is due earlier than what is waited for.
            let look_again = now + limits.head;
            match self.due(limits) {
                Some((at, why)) if at <= now => return why,
                Some((at, _)) => sleep_until(at.min(look_again)).await,
                None => sleep_until(look_again).await,
            }
        }
    }

    fn due(&self, limits: &ServerLimits) -> Option<(Instant, ClosedLabel)> {
        let state = self.state();
        match state.head_since {
            _ if state.in_flight > 0 => None,
            _ if !state.carried => Some((state.since + limits.head, ClosedLabel::LATE)),
            Some(begun) => Some((begun + limits.head, ClosedLabel::LATE)),
            None => Some((state.since + limits.idle, ClosedLabel::IDLE)),
        }
    }

    fn state(&self) -> MutexGuard<'_, ActivityState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        state.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const HEAD: Duration = Duration::from_secs(5);
    const IDLE: Duration = Duration::from_secs(120);

    /// How long the connection may go on as it is, and why it then ends.
    async fn ends(activity: &Activity) -> (Duration, ClosedLabel) {
        let limits = ServerLimits { head: HEAD, idle: IDLE, ..ServerLimits::default() };
        let from = Instant::now();
        let why = timeout(IDLE * 2, activity.overdue(&limits)).await.unwrap();
        (from.elapsed(), why)
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_request_is_waited_for_as_long_as_for_a_head() {
        assert_eq!(ends(&Activity::new()).await, (HEAD, ClosedLabel::LATE));
        let trickling = Activity::new();
        advance(HEAD / 2).await;
        trickling.note_read();
        assert_eq!(ends(&trickling).await, (HEAD / 2, ClosedLabel::LATE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_used_connection_may_rest_but_not_stop_in_a_later_head() {
        let activity = Arc::new(Activity::new());
        let in_flight = activity.begin();
        advance(HEAD * 2).await;
        drop(in_flight);
        assert_eq!(ends(&activity).await, (IDLE, ClosedLabel::IDLE));
        drop(activity.begin());
        activity.note_read();
        advance(HEAD / 2).await;
        activity.note_read();
        assert_eq!(ends(&activity).await, (HEAD / 2, ClosedLabel::LATE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_under_way_is_never_overdue() {
        let activity = Arc::new(Activity::new());
        let _under_way = activity.begin();
        activity.note_read();
        assert!(timeout(IDLE * 2, activity.overdue(&ServerLimits::default())).await.is_err());
        assert_eq!(activity.idle_state(Instant::now()), None);
    }
}
