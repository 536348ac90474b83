//! Why something that was looked up is not there. Keeps "it does not exist" and "it is not known" apart.

use std::fmt;

use crate::not_judged::NotJudged;

/// Why the host gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Looked for, and it does not exist.
    Absent,
    /// The manifest does not declare it.
    NotDeclared,
    /// The operator has not granted it.
    NotGranted,
    /// The host does not know it yet.
    NotReady,
    /// The lookup failed.
    Failed(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Missing::Absent => "does not exist",
            Missing::NotDeclared => "is not declared in the policy's manifest",
            Missing::NotGranted => "is not granted to this policy",
            Missing::NotReady => "is not known yet",
            Missing::Failed(why) => return f.write_str("could not be looked up: ").and_then(|()| f.write_str(why)),
        })
    }
}

/// Something is not known: whether it exists, or what it holds. By `?` it becomes [`NotJudged`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupError {
    what: String,
    why: Missing,
}

impl LookupError {
    /// `Absent` is an answer and no error: it is `None`.
    pub(crate) fn separate<T>(answer: Result<T, Missing>, what: impl FnOnce() -> String) -> Result<Option<T>, Self> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(Missing::Absent) => Ok(None),
            Err(why) => Err(LookupError { what: what(), why }),
        }
    }

    /// What was looked up.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Why it is not known. Never [`Missing::Absent`].
    pub fn why(&self) -> &Missing {
        &self.why
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        f.write_str(" ")?;
        self.why.fmt(f)
    }
}

impl std::error::Error for LookupError {}

impl From<LookupError> for NotJudged {
    fn from(error: LookupError) -> Self {
        NotJudged::new(error.to_string())
    }
}
