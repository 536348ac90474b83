//! Settings: decoded once for each instance, kept, and what is wrong with them.

use std::cell::RefCell;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::json_pointer::pointer_at;

/// For policies without settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NoSettings {}

/// What is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// Where, an RFC 6901 pointer; empty for the settings as a whole.
    pub pointer: String,
    /// What, one line.
    pub message: String,
}

impl SettingsError {
    /// At a pointer, with what is wrong.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        SettingsError { pointer: pointer.into(), message: message.into() }
    }
}

/// The settings of an instance: the one thing that it keeps.
#[doc(hidden)]
pub struct SettingsCell<S>(RefCell<Option<S>>);

impl<S> SettingsCell<S> {
    pub const fn new() -> Self {
        SettingsCell(RefCell::new(None))
    }

    pub fn set(&self, settings: S) {
        self.0.replace(Some(settings));
    }

    /// `None` before `configure`, and when that has failed.
    pub fn with<T>(&self, work: impl FnOnce(Option<&S>) -> T) -> T {
        work(self.0.borrow().as_ref())
    }
}

impl<S> Default for SettingsCell<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Nothing at all is the defaults, as `{}` is.
pub(crate) fn decode<S: DeserializeOwned + Default>(text: &str) -> Result<S, SettingsError> {
    if text.is_empty() {
        return Ok(S::default());
    }
    serde_json::from_str(text)
        .map_err(|error| SettingsError::new(pointer_at(text, error.line(), error.column()), error.to_string()))
}
