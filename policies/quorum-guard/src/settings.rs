//! The settings of quorum-guard.

use serde::Deserialize;

/// Settings of quorum-guard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// What becomes of the deletion of a running voter set, or of what it needs: `deny` (the default) or `warn`.
    pub deletion: Deletion,
}

/// What becomes of the deletion of a running voter set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Deletion {
    /// Refused, unless the set is annotated `quorate.dev/allow-deletion: "true"`.
    #[default]
    Deny,
    /// Allowed with a warning.
    Warn,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_that_of_the_types() {
        quorate_cases::check_schema::<Settings>(
            concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"),
            include_str!("../settings.schema.json"),
        );
    }
}
