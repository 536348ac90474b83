//! Where in a JSON text a decoding error lies, as an RFC 6901 pointer.
//! Reads the text again, and only after an error: a decoder that tracks where it is would double the code of every guest.
//! Takes the text for JSON up to the error: the decoder has read that far.

use std::borrow::Cow;

use crate::pointer::pointer;

/// A container around the error.
enum Step<'t> {
    /// An object, at this member, as written; none before its first.
    Member(Option<&'t str>),
    /// An array, at this index.
    Index(usize),
}

/// The pointer of the value at an error's line and column (both from 1, as `serde_json` counts them).
pub(crate) fn pointer_at(text: &str, line: usize, column: usize) -> String {
    let above: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = above.saturating_add(column).min(text.len());
    let tokens = steps(text.get(..end).unwrap_or(text)).into_iter().filter_map(|step| match step {
        Step::Member(key) => key.map(unescaped),
        Step::Index(index) => Some(Cow::Owned(index.to_string())),
    });
    pointer(tokens)
}

fn steps(read: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut is_key_next = false;
    let mut rest = read;
    while let Some(byte) = rest.bytes().next() {
        rest = rest.get(1..).unwrap_or_default();
        match byte {
            b'{' => {
                steps.push(Step::Member(None));
                is_key_next = true;
            }
            b'[' => {
                steps.push(Step::Index(0));
                is_key_next = false;
            }
            b'}' | b']' => drop(steps.pop()),
            b',' => match steps.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                Some(Step::Member(_)) => is_key_next = true,
                None => {}
            },
            b'"' => {
                let (string, after) = split_string(rest);
                if let (true, Some(Step::Member(key))) = (is_key_next, steps.last_mut()) {
                    *key = Some(string);
                    is_key_next = false;
                }
                rest = after;
            }
            // Blanks, colons, numbers and literals.
            _ => rest = rest.trim_start_matches(|c: char| !"{}[],\"".contains(c)),
        }
    }
    steps
}

/// What stands before the closing quote, as written, and what follows it.
fn split_string(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
            _ => is_escaped = byte == b'\\' && !is_escaped,
        }
    }
    (text, "")
}

/// A key as written between its quotes, decoded.
fn unescaped(key: &str) -> Cow<'_, str> {
    if !key.contains('\\') {
        return Cow::Borrowed(key);
    }
    serde_json::from_str(&["\"", key, "\""].concat()).map_or(Cow::Borrowed(key), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Settings {
        #[expect(dead_code, reason = "only decoded")]
        labels: Vec<String>,
        #[expect(dead_code, reason = "only decoded")]
        by_key: std::collections::BTreeMap<String, u8>,
    }

    #[track_caller]
    fn lies_at(text: &str, pointer: &str) {
        let error = serde_json::from_str::<Settings>(text).unwrap_err();
        assert_eq!(pointer_at(text, error.line(), error.column()), pointer, "{error}");
    }

    #[test]
    fn names_the_member_and_the_element() {
        lies_at(r#"{"labels": 7}"#, "/labels");
        lies_at(r#"{"labels": ["a", 7]}"#, "/labels/1");
        lies_at("{\n  \"labels\": [],\n  \"by_key\": {\"b\": true}\n}", "/by_key/b");
    }

    #[test]
    fn escapes_keys_for_the_pointer() {
        lies_at(r#"{"labels": [], "by_key": {"a/b~": "c"}}"#, "/by_key/a~1b~0");
        lies_at(r#"{"labels": [], "by_key": {"a\"b": "c"}}"#, "/by_key/a\"b");
    }

    #[test]
    fn names_nothing_where_the_whole_is_wrong() {
        lies_at("7", "");
        assert_eq!(pointer_at("", 0, 0), "");
    }
}
