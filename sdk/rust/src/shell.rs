//! The exported functions of a policy, in terms of its traits. The same code serves the component and native hosts.

use crate::edits::Edits;
use crate::host::HostRef;
use crate::policy::{Mutate, Policy, Validate};
use crate::request::Request;
use crate::settings;
use crate::verdict::Verdict;

pub use crate::settings::{SettingsCell, SettingsError};

/// `guest.manifest`
pub fn manifest<P: Policy>() -> String {
    P::manifest().to_json()
}

/// `guest.configure`: the settings, decoded and checked.
///
/// # Errors
/// All that is wrong with them.
pub fn configure<P: Policy>(text: &str) -> Result<P::Settings, Vec<SettingsError>> {
    let settings = settings::decode::<P::Settings>(text).map_err(|error| vec![error])?;
    let errors = P::check(&settings);
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

/// `validator.validate`
///
/// # Errors
/// Why the policy cannot judge.
pub fn validate<P: Validate>(host: HostRef<'_>, settings: Option<&P::Settings>) -> Result<(), String> {
    let settings = settings.ok_or(NOT_CONFIGURED)?;
    let mut verdict = Verdict::default();
    let outcome = P::validate(&Request::new(host), settings, &mut verdict);
    verdict.send(host);
    outcome.map_err(crate::NotJudged::into_reason)
}

/// `mutator.mutate`
///
/// # Errors
/// Why the policy cannot judge.
pub fn mutate<P: Mutate>(host: HostRef<'_>, settings: Option<&P::Settings>) -> Result<(), String> {
    let settings = settings.ok_or(NOT_CONFIGURED)?;
    let (mut verdict, mut edits) = (Verdict::default(), Edits::default());
    let outcome = P::mutate(&Request::new(host), settings, &mut verdict, &mut edits);
    verdict.send(host);
    outcome.map_err(crate::NotJudged::into_reason)?;
    edits.send(host);
    Ok(())
}

const NOT_CONFIGURED: &str = "the policy was called without settings; call configure first";
