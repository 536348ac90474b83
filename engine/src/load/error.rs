//! Why a module is not loaded, in words for whoever configures it or writes it.

use thiserror::Error;

use super::VERSION;
use super::grants::Ungranted;
use crate::failure::PolicyFailure;
use quorate_contract::SettingsProblem;

/// Why a module is not loaded. The last good one stays in place.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the text of each variant says what it is, and names its fields")]
pub enum LoadError {
    #[error("not a wasm component that this machine can run: {0}; build it with the policy SDK")]
    NotAComponent(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the component imports `{import}`, which no policy is given; only interfaces of `quorate:policy` exist")]
    ForeignImport { import: String },
    #[error("the component was built for `{import}`, this Quorate has contract {VERSION}; {}", remedy(import))]
    OtherContract { import: String },
    #[error("the component exports no `quorate:policy/{missing}@{VERSION}`; build it with the policy SDK")]
    NoExport { missing: &'static str },
    #[error("the component does not fit contract {VERSION}: {0}; build it with the policy SDK of this version")]
    WrongWorld(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the manifest of the module is wrong: {0}")]
    Manifest(#[source] quorate_contract::ManifestError),
    #[error(
        "the manifest in the section `quorate:manifest` is another one than the module gives; build the module anew"
    )]
    OtherManifest,
    #[error(
        "policy `{policy}` reads the cluster by {what}, which this Quorate does not offer yet; remove it from the module"
    )]
    NoCluster { policy: String, what: String },
    #[error("policy `{policy}` asks for the fact `{fact}`, which nobody knows; known are {}", listed(known))]
    UnknownFact { policy: String, fact: String, known: &'static [&'static str] },
    #[error("policy `{policy}` {what}, which is not granted; add it to `policies.{policy}.grants.{}` in the configuration", what.key)]
    NotGranted { policy: String, what: Ungranted },
    #[error("the settings of policy `{policy}` are wrong: {}", settings(problems))]
    Settings { policy: String, problems: Vec<SettingsProblem> },
    #[error(
        "policy `{policy}` may use {asked_bytes} bytes of memory, the machine gives {runtime_bytes}; lower the policy's limit"
    )]
    MemoryAboveRuntime { policy: String, asked_bytes: usize, runtime_bytes: usize },
    #[error("`{call}` failed: {failure}")]
    Failed { call: &'static str, failure: PolicyFailure },
    #[error("two policies are named `{policy}`; remove one")]
    DuplicateName { policy: String },
}

/// A module of an older contract is built again, one of a newer contract waits for Quorate.
fn remedy(import: &str) -> &'static str {
    let version = |text: &str| semver::Version::parse(text).ok();
    let asked = import.rsplit_once('@').and_then(|(_, asked)| version(asked));
    match asked > version(VERSION) {
        true => "upgrade Quorate, or build the module for this contract",
        false => "build it with the policy SDK of this version",
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// All problems in one line: `/deletion: "maybe" is not one of "deny" or "warn"`.
fn settings(problems: &[SettingsProblem]) -> String {
    problems.iter().map(SettingsProblem::to_string).collect::<Vec<_>>().join("; ")
}
