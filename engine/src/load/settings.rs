//! Checks a policy's settings against the JSON Schema that the policy declares.
//! What a schema cannot say is the guest's `check-settings`.

use serde_json::Value;

use super::LoadError;
use crate::description::Description;
use crate::wit;
use kubernetes::text::one_line;

/// Longest text of one problem, in bytes.
const MAX_TEXT: usize = 300;

/// One thing wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// JSON pointer into the settings; empty for the whole.
    pub path: String,
    pub message: String,
}

impl From<wit::types::SettingsError> for SettingsProblem {
    fn from(error: wit::types::SettingsError) -> Self {
        Self { path: one_line(&error.path, MAX_TEXT), message: one_line(&error.message, MAX_TEXT) }
    }
}

/// All problems in one line: `/deletion: "maybe" is not one of "deny" or "warn"`.
pub(super) fn listed(problems: &[SettingsProblem]) -> String {
    let one = |problem: &SettingsProblem| {
        format!("`{}`: {}", if problem.path.is_empty() { "/" } else { &problem.path }, problem.message)
    };
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}

pub(super) fn check_schema(description: &Description, settings: &Value) -> Result<(), LoadError> {
    let policy = || description.name.clone();
    let validator =
        jsonschema::validator_for(&description.settings_schema).map_err(|error| LoadError::BadDescription {
            policy: policy(),
            what: format!("settings-schema: {}", one_line(&error.to_string(), MAX_TEXT)),
        })?;
    let problems: Vec<_> = validator
        .iter_errors(settings)
        .map(|error| SettingsProblem {
            path: error.instance_path().to_string(),
            message: one_line(&error.to_string(), MAX_TEXT),
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(LoadError::Settings { policy: policy(), problems }) }
}
