//! What stands at one place of a document, in the types of contract 0.2.
//! Says precisely which numbers are integers, doubles, or neither.

use std::borrow::Cow;

use crate::decimal::{Decimal, double, short_integer};
use crate::node::{Index, NodeId, NodeKind};

/// A value, borrowed from the document where its text allows.
///
/// ```
/// use quorate_document::{Document, Limits, Pointer, Value};
///
/// let document = Document::parse(r#"[3.0, 0.5, 9007199254740993, "a\nb", {"k": 1}]"#, &Limits::DEFAULT)?;
/// let at = |pointer| document.get(&Pointer::parse(pointer).unwrap());
/// assert_eq!(at("/0"), Some(Value::Integer(3)));
/// assert_eq!(at("/1"), Some(Value::Number(0.5)));
/// assert_eq!(at("/2"), Some(Value::Big("9007199254740993")));
/// assert_eq!(at("/3"), Some(Value::Text("a\nb".into())));
/// assert_eq!(at("/4"), Some(Value::Json(r#"{"k": 1}"#.into())));
/// # Ok::<(), quorate_document::DocumentError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number of at most 2^53 - 1 either way, however it is written: `3`, `3.0`, `3e0`, `-0` as 0.
    Integer(i64),
    /// Every other number that a double holds and prints again: the shortest decimal that reads back as the double denotes
    /// exactly the value of the text. `0.5`, `0.10`, `1e21` and 2^53 are such; 2^53 + 1, `1e400` and a text of twenty
    /// random digits are not.
    Number(f64),
    /// Every other number, as it was sent.
    Big(&'a str),
    /// A string, decoded.
    Text(Cow<'a, str>),
    /// An array or an object: its text as it was sent, without what was left out of the document.
    Json(Cow<'a, str>),
}

impl Index {
    pub(crate) fn value(&self, id: NodeId) -> Value<'_> {
        match self.node(id).kind {
            NodeKind::Null | NodeKind::LeftOut => Value::Null,
            NodeKind::True => Value::Boolean(true),
            NodeKind::False => Value::Boolean(false),
            NodeKind::Number => number(self.source(id)),
            NodeKind::PlainString | NodeKind::EscapedString => Value::Text(self.string(id).unwrap_or_default()),
            NodeKind::Array | NodeKind::Object => Value::Json(self.json(id)),
        }
    }

    /// The integer of a value, as [`Value::Integer`] has it; `None` for everything else.
    pub(crate) fn integer(&self, id: NodeId) -> Option<i64> {
        if self.node(id).kind != NodeKind::Number {
            return None;
        }
        let text = self.source(id);
        short_integer(text).or_else(|| Decimal::of(text).integer())
    }

    /// The text of a value without what was left out.
    pub(crate) fn json(&self, id: NodeId) -> Cow<'_, str> {
        let node = self.node(id);
        if self.cuts_between(node.start, node.end).is_empty() {
            return Cow::Borrowed(self.source(id));
        }
        Cow::Owned(self.pieces(node.start, node.end).collect())
    }

    /// Bytes of [`Index::json`].
    pub(crate) fn json_length(&self, id: NodeId) -> usize {
        let node = self.node(id);
        let cut: u32 = self.cuts_between(node.start, node.end).iter().map(|cut| cut.end - cut.start).sum();
        (node.end - node.start).saturating_sub(cut) as usize
    }
}

fn number(text: &str) -> Value<'_> {
    if let Some(integer) = short_integer(text).or_else(|| Decimal::of(text).integer()) {
        return Value::Integer(integer);
    }
    double(text).map_or(Value::Big(text), Value::Number)
}
