//! The time in which a certificate is valid, and what a moment means to it.
//! Reads no clock: the moment is an argument.

use time::{Duration, OffsetDateTime};

/// From `not_before` to `not_after`, both included (RFC 5280, section 4.1.2.5).
///
/// ```
/// use quorate_certs::{Validity, ValidityState};
/// use time::macros::datetime;
/// use time::{Duration, OffsetDateTime};
///
/// const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
/// let validity = Validity::starting(NOW, Duration::days(90));
/// assert_eq!(validity.not_before, datetime!(2026-11-22 9:00 UTC));
/// assert_eq!((validity.state(NOW), validity.due_at()), (ValidityState::Valid, datetime!(2027-01-21 9:00 UTC)));
/// assert_eq!(validity.state(NOW + Duration::days(90)), ValidityState::Expired);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: OffsetDateTime,
    /// The last moment.
    pub not_after: OffsetDateTime,
}

/// Where a moment lies, seen from a [`Validity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidityState {
    /// Before its first moment.
    NotYetValid,
    /// In it.
    Valid,
    /// Behind its last moment.
    Expired,
}

impl Validity {
    /// Of `length`, from an hour before `now`, for clients whose clock is behind; a short one a tenth of
    /// its length before. In whole seconds, as certificates write it.
    pub fn starting(now: OffsetDateTime, length: Duration) -> Self {
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let lead = Duration::seconds(Duration::HOUR.min(length / 10).whole_seconds());
        let not_before = now.saturating_sub(lead);
        Self { not_before, not_after: not_before.saturating_add(length) }
    }

    /// Where this moment lies.
    pub fn state(&self, now: OffsetDateTime) -> ValidityState {
        if now < self.not_before {
            ValidityState::NotYetValid
        } else if now <= self.not_after {
            ValidityState::Valid
        } else {
            ValidityState::Expired
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

    const VALIDITY: Validity =
        Validity { not_before: datetime!(2026-01-01 00:00 UTC), not_after: datetime!(2026-03-31 00:00 UTC) };

    #[test]
    fn is_valid_from_the_first_to_the_last_second() {
        assert_eq!(VALIDITY.state(datetime!(2025-12-31 23:59:59 UTC)), ValidityState::NotYetValid);
        assert_eq!(VALIDITY.state(VALIDITY.not_before), ValidityState::Valid);
        assert_eq!(VALIDITY.state(VALIDITY.not_after), ValidityState::Valid);
        assert_eq!(VALIDITY.state(datetime!(2026-03-31 00:00:01 UTC)), ValidityState::Expired);
    }

    #[test]
    fn is_due_after_two_thirds_of_its_life() {
        // 89 days: due 59 days and 8 hours after it became valid.
        assert!(!VALIDITY.is_due(datetime!(2026-03-01 07:59:59 UTC)));
        assert!(VALIDITY.is_due(datetime!(2026-03-01 08:00 UTC)));
        assert!(VALIDITY.is_due(datetime!(2030-01-01 00:00 UTC)));
    }

    #[test]
    fn an_empty_or_inverted_validity_is_always_due() {
        let inverted = Validity { not_before: VALIDITY.not_after, not_after: VALIDITY.not_before };
        assert!(inverted.is_due(VALIDITY.not_after));
        assert_eq!(inverted.state(VALIDITY.not_after), ValidityState::Expired);
    }

    #[test]
    fn starts_an_hour_early_for_clocks_that_are_behind() {
        let now = datetime!(2026-06-01 12:00 UTC);
        let validity = Validity::starting(now, Duration::days(90));
        assert_eq!(validity.not_before, datetime!(2026-06-01 11:00 UTC));
        assert_eq!(validity.not_after, datetime!(2026-08-30 11:00 UTC));
    }

    #[test]
    fn starts_a_tenth_of_a_short_life_early() {
        let now = datetime!(2026-06-01 12:00:00.9 UTC);
        let validity = Validity::starting(now, Duration::seconds(60));
        assert_eq!(validity.not_before, datetime!(2026-06-01 11:59:54 UTC));
        assert_eq!(validity.not_after, datetime!(2026-06-01 12:00:54 UTC));
        assert!(!validity.is_due(now));
    }
}
