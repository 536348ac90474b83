//! The facts of a live review, as JSON of version 1.
//! Knows only the time so far; membership, pods and claims are unknown, and the policies fall back.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The door's clock. An argument, so that a verdict can be replayed at its own time.
pub type Clock = fn() -> OffsetDateTime;

/// `{"version":1,"now":"2026-11-22T10:00:00Z"}`, to the second. A time that RFC 3339 cannot write stays unknown.
pub(crate) fn facts(now: OffsetDateTime) -> String {
    match now.truncate_to_second().format(&Rfc3339) {
        Ok(now) => format!(r#"{{"version":1,"now":"{now}"}}"#),
        Err(_) => r#"{"version":1}"#.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn tells_the_time_to_the_second() {
        assert_eq!(facts(datetime!(2026-11-22 10:00:00.123456 UTC)), r#"{"version":1,"now":"2026-11-22T10:00:00Z"}"#);
    }

    #[test]
    fn leaves_out_a_time_that_cannot_be_written() {
        let before_christ = datetime!(-0044-03-15 12:00 UTC);
        assert_eq!(facts(before_christ), r#"{"version":1}"#);
    }
}
