//! A value of a document, on its way to a guest.

use quorate_document::Value as Borrowed;

/// As the contract has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// Whole, at most 2^53-1 either way.
    Integer(i64),
    /// What a double holds and prints again.
    Number(f64),
    /// Every other number, as it was sent.
    Big(String),
    /// A string, decoded.
    Text(String),
    /// The JSON text of an object or an array.
    Json(String),
}

impl Value {
    /// What it takes of the guest's memory beside the variant itself.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Big(text) | Self::Text(text) | Self::Json(text) => text.len(),
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Number(_) => 0,
        }
    }
}

impl From<Borrowed<'_>> for Value {
    fn from(value: Borrowed<'_>) -> Self {
        match value {
            Borrowed::Null => Self::Null,
            Borrowed::Boolean(value) => Self::Boolean(value),
            Borrowed::Integer(value) => Self::Integer(value),
            Borrowed::Number(value) => Self::Number(value),
            Borrowed::Big(text) => Self::Big(text.to_owned()),
            Borrowed::Text(text) => Self::Text(text.into_owned()),
            Borrowed::Json(text) => Self::Json(text.into_owned()),
        }
    }
}
