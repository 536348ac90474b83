//! JSON strings: from what stands between the quotes to the text, and back.
//! Takes for granted that what it decodes was checked when it was indexed.

use std::borrow::Cow;

/// The text of `raw`, which stands between two quotes of a checked document.
pub(crate) fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, length) = unescaped(escape);
        text.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character of an escape, without its backslash, and how many bytes it takes.
fn unescaped(escape: &str) -> (char, usize) {
    match escape.as_bytes().first() {
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => unicode(escape),
        Some(other) => (char::from(*other), 1),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}

/// `u0041`, or the pair `ud83d\ude00`.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |start: usize| escape.get(start..start + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let first = unit(1).unwrap_or_default();
    if let Some(character) = char::from_u32(first) {
        return (character, 5);
    }
    let second = unit(7).unwrap_or_default();
    let code = 0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF);
    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11)
}

/// Writes `text` as a JSON string, quotes included, as short as JSON allows.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match short_escape(character) {
            Some(letter) => out.extend(['\\', letter]),
            None if character < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            None => out.push(character),
        }
    }
    out.push('"');
}

/// Bytes that [`push_quoted`] writes.
pub(crate) fn quoted_length(text: &str) -> usize {
    let more = |byte: u8| match short_escape(char::from(byte)) {
        Some(_) => 1,
        None if byte < b' ' => 5,
        None => 0,
    };
    2 + text.len() + text.bytes().map(more).sum::<usize>()
}

fn short_escape(character: char) -> Option<char> {
    match character {
        '"' | '\\' => Some(character),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_every_escape() {
        assert_eq!(decoded(r#"a\"\\\/\b\f\n\r\tz"#), "a\"\\/\u{8}\u{c}\n\r\tz");
        assert_eq!(decoded(r"\u00e4\u20AC\ud83d\ude00x"), "ä€😀x");
        assert!(matches!(decoded("plain ä"), Cow::Borrowed("plain ä")));
    }

    #[test]
    fn encodes_as_serde_json_does() {
        let text: String = (0..300).filter_map(char::from_u32).chain("\u{7f}\u{2028}😀".chars()).collect();
        let mut quoted = String::new();
        push_quoted(&mut quoted, &text);
        assert_eq!(quoted, serde_json::to_string(&text).unwrap());
        assert_eq!(quoted.len(), quoted_length(&text));
        assert_eq!(decoded(quoted.trim_matches('"')), text.as_str());
    }
}
