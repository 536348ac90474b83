//! Where in a script's text its reader is: one character or one reference of the kubelet after the other, or a run of characters at once.
//! Not what they mean.

use crate::launch::env::{Piece, Text};
use crate::value::Source;

#[derive(Debug, Clone, Copy)]
pub(super) enum Atom<'t> {
    Char(char),
    Reference { name: &'t str, source: &'t Source },
}

impl Atom<'_> {
    /// As a reference is written.
    pub(super) fn push_to(self, text: &mut String) {
        match self {
            Atom::Char(c) => text.push(c),
            Atom::Reference { name, .. } => {
                text.push_str("$(");
                text.push_str(name);
                text.push(')');
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    /// Of the piece that is read. Empty only where a reference comes next, or nothing.
    rest: &'t str,
    /// The pieces behind it.
    behind: &'t [Piece],
}

impl<'t> Cursor<'t> {
    pub(super) fn at_start_of(text: &'t Text) -> Self {
        let mut cursor = Cursor { rest: "", behind: &text.0 };
        cursor.settle();
        cursor
    }

    fn settle(&mut self) {
        while let ("", [Piece::Literal(text), behind @ ..]) = (self.rest, self.behind) {
            (self.rest, self.behind) = (text, behind);
        }
    }

    fn go_on_at(&mut self, rest: &'t str) {
        self.rest = rest;
        self.settle();
    }

    pub(super) fn next(&mut self) -> Option<Atom<'t>> {
        let mut chars = self.rest.chars();
        if let Some(c) = chars.next() {
            self.go_on_at(chars.as_str());
            return Some(Atom::Char(c));
        }
        let (Piece::Reference { name, source }, behind) = self.behind.split_first()? else { return None };
        self.behind = behind;
        self.settle();
        Some(Atom::Reference { name, source })
    }

    /// The next character; None where a reference stands, or nothing more.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn take(&mut self, expected: char) -> bool {
        let rest = self.rest.strip_prefix(expected);
        rest.inspect(|rest| self.go_on_at(rest)).is_some()
    }

    /// The characters up to the next reference or to one of these bytes of ASCII; it may be none.
    pub(super) fn take_until(&mut self, ends: impl Fn(u8) -> bool) -> &'t str {
        let end = self.rest.bytes().position(ends).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.go_on_at(rest);
        run
    }
}
