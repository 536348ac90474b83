//! The facts of a live review, as JSON of version 1.
//! Knows the time so far, and which pods it has just let evict; all else is unknown, and the policies fall back.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The door's clock. An argument, so that a verdict can be replayed at its own time.
pub type Clock = fn() -> OffsetDateTime;

/// What is known, as text.
#[derive(Serialize)]
struct Facts<'a> {
    version: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<String>,
    /// Absent is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pods: Vec<Pod<'a>>,
}

#[derive(Serialize)]
struct Pod<'a> {
    name: &'a str,
    terminating: bool,
}

/// `{"version":1,"now":"2026-11-22T10:00:00Z"}`, to the second, and the pods that terminate. A time that RFC 3339 cannot write stays
/// unknown.
pub(crate) fn facts(now: OffsetDateTime, terminating: &[String]) -> String {
    let now = now.truncate_to_second().format(&Rfc3339).ok();
    let pods = terminating.iter().map(|name| Pod { name, terminating: true }).collect();
    serde_json::to_string(&Facts { version: 1, now, pods }).unwrap_or_else(|_| r#"{"version":1}"#.to_owned())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn tells_the_time_to_the_second() {
        assert_eq!(
            facts(datetime!(2026-11-22 10:00:00.123456 UTC), &[]),
            r#"{"version":1,"now":"2026-11-22T10:00:00Z"}"#
        );
    }

    #[test]
    fn tells_which_pods_terminate() {
        let pods = r#"{"version":1,"now":"2026-11-22T10:00:00Z","pods":[{"name":"rqlite-0","terminating":true}]}"#;
        assert_eq!(facts(datetime!(2026-11-22 10:00 UTC), &["rqlite-0".to_owned()]), pods);
    }

    #[test]
    fn leaves_out_a_time_that_cannot_be_written() {
        let before_christ = datetime!(-0044-03-15 12:00 UTC);
        assert_eq!(facts(before_christ, &[]), r#"{"version":1}"#);
    }
}
