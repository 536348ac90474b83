//! The grammar of numbers (RFC 8259, 6), and a bound on exponents.
//! Does not know what a number is worth: `decimal` does.

use super::{Checked, Scanner};
use crate::decimal::MAX_EXPONENT_DIGITS;
use crate::node::NodeKind;

impl Scanner<'_> {
    pub(super) fn number(&mut self) -> Checked<NodeKind> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
            if self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                return Err(self.syntax("a number with a leading zero"));
            }
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            self.exponent()?;
        }
        Ok(NodeKind::Number)
    }

    fn exponent(&mut self) -> Checked<()> {
        if let Some(b'+' | b'-') = self.bytes.get(self.at) {
            self.at += 1;
        }
        let start = self.at;
        self.digits()?;
        let digits = self.bytes.get(start..self.at).unwrap_or_default();
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        if digits.len() - zeros > MAX_EXPONENT_DIGITS {
            return Err(self.syntax("an exponent of more than 17 digits"));
        }
        Ok(())
    }

    fn digits(&mut self) -> Checked<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(self.syntax("a number without digits")) } else { Ok(()) }
    }
}
