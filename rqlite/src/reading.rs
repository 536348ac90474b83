//! What was recognised in a set, as JSON of version 1 (`docs/facts.md`): written where manifests are read, read where they are judged.
//! The containers are not in it: they stand in the set that it belongs to.

mod names;
mod read;
#[cfg(test)]
mod tests;
#[cfg(feature = "recognition")]
mod write;

pub use self::read::{ReadError, Reading};
#[cfg(feature = "recognition")]
pub use self::write::{hint, nodes, set};

/// Of the JSON.
pub const VERSION: u64 = 1;
