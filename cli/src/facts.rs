//! The facts of an offline review: a recorded file, checked, or nothing known; with the time where the record has none.
//! What they say is for the policies.

use std::path::Path;

use quorate_engine::Context;
use rqlite::facts::{Facts, FactsError};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::document::{self, DocumentError};

/// `--facts` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableFacts {
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
    #[error(transparent)]
    Wrong(#[from] FactsError),
    #[error("`now` is `{0}`, expected a time as `2026-11-22T10:00:00Z`")]
    Time(String),
    #[error(transparent)]
    NotAnObject(#[from] serde_json::Error),
}

/// The JSON text for the policies. A recorded time stands, so that a replay gives the same verdict; else it is `now`.
pub(crate) fn facts(file: Option<&Path>, now: OffsetDateTime) -> Result<String, UnusableFacts> {
    let recorded = match file {
        Some(file) => document::read_text(file)?,
        None => Context::NO_FACTS.to_owned(),
    };
    complete(recorded, now)
}

/// With the time where there is none.
pub(crate) fn complete(recorded: String, now: OffsetDateTime) -> Result<String, UnusableFacts> {
    if let Some(recorded_now) = Facts::parse(&recorded)?.now {
        let is_time = OffsetDateTime::parse(&recorded_now, &Rfc3339).is_ok();
        return if is_time { Ok(recorded) } else { Err(UnusableFacts::Time(recorded_now)) };
    }
    // A year that RFC 3339 cannot write (after 9999) leaves the time unknown.
    let Ok(now) = now.truncate_to_second().format(&Rfc3339) else {
        return Ok(recorded);
    };
    let mut facts: Map<String, Value> = serde_json::from_str(&recorded)?;
    facts.insert("now".to_owned(), Value::String(now));
    Ok(serde_json::to_string(&facts)?)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::complete;

    #[track_caller]
    fn assert_completed(recorded: &str, expected: &str) {
        assert_eq!(complete(recorded.to_owned(), datetime!(2026-11-22 12:00:00.5 UTC)).unwrap(), expected);
    }

    #[test]
    fn fills_in_the_time_where_the_record_has_none() {
        assert_completed(r#"{"version":1,"pods":[]}"#, r#"{"now":"2026-11-22T12:00:00Z","pods":[],"version":1}"#);
    }

    #[test]
    fn keeps_the_recorded_time() {
        assert_completed(
            r#"{"version":1,"now":"2020-01-01T00:00:00Z"}"#,
            r#"{"version":1,"now":"2020-01-01T00:00:00Z"}"#,
        );
    }
}
