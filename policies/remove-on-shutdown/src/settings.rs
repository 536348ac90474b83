//! What a user may set for this policy. Not what the settings do: that is in `flag_request`.

use serde::Deserialize;

/// Settings of remove-on-shutdown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// What to do for voters whose data outlives the pod (a claim, a host path): `inject` the flag where it is safe, or only
    /// `advise` to. Voters on ephemeral storage and read-only nodes always get it where it is safe. Default: `inject`.
    pub persistent_voters: PersistentVoters,
}

/// What to do for voters whose data outlives the pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PersistentVoters {
    /// Inject `-raft-cluster-remove-shutdown=true` where it is safe.
    #[default]
    Inject,
    /// Inject nothing; a warning says that the flag could be set.
    Advise,
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
