//! Values of the other policies' and the engine's annotations that do nothing: what is wrong with each, and what to write.
//! Not who may use them: that is decided where they are honoured.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

pub const ALLOW_DELETION: &str = "allow-deletion";
pub const BREAK_GLASS: &str = "break-glass";

/// An emergency is not a state: the engine honours none that ends later.
const LONGEST: Duration = Duration::hours(24);

/// Why a value does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Useless {
    /// Of `allow-deletion`, which knows `true` and `false`.
    NoBoolean,
    /// A break-glass that cannot be read.
    Malformed,
    /// A break-glass that has ended then.
    Ended(String),
    /// A break-glass that ends then, too far ahead.
    TooLong(String),
}

impl Useless {
    /// None: the value does something, or the annotation is none of these. Without `now` no end is judged.
    pub fn of(name: &str, value: &str, now: Option<&str>) -> Option<Self> {
        match name {
            ALLOW_DELETION => (!matches!(value, "true" | "false")).then_some(Self::NoBoolean),
            BREAK_GLASS => break_glass(value, now.and_then(time_of)),
            _ => None,
        }
    }

    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoBoolean => "write `\"true\"` if the set may be deleted, else remove it",
            Self::Malformed => "write `<policy>/<rule> until=<RFC 3339, at most 24 h ahead> <reason>`",
            Self::Ended(_) | Self::TooLong(_) => "give it an end at most 24 h ahead, or remove it",
        }
    }
}

/// Behind the annotation: `allows no deletion, only "true" does`.
impl fmt::Display for Useless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBoolean => f.write_str("allows no deletion, only `\"true\"` does"),
            Self::Malformed => f.write_str("cannot be read, so it overrides nothing"),
            Self::Ended(until) => write!(f, "ended at {until}, so it overrides nothing"),
            Self::TooLong(until) => write!(f, "ends at {until}, more than 24 h ahead, so it overrides nothing"),
        }
    }
}

/// As the engine reads it: `<policy>/<rule>[,…] until=<RFC 3339> <reason>`. A guest imports nothing of the host, so one table of texts
/// (`tests/data/break-glass.txt`) is held against both.
fn break_glass(note: &str, now: Option<OffsetDateTime>) -> Option<Useless> {
    let mut words = note.trim().splitn(3, char::is_whitespace);
    let rules = words.next().filter(|rules| rules.contains('/'));
    let until_text = words.next().and_then(|word| word.strip_prefix("until="));
    let reason = words.next().filter(|reason| !reason.trim().is_empty());
    let (Some(_), Some(until_text), Some(_)) = (rules, until_text, reason) else { return Some(Useless::Malformed) };
    let Some(until) = time_of(until_text) else { return Some(Useless::Malformed) };
    let now = now?;
    if until <= now {
        return Some(Useless::Ended(until_text.to_owned()));
    }
    (until - now > LONGEST).then(|| Useless::TooLong(until_text.to_owned()))
}

fn time_of(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Option<&str> = Some("2026-11-22T10:00:00Z");

    #[test]
    fn a_deletion_is_allowed_by_true_alone() {
        for value in ["true", "false"] {
            assert_eq!(Useless::of(ALLOW_DELETION, value, NOW), None, "{value}");
        }
        for value in ["True", "yes", "1", "", " true"] {
            assert_eq!(Useless::of(ALLOW_DELETION, value, NOW), Some(Useless::NoBoolean), "{value}");
        }
    }

    #[test]
    fn a_break_glass_must_be_readable_and_end_within_a_day() {
        let of = |value: &str| Useless::of(BREAK_GLASS, value, NOW);
        let until = |end: &str| of(&format!("quorum-guard/scale-below-quorum until={end} disk lost"));
        assert_eq!(until("2026-11-22T11:00:00Z"), None);
        assert_eq!(until("2026-11-23T10:00:00Z"), None);
        assert_eq!(until("2026-11-23T10:00:01Z"), Some(Useless::TooLong("2026-11-23T10:00:01Z".to_owned())));
        assert_eq!(until("2026-11-22T10:00:00Z"), Some(Useless::Ended("2026-11-22T10:00:00Z".to_owned())));
        for malformed in
            ["", "yes", "a/b", "a/b until=soon x", "ab until=2026-11-22T11:00:00Z x", "a/b until=2026-11-22T11:00:00Z"]
        {
            assert_eq!(of(malformed), Some(Useless::Malformed), "{malformed}");
        }
        // Without a clock the form alone is judged.
        assert_eq!(Useless::of(BREAK_GLASS, "a/b until=2020-11-22T11:00:00Z x", None), None);
    }

    #[test]
    fn each_break_glass_is_read_as_the_engine_reads_it() {
        let rows = include_str!("../../../tests/data/break-glass.txt").lines().filter(|row| !row.starts_with('#'));
        let mut read = 0;
        for row in rows {
            let (expected, text) = row.split_once(" |").unwrap();
            let text = text.strip_suffix('|').unwrap().replace("\\n", "\n").replace("\\t", "\t");
            let outcome = match Useless::of(BREAK_GLASS, &text, NOW) {
                None => "honoured",
                Some(Useless::Malformed) => "malformed",
                Some(Useless::Ended(_)) => "ended",
                Some(Useless::TooLong(_)) => "too-long",
                Some(Useless::NoBoolean) => "no boolean",
            };
            assert_eq!(outcome, expected, "{row}");
            read += 1;
        }
        assert!(read > 20, "{read} rows");
    }

    #[test]
    fn other_annotations_are_not_looked_at() {
        assert_eq!(Useless::of("join-as", "true", NOW), None);
    }
}
