//! The settings of quorum-guard.

use schemars::JsonSchema;
use serde::Deserialize;

/// Settings of quorum-guard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// What becomes of the deletion of a running voter set, or of what it needs: `deny` (the default) or `warn`.
    pub deletion: Deletion,
}

/// What becomes of the deletion of a running voter set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deletion {
    /// Refused, unless the set is annotated `quorate.dev/allow-deletion: "true"`.
    #[default]
    Deny,
    /// Allowed with a warning.
    Warn,
}
