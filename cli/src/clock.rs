//! What the process asks the world: the time. The only file that does; everything else takes it as an argument.
//! Decides nothing by it.

use std::time::SystemTime;

use time::OffsetDateTime;

/// Now, UTC.
pub(crate) fn now() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the process's clock, read here and nowhere else; it becomes a fact")]
    SystemTime::now().into()
}
