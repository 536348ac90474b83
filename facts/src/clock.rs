//! How the present time is read: by a function that the caller gives.

use time::OffsetDateTime;

/// An argument, so that a verdict can be replayed at its own time.
pub type Clock = fn() -> OffsetDateTime;
