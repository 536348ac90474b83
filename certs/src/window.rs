//! The time in which a certificate is valid, and what a moment means to it.
//! Reads no clock: the moment is an argument.

use time::{Duration, OffsetDateTime};

/// From `not_before` to `not_after`, both included (RFC 5280, section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    NotYetValid,
    Valid,
    Expired,
}

impl Window {
    /// A window of `length` that opens an hour before `now`, for clients whose clock is behind; a short one a tenth of
    /// its length before. In whole seconds, as certificates write it.
    pub fn starting(now: OffsetDateTime, length: Duration) -> Self {
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let lead = Duration::seconds(Duration::HOUR.min(length / 10).whole_seconds());
        let not_before = now.saturating_sub(lead);
        Self { not_before, not_after: not_before.saturating_add(length) }
    }

    pub fn state(&self, now: OffsetDateTime) -> State {
        if now < self.not_before {
            State::NotYetValid
        } else if now <= self.not_after {
            State::Valid
        } else {
            State::Expired
        }
    }

    /// Whether the certificate should be replaced now.
    pub fn is_due(&self, now: OffsetDateTime) -> bool {
        now >= self.due_at()
    }

    /// When two thirds of its life are over. The last third is for whoever has to notice that a renewal fails.
    pub fn due_at(&self) -> OffsetDateTime {
        self.not_before.saturating_add(self.length() * 2 / 3)
    }

    /// From its first to its last moment.
    pub fn length(&self) -> Duration {
        self.not_after - self.not_before
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const WINDOW: Window =
        Window { not_before: datetime!(2026-01-01 00:00 UTC), not_after: datetime!(2026-03-31 00:00 UTC) };

    #[test]
    fn is_valid_from_the_first_to_the_last_second() {
        assert_eq!(WINDOW.state(datetime!(2025-12-31 23:59:59 UTC)), State::NotYetValid);
        assert_eq!(WINDOW.state(WINDOW.not_before), State::Valid);
        assert_eq!(WINDOW.state(WINDOW.not_after), State::Valid);
        assert_eq!(WINDOW.state(datetime!(2026-03-31 00:00:01 UTC)), State::Expired);
    }

    #[test]
    fn is_due_after_two_thirds_of_its_life() {
        // 89 days: due 59 days and 8 hours after it became valid.
        assert!(!WINDOW.is_due(datetime!(2026-03-01 07:59:59 UTC)));
        assert!(WINDOW.is_due(datetime!(2026-03-01 08:00 UTC)));
        assert!(WINDOW.is_due(datetime!(2030-01-01 00:00 UTC)));
    }

    #[test]
    fn an_empty_or_inverted_window_is_always_due() {
        let inverted = Window { not_before: WINDOW.not_after, not_after: WINDOW.not_before };
        assert!(inverted.is_due(WINDOW.not_after));
        assert_eq!(inverted.state(WINDOW.not_after), State::Expired);
    }

    #[test]
    fn starts_an_hour_early_for_clocks_that_are_behind() {
        let now = datetime!(2026-06-01 12:00 UTC);
        let window = Window::starting(now, Duration::days(90));
        assert_eq!(window.not_before, datetime!(2026-06-01 11:00 UTC));
        assert_eq!(window.not_after, datetime!(2026-08-30 11:00 UTC));
    }

    #[test]
    fn starts_a_tenth_of_a_short_life_early() {
        let now = datetime!(2026-06-01 12:00:00.9 UTC);
        let window = Window::starting(now, Duration::seconds(60));
        assert_eq!(window.not_before, datetime!(2026-06-01 11:59:54 UTC));
        assert_eq!(window.not_after, datetime!(2026-06-01 12:00:54 UTC));
        assert!(!window.is_due(now));
    }
}
