//! The answer of a policy that cannot judge. Knows nothing of why.

use std::fmt;

/// The policy cannot judge this request, because. Findings that it has pushed before are told, edits are not.
///
/// ```
/// use quorate_policy::NotJudged;
///
/// fn replicas(text: Option<&str>) -> Result<i64, NotJudged> {
///     let text = text.ok_or("the Scale has no replicas")?;
///     text.parse().map_err(|_| format!("replicas {text} is no number").into())
/// }
///
/// assert_eq!(replicas(Some("x")).unwrap_err().reason(), "replicas x is no number");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged(String);

impl NotJudged {
    /// With its reason: one line, no prefix, no final stop.
    pub fn new(reason: impl Into<String>) -> Self {
        NotJudged(reason.into())
    }

    /// Why it cannot judge.
    pub fn reason(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_reason(self) -> String {
        self.0
    }
}

impl fmt::Display for NotJudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotJudged {}

impl From<String> for NotJudged {
    fn from(reason: String) -> Self {
        NotJudged(reason)
    }
}

impl From<&str> for NotJudged {
    fn from(reason: &str) -> Self {
        NotJudged(reason.to_owned())
    }
}
