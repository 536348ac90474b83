//! Foreign text, cut and made visible before it stands in a message.
//! Does not judge what it says.

/// Longest foreign text within a message, in bytes.
const MAX_SHOWN: usize = 80;
/// Longest message of a library, in bytes.
const MAX_MESSAGE: usize = 300;

/// A name or a value within a message.
pub(crate) fn shown(text: &str) -> String {
    cut(text, MAX_SHOWN)
}

/// A message of a library, which may repeat what it was given.
pub(crate) fn message(text: &str) -> String {
    cut(text, MAX_MESSAGE)
}

/// Control characters break a line or a terminal; line separators and direction marks hide text.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn cut(text: &str, max: usize) -> String {
    let kept = text.get(..text.floor_char_boundary(max)).unwrap_or_default();
    let escaped = |c: char| if is_hidden(c) { c.escape_default().to_string() } else { c.to_string() };
    let mut shown: String = kept.chars().map(escaped).collect();
    if kept.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

/// One token of a JSON pointer.
pub(crate) fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_would_break_a_line_and_cuts_between_characters() {
        assert_eq!(shown("a\nb\u{202E}"), "a\\nb\\u{202e}");
        assert_eq!(shown(&"ä".repeat(100)), format!("{}...", "ä".repeat(40)));
    }

    #[test]
    fn escapes_a_key_for_a_pointer() {
        assert_eq!(token("a/b~c"), "a~1b~0c");
    }
}
