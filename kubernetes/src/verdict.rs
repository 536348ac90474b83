//! What an admission comes to, and how much a finding weighs.
//! Says nothing of how either is found.

use serde::Serialize;

/// How a review ends. Denied beats not judged, which beats allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands against it.
    Allowed,
    /// A policy refuses it.
    Denied,
    /// No policy refuses it, and one at least could not tell.
    NotJudged,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It refuses the request.
    Deny,
    /// It is told, and refuses nothing.
    Warn,
    /// Its policy could not tell.
    NotJudged,
}

impl Verdict {
    /// That findings of these levels amount to.
    ///
    /// ```
    /// use kubernetes::verdict::{Level, Verdict};
    ///
    /// assert_eq!(Verdict::of([Level::Warn, Level::NotJudged]), Verdict::NotJudged);
    /// assert_eq!(Verdict::of([Level::NotJudged, Level::Deny]), Verdict::Denied);
    /// assert_eq!(Verdict::of([]), Verdict::Allowed);
    /// ```
    pub fn of(levels: impl IntoIterator<Item = Level>) -> Self {
        levels.into_iter().fold(Self::Allowed, |verdict, level| match (verdict, level) {
            (Self::Denied, _) | (_, Level::Deny) => Self::Denied,
            (Self::NotJudged, _) | (_, Level::NotJudged) => Self::NotJudged,
            (Self::Allowed, Level::Warn) => Self::Allowed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denied_beats_not_judged_beats_allowed() {
        let all = [Level::Warn, Level::NotJudged, Level::Deny];
        assert_eq!(Verdict::of(all), Verdict::Denied);
        assert_eq!(Verdict::of([Level::Deny, Level::NotJudged]), Verdict::Denied);
        assert_eq!(Verdict::of([Level::Warn, Level::NotJudged]), Verdict::NotJudged);
        assert_eq!(Verdict::of([Level::Warn]), Verdict::Allowed);
        assert_eq!(Verdict::of([]), Verdict::Allowed);
    }
}
