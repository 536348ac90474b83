//! Makes any text fit to be shown: one line, bounded, without the words that make clients delete objects.
//! Does not judge what the text says.

use std::borrow::Cow;

/// Flux (kustomize-controller, helm-controller) and `kubectl apply --force` answer an error with these words by
/// deleting and re-creating the object: here, the database.
const BANNED: [(&str, &str); 2] = [("is immutable", "cannot be changed"), ("immutable field", "locked field")];

const ELLIPSIS: &str = "...";

/// `text` as one line of at most `max` bytes: control and direction characters become blanks, banned words are reworded.
///
/// ```
/// use kubernetes::text::one_line;
///
/// assert_eq!(one_line("spec: field\nis immutable", 100), "spec: field cannot be changed");
/// assert_eq!(one_line("abcdefgh", 6), "abc...");
/// ```
pub fn one_line(text: &str, max: usize) -> String {
    // Rewording can lengthen a text, so a little more than `max` is looked at, never all of it.
    let looked_at = cut(text, max.saturating_mul(2));
    let blanked: String = looked_at.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let safe = reword(blanked.trim().to_owned());
    if safe.len() <= max && looked_at.len() == text.len() {
        return safe;
    }
    let kept = cut(&safe, max.saturating_sub(ELLIPSIS.len()));
    format!("{kept}{ELLIPSIS}")
}

/// The longest start of `text` that is at most `max` bytes and ends between two characters.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// Control characters break a line or a terminal; line separators and direction marks (Unicode 2028-202E, 2066-2069) hide text.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn reword(mut text: String) -> String {
    for (banned, instead) in BANNED {
        while let Some(at) = text.to_ascii_lowercase().find(banned) {
            text.replace_range(at..at + banned.len(), instead);
        }
    }
    text
}

/// A finished message of several lines, in which no client reads a banned word across two of them: its pattern takes a line break for a blank.
///
/// ```
/// use kubernetes::text::reworded;
///
/// assert_eq!(reworded("undo this\nimmutable-labels/r: x"), "undo this\nlocked-labels/r: x");
/// assert_eq!(reworded("a\nb"), "a\nb");
/// ```
pub fn reworded(message: &str) -> String {
    const WORD: &str = "immutable";
    let mut text = message.to_owned();
    while let Some(at) = text.to_ascii_lowercase().find(WORD) {
        text.replace_range(at..at + WORD.len(), "locked");
    }
    text
}

/// Text out of a review or a file, fit for a terminal: control characters are shown, not obeyed.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| if is_hidden(c) { c.escape_default().to_string() } else { c.to_string() });
    Cow::Owned(shown.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewords_what_makes_flux_delete_objects() {
        assert_eq!(one_line("field Is Immutable", 100), "field cannot be changed");
        assert_eq!(one_line("an IMMUTABLE FIELD here", 100), "an locked field here");
        assert_eq!(one_line("spec is\nimmutable", 100), "spec cannot be changed");
        assert_eq!(one_line("is is immutable, is immutable", 100), "is cannot be changed, cannot be changed");
        assert_eq!(one_line("the tag is not immutable", 100), "the tag is not immutable");
    }

    #[test]
    fn blanks_what_breaks_a_line() {
        assert_eq!(one_line("a\r\nb\tc\u{1b}[31m\u{202E}d\n", 100), "a  b c [31m d");
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(one_line("ä".repeat(40).as_str(), 10), "äää...");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("abcdefgh", 2), "...");
    }

    #[test]
    fn shows_an_escape_sequence_instead_of_obeying_it() {
        assert_eq!(printable("db/\u{1b}[2Jrqlite"), "db/\\u{1b}[2Jrqlite");
        assert_eq!(printable("db/rqlite"), "db/rqlite");
    }
}
