//! What the configuration says about one policy: mode, what to do on failure, settings, grants, limits.
//! Does not read files; the server and the command line build it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::selection::Selection;

/// Whether a policy's denials count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A denial refuses the request, and a patch is applied.
    #[default]
    Enforce,
    /// Every denial is given as a warning, and a mutating policy only says what it would patch.
    Warn,
}

impl Mode {
    /// As configurations write it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Warn => "warn",
        }
    }
}

/// What the server does when a policy could not judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// Refuses the request.
    Deny,
    /// Lets it pass with a warning.
    Warn,
    /// Lets the request pass. Still warns and counts.
    Allow,
}

/// What one policy may use in one call, and how much it may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyLimits {
    /// Linear memory, at most the runtime's `memory_bytes`.
    pub memory_bytes: usize,
    /// CPU time for the first 256 KiB of input, and again for each further 256 KiB, of the thread that runs the call: time spent waiting for
    /// a turn or for a CPU does not count.
    pub cpu: Duration,
    /// JSON text of one patch.
    pub patch_bytes: usize,
    /// Findings of one call; the rest is summed up in one more.
    pub findings: usize,
    /// Each text of a finding or an audit annotation; longer ones are cut.
    pub text_bytes: usize,
}

impl Default for PolicyLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            // A review takes 20 to 40 us, one with 5,000 entries in a list up to 25 ms; a small board is some four times slower. The largest
            // body of 8 MiB gives four policies 6.6 s, of the 10 s that the API server waits by default.
            cpu: Duration::from_millis(50),
            // The API server takes objects up to 3 MiB; etcd stores 1.5 MiB.
            patch_bytes: 1 << 20,
            findings: 64,
            text_bytes: 8 << 10,
        }
    }
}

impl PolicyLimits {
    /// What a call with so many bytes of input may use: reading takes time in proportion, and an object of 3 MiB, the largest that the API
    /// server takes, is to be evaluated as well.
    #[must_use]
    pub fn for_input(self, bytes: usize) -> Self {
        const SHARE_BYTES: usize = 256 << 10;
        let shares = u32::try_from(bytes / SHARE_BYTES).unwrap_or(u32::MAX).saturating_add(1);
        Self { cpu: self.cpu.saturating_mul(shares), ..self }
    }
}

/// What a module may import and ask for, beside what every policy is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Grants {
    /// Interfaces of the contract: `facts`, `time`.
    pub imports: BTreeSet<String>,
    /// Providers of facts, by their names.
    pub facts: BTreeSet<String>,
    /// Kinds that the manifest's `reads` may name: `v1/Service`.
    pub reads: BTreeSet<String>,
    /// Kinds that a `reference` may lead to: `v1/Secret`.
    pub references: BTreeSet<String>,
}

/// One policy's part of the configuration.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Whether its denials count.
    pub mode: Mode,
    /// `None`: deny for a policy that validates, warn for one that only mutates.
    pub on_error: Option<OnError>,
    /// An object, by the schema of the manifest, and with `namespaces`.
    pub settings: serde_json::Value,
    /// What of its requests it takes.
    pub selection: Selection,
    /// Policies run by this number, then as they are declared; it decides which patches first.
    pub order: i32,
    /// `None`: whatever the module asks for, as for those that are built in.
    pub grants: Option<Grants>,
    /// What one call may take.
    pub limits: PolicyLimits,
}

impl Default for Binding {
    /// Enforced, with empty settings and no grants.
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            on_error: None,
            settings: serde_json::Value::Object(serde_json::Map::new()),
            selection: Selection::default(),
            order: 0,
            grants: Some(Grants::default()),
            limits: PolicyLimits::default(),
        }
    }
}
