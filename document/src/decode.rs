//! A document read into a type of serde, by its index: the text is not read again.
//! Every value means to the type what it means when `serde_json` reads the text.

mod containers;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use thiserror::Error;

use crate::document::Document;
use crate::node::{Index, NodeId, NodeKind};
use containers::{Variant, visit_elements, visit_members};

impl Document {
    /// Reads the whole document into a type, which may borrow the strings that hold no escapes. Numbers with a fraction
    /// or an exponent, and those that no 64 bits hold, are doubles, as in `serde_json`.
    ///
    /// ```
    /// use quorate_document::{Document, Limits};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Scale {
    ///     replicas: i32,
    /// }
    /// let read = |text| Document::parse(text, &Limits::DEFAULT).unwrap().decode::<Scale>().map(|scale| scale.replicas);
    /// assert_eq!(read(r#"{"replicas": 3}"#), Ok(3));
    /// assert_eq!(
    ///     read(r#"{"replicas": "3"}"#).unwrap_err().to_string(),
    ///     "`replicas`: invalid type: string \"3\", expected i32"
    /// );
    /// ```
    ///
    /// # Errors
    /// When the type expects another shape.
    pub fn decode<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        T::deserialize(Part { index: self.index(), id: self.root() })
    }
}

/// A document of another shape than its type, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{problem}", shown(.path))]
pub struct DecodeError {
    path: String,
    problem: String,
}

impl DecodeError {
    /// The place as Kubernetes writes it: `spec.containers[0].args`; empty for the whole document.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was found there, and what was expected.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    fn of(problem: impl fmt::Display) -> Self {
        Self { path: String::new(), problem: problem.to_string() }
    }

    /// The same error, seen from the container of `step`: a key, or a position in brackets.
    fn within(self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{step}{dot}{}", self.path), ..self }
    }
}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::of(problem)
    }

    /// `serde_json` calls what stands for nothing by its name in JSON.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        if found == Unexpected::Unit {
            return Self::of(format_args!("invalid type: null, expected {expected}"));
        }
        Self::of(format_args!("invalid type: {found}, expected {expected}"))
    }
}

fn shown(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{}`: ", crate::error::shown(path)) }
}

/// A value that is to be read.
#[derive(Clone, Copy)]
struct Part<'de> {
    index: &'de Index,
    id: NodeId,
}

impl<'de> Part<'de> {
    fn kind(self) -> NodeKind {
        self.index.node(self.id).kind
    }

    fn key(self) -> Cow<'de, str> {
        self.index.key_text(&self.index.node(self.id).key)
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let text = self.index.source(self.id);
        let is_whole = text != "-0" && !text.contains(['.', 'e', 'E']);
        if is_whole && let Ok(natural) = text.parse() {
            return visitor.visit_u64(natural);
        }
        if is_whole && let Ok(integer) = text.parse() {
            return visitor.visit_i64(integer);
        }
        match text.parse::<f64>() {
            Ok(double) if double.is_finite() => visitor.visit_f64(double),
            Ok(_) | Err(_) => Err(DecodeError::of("number out of range")),
        }
    }

    fn string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.index.string(self.id).unwrap_or_default() {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }
}

impl<'de> de::Deserializer<'de> for Part<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.kind() {
            NodeKind::Null | NodeKind::LeftOut => visitor.visit_unit(),
            NodeKind::True => visitor.visit_bool(true),
            NodeKind::False => visitor.visit_bool(false),
            NodeKind::Number => self.number(visitor),
            NodeKind::PlainString | NodeKind::EscapedString => self.string(visitor),
            NodeKind::Array => visit_elements(self, visitor),
            NodeKind::Object => visit_members(self, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.kind() {
            NodeKind::Null | NodeKind::LeftOut => visitor.visit_none(),
            NodeKind::True
            | NodeKind::False
            | NodeKind::Number
            | NodeKind::PlainString
            | NodeKind::EscapedString
            | NodeKind::Array
            | NodeKind::Object => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(Variant::of(self)?)
    }

    /// Nothing below it is looked at.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}
