//! Who injects: the name by which it is found again.

/// The policy's name, and the owner of its entries in the list of what was injected.
pub const POLICY: &str = "secret-mounts";
