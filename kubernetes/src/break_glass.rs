//! The text of a break-glass annotation: `<policy>/<rule>[,…] until=<RFC 3339> <reason>`.
//! Not who may use it, nor for which rules: that is decided where it is honoured.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// An emergency is not a state: whoever needs more than a day says so again.
pub const LONGEST: Duration = Duration::hours(24);

/// What the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant<'t> {
    rules: &'t str,
    /// From this moment on it overrides nothing.
    pub until: OffsetDateTime,
    /// As it was written.
    pub until_text: &'t str,
    /// Why, in the words of who wrote it; never empty.
    pub reason: &'t str,
}

/// Why a text says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The first word holds no `/`, or the second is no `until=` with a moment of RFC 3339.
    Form,
    /// Nothing stands behind the moment.
    NoReason,
}

/// When it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Later than now, by at most [`LONGEST`].
    Ahead,
    /// Now, or earlier.
    Past,
    /// More than [`LONGEST`] ahead.
    TooFar,
}

impl<'t> Grant<'t> {
    /// Reads the annotation's value.
    ///
    /// # Errors
    /// When it has another form, or gives no reason.
    ///
    /// ```
    /// use kubernetes::break_glass::Grant;
    ///
    /// let grant = Grant::parse("quorum-guard/scale-below-quorum until=2026-11-22T11:00:00Z disk lost").unwrap();
    /// assert!(grant.names("quorum-guard/scale-below-quorum"));
    /// assert_eq!(grant.reason, "disk lost");
    /// ```
    pub fn parse(text: &'t str) -> Result<Self, Unreadable> {
        let mut words = text.trim().splitn(3, char::is_whitespace);
        let rules = words.next().filter(|rules| rules.contains('/')).ok_or(Unreadable::Form)?;
        let until_text = words.next().and_then(|word| word.strip_prefix("until=")).ok_or(Unreadable::Form)?;
        let until = OffsetDateTime::parse(until_text, &Rfc3339).map_err(|_| Unreadable::Form)?;
        let reason = words.next().map(str::trim).filter(|reason| !reason.is_empty()).ok_or(Unreadable::NoReason)?;
        Ok(Grant { rules, until, until_text, reason })
    }

    /// Whether it is about this rule.
    pub fn names(&self, rule: &str) -> bool {
        self.rules.split(',').any(|named| named == rule)
    }

    /// Where its end lies, seen from `now`.
    pub fn end(&self, now: OffsetDateTime) -> End {
        if self.until <= now {
            End::Past
        } else if self.until - now > LONGEST {
            End::TooFar
        } else {
            End::Ahead
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_of_the_table_is_read_as_it_says() {
        let now = OffsetDateTime::parse("2026-11-22T10:00:00Z", &Rfc3339).unwrap();
        let rows = include_str!("../../tests/data/break-glass.txt").lines().filter(|row| !row.starts_with('#'));
        let mut read = 0;
        for row in rows {
            let (expected, text) = row.split_once(" |").unwrap();
            let text = text.strip_suffix('|').unwrap().replace("\\n", "\n").replace("\\t", "\t");
            let outcome = match Grant::parse(&text).map(|grant| grant.end(now)) {
                Ok(End::Ahead) => "honoured",
                Ok(End::Past) => "ended",
                Ok(End::TooFar) => "too-long",
                Err(Unreadable::Form | Unreadable::NoReason) => "malformed",
            };
            assert_eq!(outcome, expected, "{row}");
            read += 1;
        }
        assert!(read > 20, "{read} rows");
    }
}
