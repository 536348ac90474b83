//! The rules under which the gate itself speaks: what manifests alone cannot tell. All others are the policies'.
//! Does not decide when they apply.

use kubernetes::verdict::Level;
use quorate_engine::Finding;

/// A rule of the gate, and its page for `quorate explain`.
#[derive(Debug, Clone, Copy)]
pub struct CheckRule {
    pub id: &'static str,
    pub page: &'static str,
}

/// How many run is written nowhere.
pub(crate) const REPLICAS_NOT_KNOWN: CheckRule =
    CheckRule { id: "check/replicas-not-known", page: include_str!("replicas-not-known.md") };

/// The way of a set cannot be followed.
pub(crate) const WAY_NOT_KNOWN: CheckRule =
    CheckRule { id: "check/way-not-known", page: include_str!("way-not-known.md") };

/// The API server refuses the update.
pub(crate) const IMMUTABLE_CHANGE: CheckRule =
    CheckRule { id: "check/immutable-change", page: include_str!("immutable-change.md") };

/// The tool leaves the change alone.
pub(crate) const NOT_APPLIED: CheckRule = CheckRule { id: "check/not-applied", page: include_str!("not-applied.md") };

/// All of them.
pub const RULES: [CheckRule; 4] = [IMMUTABLE_CHANGE, NOT_APPLIED, REPLICAS_NOT_KNOWN, WAY_NOT_KNOWN];

impl CheckRule {
    /// A finding of this rule.
    pub(crate) fn finding(self, level: Level, message: String, field: &str, remedy: &str) -> Finding {
        Finding {
            rule: self.id.to_owned(),
            level,
            message,
            field: field.to_owned(),
            remedy: remedy.to_owned(),
            retry: false,
            retry_after_seconds: None,
            evidence: Vec::new(),
            of_shape: false,
        }
    }
}
