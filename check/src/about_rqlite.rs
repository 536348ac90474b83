//! Whether something is about rqlite, told by its name alone: what cannot be evaluated has nothing else.

/// The word by which a file, a chart, an image or an address is told to be rqlite's.
const WORD: &str = "rqlite";

/// Whether a text, a path or an address is about rqlite.
pub(super) fn names_rqlite(text: &str) -> bool {
    text.to_ascii_lowercase().contains(WORD)
}
