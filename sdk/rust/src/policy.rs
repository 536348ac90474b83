//! What a policy is. A policy is a function of request, settings and what the host answers; it keeps nothing.

use serde::de::DeserializeOwned;

use crate::edits::Edits;
use crate::manifest::Manifest;
use crate::not_judged::NotJudged;
use crate::request::Request;
use crate::settings::SettingsError;
use crate::verdict::Verdict;

/// A policy: what it is called, which requests it wants, and its settings. It is also [`Validate`], [`Mutate`], or both.
pub trait Policy {
    /// The settings that are in force. The host has checked them against the manifest's schema, and has laid those of the
    /// namespace over them. Give every key a default: `#[serde(default, deny_unknown_fields)]`.
    type Settings: DeserializeOwned + Default + 'static;

    /// What the host must know before it asks.
    fn manifest() -> Manifest;

    /// What the schema of the settings cannot say.
    fn check(_settings: &Self::Settings) -> Vec<SettingsError> {
        Vec::new()
    }
}

/// A policy that judges what came out of all mutation.
pub trait Validate: Policy {
    /// Says what is wrong.
    ///
    /// # Errors
    /// When it cannot judge. What was pushed before is told all the same.
    fn validate(request: &Request<'_>, settings: &Self::Settings, verdict: &mut Verdict) -> Result<(), NotJudged>;
}

/// A policy that edits the object.
pub trait Mutate: Policy {
    /// Edits. What must be refused is for [`Validate`] to say: a denial here is shown as a warning.
    ///
    /// # Errors
    /// When it cannot judge. What was pushed before is told all the same, and no edit is made.
    fn mutate(
        request: &Request<'_>,
        settings: &Self::Settings,
        verdict: &mut Verdict,
        edits: &mut Edits,
    ) -> Result<(), NotJudged>;
}
