//! Strings and keys: found to their end eight bytes at a time, escapes checked one by one.
//! Does not decode, except keys with escapes, which are compared by their text.

use super::{Checked, Scanner};
use crate::fingerprint::fingerprint;
use crate::node::{Key, NodeKind};
use crate::text;

const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

impl Scanner<'_> {
    /// From the opening quote to behind the closing one.
    pub(super) fn string(&mut self) -> Checked<NodeKind> {
        self.at = plain_end(self.bytes, self.at + 1);
        if self.bytes.get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(NodeKind::PlainString);
        }
        self.rest_of_string()
    }

    /// From the first byte that is not plain.
    fn rest_of_string(&mut self) -> Checked<NodeKind> {
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(NodeKind::EscapedString);
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.syntax("a control character in a string")),
                None => return Err(self.syntax("the text ends within a string")),
            }
            self.at = plain_end(self.bytes, self.at);
        }
    }

    /// From the key's opening quote to behind the colon. Whether the member is to be left out.
    pub(super) fn member_key(&mut self) -> Checked<bool> {
        match self.next_byte() {
            Some(b'"') => {}
            Some(_) => return Err(self.syntax("expected a key in double quotes")),
            None => return Err(self.syntax("the text ends early")),
        }
        let quote = self.at;
        let escaped = self.string()? == NodeKind::EscapedString;
        let raw = self.bytes.get(quote + 1..self.at - 1).unwrap_or_default();
        let number = if escaped { self.decoded_fingerprint(quote) } else { fingerprint(raw) };
        self.key = Key { start: quote as u32 + 1, length: raw.len() as u32, fingerprint: number, escaped };
        if self.next_byte() != Some(b':') {
            return Err(self.syntax("expected `:` after a key"));
        }
        self.at += 1;
        let Some(frame) = self.frames.last_mut() else { return Ok(false) };
        let bit = 1 << (number & 63);
        frame.may_repeat |= frame.seen & bit != 0;
        frame.seen |= bit;
        if !frame.is_watched {
            return Ok(false);
        }
        let depth = self.frames.len() - 1;
        let text = self.decoded_key(&self.key);
        Ok(self.omission.begin_member(depth, quote as u32, &text))
    }

    fn decoded_fingerprint(&self, quote: usize) -> u32 {
        fingerprint(text::decoded(self.text.get(quote + 1..self.at - 1).unwrap_or_default()).as_bytes())
    }

    /// From a backslash to behind its escape.
    fn escape(&mut self) -> Checked<()> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => self.unicode_escape(),
            Some(_) => Err(self.syntax("an escape that JSON does not have")),
            None => Err(self.syntax("the text ends within a string")),
        }
    }

    fn unicode_escape(&mut self) -> Checked<()> {
        let first = self.code_unit(self.at);
        let length = match first {
            None => return Err(self.syntax("`\\u` without four hexadecimal digits")),
            Some(0xD800..=0xDBFF) if matches!(self.code_unit(self.at + 6), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => return Err(self.syntax("one half of a UTF-16 surrogate pair")),
            Some(_) => 6,
        };
        self.at += length;
        Ok(())
    }

    /// The number of an escape `\u0041`.
    fn code_unit(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
    }
}

/// The first quote, backslash or control character from `at` on, or the end.
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let ends = ends(u64::from_le_bytes(*word));
        if ends != 0 {
            return at + ends.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}

/// The high bit of each byte that ends a run of plain ones. Above the lowest of them there may be others that do not:
/// a subtraction borrows upwards.
fn ends(word: u64) -> u64 {
    let quote = (word ^ (LOW * u64::from(b'"'))).wrapping_sub(LOW);
    let backslash = (word ^ (LOW * u64::from(b'\\'))).wrapping_sub(LOW);
    let control = word.wrapping_sub(LOW * 0x20);
    // A byte above 127 is none of them, and would pass for one.
    (quote | backslash | control) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_end_at_each_position() {
        for end in 0..=255_u8 {
            for position in 0..24 {
                let mut bytes = [0xC3; 24];
                bytes[position] = end;
                let expected = if end == b'"' || end == b'\\' || end < 0x20 { position } else { 24 };
                assert_eq!(plain_end(&bytes, 0), expected, "{end} at {position}");
            }
        }
        assert_eq!(plain_end(b"abc", 0), 3);
    }
}
