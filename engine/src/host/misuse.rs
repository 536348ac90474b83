//! A call that the contract does not allow, in words for the policy's author.

use std::fmt;

use super::Stage;
use kubernetes::text::one_line;

/// Longest text of one, in bytes.
const MAX_TEXT: usize = 300;

/// What the guest did wrong. It traps, and its policy does not judge the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{function}`: {what}")]
pub struct Misuse {
    function: &'static str,
    what: String,
}

impl Misuse {
    pub(super) fn new(function: &'static str, what: impl fmt::Display) -> Self {
        Self { function, what: one_line(&what.to_string(), MAX_TEXT) }
    }

    pub(super) fn too_early(function: &'static str, stage: Stage) -> Self {
        let stage = stage.name();
        Self::new(function, format!("it was called in `{stage}`; only `log` may be, before a request is under review"))
    }
}
