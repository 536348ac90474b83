//! What a user may set for this policy. Not what the settings do: that is in the rules.

use serde::Deserialize;

/// Settings of bootstrap-expect-lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// Lets pass, with a warning, an update that raises the replicas and raises `-bootstrap-expect` to at most the new
    /// replicas. For the namespaces of controllers that write both at once, such as KOTS (1 to 3 nodes when high
    /// availability is switched on). Default: false.
    pub allow_increase_with_scale_up: bool,
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
