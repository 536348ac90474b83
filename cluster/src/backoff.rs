//! How often something is written again that somebody else undoes: at once at first, then ever more rarely.
//! Does not write and reads no clock.

use std::time::Duration;

use tokio::time::Instant;

/// So many times in a row it is put right at once.
const IMMEDIATE_WRITES: u32 = 5;
/// Undone later than this after the last write, it counts as the first time.
const RESET_AFTER: Duration = Duration::from_secs(120);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// Remembers the last thing that was written.
#[derive(Debug)]
pub(crate) struct WriteBackoff<T> {
    last: Option<(T, Instant)>,
    undone: u32,
}

impl<T> Default for WriteBackoff<T> {
    fn default() -> Self {
        Self { last: None, undone: 0 }
    }
}

impl<T: PartialEq> WriteBackoff<T> {
    /// The moment before which `what` should not be written; None: now.
    pub(crate) fn not_before(&self, what: &T, now: Instant) -> Option<Instant> {
        let (last, at) = self.last.as_ref()?;
        if last != what || self.undone < IMMEDIATE_WRITES {
            return None;
        }
        let pause = Duration::from_secs(1).saturating_mul(1 << (self.undone - IMMEDIATE_WRITES).min(16)).min(MAX_DELAY);
        let then = *at + pause;
        (then > now).then_some(then)
    }

    /// How often in a row the same was written: more than never where somebody has undone it.
    pub(crate) fn record_write(&mut self, what: T, now: Instant) -> u32 {
        let (again, recently) = self
            .last
            .as_ref()
            .map_or((false, false), |(last, at)| (*last == what, now.duration_since(*at) < RESET_AFTER));
        self.undone = match (again, recently) {
            (true, true) => self.undone.saturating_add(1),
            (true, false) => 1,
            (false, _) => 0,
        };
        self.last = Some((what, now));
        self.undone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_put_right_at_once_a_few_times_then_ever_more_rarely() {
        let start = Instant::now();
        let mut backoff = WriteBackoff::default();
        assert_eq!(backoff.not_before(&"a", start), None);
        assert_eq!(backoff.record_write("a", start), 0);
        for times in 1..=IMMEDIATE_WRITES {
            assert_eq!(backoff.not_before(&"a", start), None);
            assert_eq!(backoff.record_write("a", start), times);
        }
        assert_eq!(backoff.not_before(&"a", start), Some(start + Duration::from_secs(1)));
        assert_eq!(backoff.record_write("a", start), IMMEDIATE_WRITES + 1);
        assert_eq!(backoff.not_before(&"a", start), Some(start + Duration::from_secs(2)));
        for _ in 0..100 {
            backoff.record_write("a", start);
        }
        assert_eq!(backoff.not_before(&"a", start), Some(start + MAX_DELAY));
        assert_eq!(backoff.not_before(&"a", start + MAX_DELAY), None);
    }

    #[test]
    fn something_new_does_not_wait() {
        let start = Instant::now();
        let mut backoff = WriteBackoff::default();
        for _ in 0..20 {
            backoff.record_write("a", start);
        }
        assert_eq!(backoff.not_before(&"b", start), None);
        assert_eq!(backoff.record_write("b", start), 0);
    }
}
