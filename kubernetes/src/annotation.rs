//! The annotations that Quorate reads, on the objects of users: their keys, and the values that mean something.
//! What each brings about is decided where it is honoured.

use crate::manifest::Metadata;

/// All of them begin so.
pub const PREFIX: &str = "quorate.dev/";

/// Names the rqlite container, before launch and image are asked.
pub const CONTAINER: &str = "quorate.dev/container";

/// The value of [`CONTAINER`] by which a user says that no container runs rqlite. It hides none that does.
pub const NO_CONTAINER: &str = "none";

/// Its owner has said that the object may go: by [`ALLOWED`].
pub const ALLOW_DELETION: &str = "quorate.dev/allow-deletion";

/// The one value of [`ALLOW_DELETION`] that allows anything.
pub const ALLOWED: &str = "true";

/// Overrides rules for a while: [`crate::break_glass`].
pub const BREAK_GLASS: &str = "quorate.dev/break-glass";

/// What Quorate has put into a set.
pub const INJECTED: &str = "quorate.dev/injected";

/// Those of an object, in the order of their keys.
pub fn own(metadata: &Metadata) -> impl Iterator<Item = (&str, &str)> {
    let all = metadata.annotations.iter();
    all.filter(|(key, _)| key.starts_with(PREFIX)).map(|(key, value)| (key.as_str(), value.as_str()))
}

/// Whether the owner of the object has said that it may go.
pub fn allows_deletion(metadata: &Metadata) -> bool {
    metadata.annotations.get(ALLOW_DELETION).is_some_and(|value| value == ALLOWED)
}
