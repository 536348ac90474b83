//! The facts of an offline review: a recorded text, checked, or nothing known; with the time where the record has none.
//! What they say is for the policies.

use rqlite::facts::{Facts, FactsError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Facts that somebody has given, with their time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedFacts(pub Facts);

/// Recorded facts that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableFacts {
    #[error(transparent)]
    Wrong(#[from] FactsError),
    #[error("`now` is `{0}`, expected a time as `2026-11-22T10:00:00Z`")]
    Time(String),
}

impl RecordedFacts {
    /// Reads the JSON text. A recorded time stands, so that a replay gives the same verdict; else it is `now`.
    ///
    /// # Errors
    /// When they cannot be read, or their time is none.
    pub fn parse(text: &str, now: OffsetDateTime) -> Result<Self, UnusableFacts> {
        Self::at(Facts::parse(text)?, now)
    }

    /// The same of facts that were read already.
    ///
    /// # Errors
    /// When their time is none.
    pub fn at(facts: Facts, clock: OffsetDateTime) -> Result<Self, UnusableFacts> {
        match &facts.now {
            Some(recorded) if OffsetDateTime::parse(recorded, &Rfc3339).is_err() => {
                Err(UnusableFacts::Time(recorded.clone()))
            }
            Some(_) => Ok(Self(facts)),
            None => Ok(Self(Facts { now: now(clock), ..facts })),
        }
    }
}

/// `2026-11-22T10:00:00Z`, to the second; None: RFC 3339 cannot write it.
pub fn now(clock: OffsetDateTime) -> Option<String> {
    clock.truncate_to_second().format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[track_caller]
    fn assert_completed(recorded: &str, expected: &str) {
        let RecordedFacts(facts) = RecordedFacts::parse(recorded, datetime!(2026-11-22 12:00:00.5 UTC)).unwrap();
        assert_eq!(facts.to_json().unwrap(), expected);
    }

    #[test]
    fn fills_in_the_time_where_the_record_has_none() {
        assert_completed(r#"{"version":1,"pods":[]}"#, r#"{"version":1,"pods":[],"now":"2026-11-22T12:00:00Z"}"#);
    }

    #[test]
    fn keeps_the_recorded_time() {
        assert_completed(
            r#"{"version":1,"now":"2020-01-01T00:00:00Z"}"#,
            r#"{"version":1,"now":"2020-01-01T00:00:00Z"}"#,
        );
    }

    #[test]
    fn refuses_a_time_that_is_none() {
        let refused = RecordedFacts::parse(r#"{"version":1,"now":"yesterday"}"#, datetime!(2026-11-22 12:00 UTC));
        assert_eq!(refused, Err(UnusableFacts::Time("yesterday".to_owned())));
    }

    #[test]
    fn tells_the_time_to_the_second() {
        assert_eq!(now(datetime!(2026-11-22 10:00:00.123456 UTC)).as_deref(), Some("2026-11-22T10:00:00Z"));
        assert_eq!(now(datetime!(-0044-03-15 12:00 UTC)), None);
    }
}
