//! Whether two values are the same, in one document or in two: the order of members and the spelling do not count.
//! Recursion is as deep as the documents, which `Limits::depth` bounds.

use crate::decimal::Decimal;
use crate::node::{Index, NodeId, NodeKind};

/// When two numbers are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// `1`, `1.0` and `1e0` are.
    ByValue,
    /// Only `1` and `1` are.
    ByText,
}

/// Bytes that are compared in the time of one step.
const BYTES_PER_STEP: usize = 64;

/// Compares, and takes what it costs from `work`.
pub(crate) struct Comparison<'w> {
    pub(crate) numbers: Numbers,
    pub(crate) work: &'w mut u64,
}

/// One value of one index.
pub(crate) type Place<'i> = (&'i Index, NodeId);

impl Comparison<'_> {
    /// `None` where the work came to its end first.
    pub(crate) fn same(&mut self, one: Place<'_>, other: Place<'_>) -> Option<bool> {
        *self.work = self.work.checked_sub(steps(one, other))?;
        if is_one_text(one, other) {
            return Some(true);
        }
        match (one.0.node(one.1).kind, other.0.node(other.1).kind) {
            (NodeKind::Array, NodeKind::Array) => self.same_elements(one, other),
            (NodeKind::Object, NodeKind::Object) => self.same_members(one, other),
            (NodeKind::Number, NodeKind::Number) => Some(self.same_number(one, other)),
            // Two strings without an escape have one text each, and were compared above.
            (NodeKind::EscapedString, NodeKind::PlainString | NodeKind::EscapedString)
            | (NodeKind::PlainString, NodeKind::EscapedString) => Some(one.0.string(one.1) == other.0.string(other.1)),
            _ => Some(false),
        }
    }

    fn same_number(&self, one: Place<'_>, other: Place<'_>) -> bool {
        self.numbers == Numbers::ByValue && Decimal::of(one.0.source(one.1)) == Decimal::of(other.0.source(other.1))
    }

    fn same_elements(&mut self, one: Place<'_>, other: Place<'_>) -> Option<bool> {
        if one.0.node(one.1).children != other.0.node(other.1).children {
            return Some(false);
        }
        for (element, counterpart) in one.0.children(one.1).zip(other.0.children(other.1)) {
            if !self.same((one.0, element), (other.0, counterpart))? {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Keys are unique on both sides: as many members, and each found on the other side, are the same members.
    fn same_members(&mut self, one: Place<'_>, other: Place<'_>) -> Option<bool> {
        if one.0.node(one.1).children != other.0.node(other.1).children {
            return Some(false);
        }
        for (member, beside) in one.0.children(one.1).zip(other.0.children(other.1)) {
            let key = one.0.key_text(&one.0.node(member).key);
            // Two versions of an object mostly have their members in one order.
            let in_order = other.0.key_text(&other.0.node(beside).key) == key;
            let found = if in_order { Some(beside) } else { other.0.member(other.1, &key) };
            let Some(counterpart) = found else { return Some(false) };
            if !self.same((one.0, member), (other.0, counterpart))? {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// What it costs to look at a pair of values, without what is below it.
pub(crate) fn steps(one: Place<'_>, other: Place<'_>) -> u64 {
    let (length, other_length) = (one.0.source(one.1).len(), other.0.source(other.1).len());
    // Texts of different lengths are not looked at.
    let compared = if length == other_length { length } else { 0 };
    (1 + compared / BYTES_PER_STEP) as u64
}

/// Whether two values have the same bytes, of which nothing was left out.
pub(crate) fn is_one_text(one: Place<'_>, other: Place<'_>) -> bool {
    one.0.source(one.1) == other.0.source(other.1) && is_whole(one) && is_whole(other)
}

/// Whether nothing was left out of a value.
pub(crate) fn is_whole((index, id): Place<'_>) -> bool {
    let node = index.node(id);
    index.cuts_between(node.start, node.end).is_empty()
}
