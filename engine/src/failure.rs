//! The ways in which a policy can fail to judge, as variants; their text is fit for a user.
//! The internal text (a trap's trace, a parser's words) is a field apart and goes to the log only.

use std::time::Duration;

use thiserror::Error;

/// Why a policy gave no usable verdict. `Display` is one plain line for the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the text of each variant says what it is, and names its fields")]
pub enum PolicyFailure {
    #[error("the policy ran longer than {} ms of CPU", limit.as_millis())]
    OutOfTime { limit: Duration },
    #[error("the policy asked for more than {} KiB of memory", limit_bytes / 1024)]
    OutOfMemory { limit_bytes: usize },
    #[error("the policy stopped with an error")]
    Trap { detail: String },
    /// It called the host in a way that the contract does not allow.
    #[error("the policy called the host wrongly: {what}")]
    Misuse { what: String },
    /// The answer breaks the contract; `what` says how.
    #[error("the policy gave an unusable answer: {what}")]
    BadOutput { what: String },
    #[error("the policy could not be started")]
    NotStarted { detail: String },
}

impl PolicyFailure {
    pub(crate) fn bad_output(what: impl Into<String>) -> Self {
        Self::BadOutput { what: what.into() }
    }

    /// What only the log is told.
    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::Trap { detail } | Self::NotStarted { detail } => detail,
            Self::OutOfTime { .. } | Self::OutOfMemory { .. } | Self::BadOutput { .. } | Self::Misuse { .. } => "",
        }
    }

    /// A short name for metrics: `out-of-time`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OutOfTime { .. } => "out-of-time",
            Self::OutOfMemory { .. } => "out-of-memory",
            Self::Trap { .. } => "trap",
            Self::BadOutput { .. } => "bad-output",
            Self::Misuse { .. } => "misuse",
            Self::NotStarted { .. } => "not-started",
        }
    }
}
