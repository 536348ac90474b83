//! The clock of whoever asks.

use time::OffsetDateTime;

/// An argument, so that a verdict can be replayed at its own time.
pub type Clock = fn() -> OffsetDateTime;
