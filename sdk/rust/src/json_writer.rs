//! Writes the JSON of a manifest. By hand: serde's code for it is 9 kB.

use std::borrow::Cow;

/// A JSON text that grows.
#[derive(Default)]
pub(crate) struct JsonWriter(String);

impl JsonWriter {
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.0.push('{');
        members(self);
        self.0.push('}');
    }

    /// A member's key; its value comes next.
    pub(crate) fn key(&mut self, key: &str) -> &mut Self {
        self.separate();
        self.quote(key);
        self.0.push(':');
        self
    }

    pub(crate) fn array<T>(&mut self, elements: &[T], write: impl Fn(&mut Self, &T)) {
        self.0.push('[');
        for element in elements {
            self.separate();
            write(self, element);
        }
        self.0.push(']');
    }

    pub(crate) fn texts(&mut self, texts: &[Cow<'static, str>]) {
        self.array(texts, |json, text| json.text(text));
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.quote(text);
    }

    /// Text that is JSON already.
    pub(crate) fn raw(&mut self, json: &str) {
        self.0.push_str(json);
    }

    /// A comma, except before the first element or member.
    fn separate(&mut self) {
        if !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }

    fn quote(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                ..' ' => self.escape(c as u8),
                _ => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    /// A control character, as `\u00..`.
    fn escape(&mut self, control: u8) {
        self.0.push_str("\\u00");
        for digit in [control >> 4, control & 15] {
            self.0.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_string_cannot_hold() {
        let text = "a\"b\\c\nd\u{1f}\u{e9}{";
        let mut json = JsonWriter::default();
        json.array(&[text, ""], |json, text| json.text(text));
        let read: Vec<String> = serde_json::from_str(&json.into_text()).unwrap();
        assert_eq!(read, [text, ""]);
    }
}
