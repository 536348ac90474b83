//! What edits may still cost, in steps.
//! Does not know what they do.

use super::error::EditFault;

/// Steps that one child costs which is opened, copied or shifted: some 50 bytes are written for each. With the default
/// of 16,777,216 steps no more than some 100 MiB are written in all.
const CHILD: u64 = 8;

/// What is left of [`Limits::work`](crate::Limits::work).
#[derive(Debug, Clone, Copy)]
pub(super) struct Work(pub(super) u64);

impl Work {
    pub(super) fn children(&mut self, count: usize) -> Result<(), EditFault> {
        self.steps((count as u64).saturating_mul(CHILD))
    }

    pub(super) fn steps(&mut self, steps: u64) -> Result<(), EditFault> {
        self.0 = self.0.checked_sub(steps).ok_or(EditFault::TooMuchWork)?;
        Ok(())
    }
}
