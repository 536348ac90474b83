//! The built-in policies: each one's component, and the pages of its rules, embedded by the build script.
//! Names no policy itself; the list is `policies.txt`, which the build script reads.

/// A built-in policy.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// `quorum-guard`.
    pub name: &'static str,
    /// The component, as the engine loads it.
    pub wasm: &'static [u8],
    /// In order of the rules' ids.
    pub pages: &'static [Page],
}

/// The page of one rule: what `quorate explain` prints and `docs/rules/` holds.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Without the policy's name: `scale-below-quorum`.
    pub rule: &'static str,
    /// Markdown.
    pub text: &'static str,
}

/// All built-in policies. Mutating ones stand in the order in which they run.
pub fn modules() -> &'static [Module] {
    MODULES
}

include!(concat!(env!("OUT_DIR"), "/modules.rs"));
