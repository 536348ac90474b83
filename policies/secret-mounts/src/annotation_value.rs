//! Values of the other policies' and the engine's annotations that do nothing: what is wrong with each, and what to write.
//! Not who may use them: that is decided where they are honoured.

use std::fmt;

use kubernetes::annotation::{ALLOW_DELETION, ALLOWED, BREAK_GLASS};
use kubernetes::break_glass::{End, Grant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Why a value does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IneffectiveValue {
    /// Of `allow-deletion`, which knows `true` and `false`.
    NoBoolean,
    /// A break-glass that cannot be read.
    Malformed,
    /// A break-glass that has ended then.
    Ended(String),
    /// A break-glass that ends then, too far ahead.
    TooLong(String),
}

impl IneffectiveValue {
    /// None: the value does something, or the annotation is none of these. Without `now` no end is judged.
    pub fn of(key: &str, value: &str, now: Option<&str>) -> Option<Self> {
        match key {
            ALLOW_DELETION => (![ALLOWED, "false"].contains(&value)).then_some(Self::NoBoolean),
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
impl fmt::Display for IneffectiveValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBoolean => f.write_str("allows no deletion, only `\"true\"` does"),
            Self::Malformed => f.write_str("cannot be read, so it overrides nothing"),
            Self::Ended(until) => write!(f, "ended at {until}, so it overrides nothing"),
            Self::TooLong(until) => write!(f, "ends at {until}, more than 24 h ahead, so it overrides nothing"),
        }
    }
}

fn break_glass(text: &str, now: Option<OffsetDateTime>) -> Option<IneffectiveValue> {
    let Ok(grant) = Grant::parse(text) else { return Some(IneffectiveValue::Malformed) };
    match grant.end(now?) {
        End::Ahead => None,
        End::Past => Some(IneffectiveValue::Ended(grant.until_text.to_owned())),
        End::TooFar => Some(IneffectiveValue::TooLong(grant.until_text.to_owned())),
    }
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
            assert_eq!(IneffectiveValue::of(ALLOW_DELETION, value, NOW), None, "{value}");
        }
        for value in ["True", "yes", "1", "", " true"] {
            assert_eq!(IneffectiveValue::of(ALLOW_DELETION, value, NOW), Some(IneffectiveValue::NoBoolean), "{value}");
        }
    }

    #[test]
    fn a_break_glass_must_be_readable_and_end_within_a_day() {
        let of = |value: &str| IneffectiveValue::of(BREAK_GLASS, value, NOW);
        let until = |end: &str| of(&format!("quorum-guard/scale-below-quorum until={end} disk lost"));
        assert_eq!(until("2026-11-22T11:00:00Z"), None);
        assert_eq!(until("2026-11-23T10:00:00Z"), None);
        assert_eq!(until("2026-11-23T10:00:01Z"), Some(IneffectiveValue::TooLong("2026-11-23T10:00:01Z".to_owned())));
        assert_eq!(until("2026-11-22T10:00:00Z"), Some(IneffectiveValue::Ended("2026-11-22T10:00:00Z".to_owned())));
        for malformed in
            ["", "yes", "a/b", "a/b until=soon x", "ab until=2026-11-22T11:00:00Z x", "a/b until=2026-11-22T11:00:00Z"]
        {
            assert_eq!(of(malformed), Some(IneffectiveValue::Malformed), "{malformed}");
        }
        // Without a clock the form alone is judged.
        assert_eq!(IneffectiveValue::of(BREAK_GLASS, "a/b until=2020-11-22T11:00:00Z x", None), None);
    }

    #[test]
    fn other_annotations_are_not_looked_at() {
        assert_eq!(IneffectiveValue::of("quorate.dev/join-as", "true", NOW), None);
    }
}
