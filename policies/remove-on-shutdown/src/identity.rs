//! Who injects, and what: the names by which it is found again.

/// The policy's name, and the owner of what it injects.
pub(crate) const POLICY: &str = "remove-on-shutdown";

/// What is injected.
pub(crate) const TOKEN: &str = "-raft-cluster-remove-shutdown=true";
