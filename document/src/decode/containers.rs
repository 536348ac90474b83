//! The elements, members and variants of a value, as serde asks for them one after the other.
//! Does not say what a single value is.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};

use super::{DecodeError, Part};
use crate::node::{Index, NodeId, NodeKind};

/// What is left of the children of an array or an object.
struct Children<'de, I> {
    index: &'de Index,
    ids: I,
    /// How many were given.
    given: usize,
    last: NodeId,
}

fn children_of(container: Part<'_>) -> Children<'_, impl Iterator<Item = NodeId>> {
    let ids = container.index.children(container.id);
    Children { index: container.index, ids, given: 0, last: container.id }
}

/// Refuses more elements than the visitor takes.
pub(super) fn visit_elements<'de, V: Visitor<'de>>(array: Part<'de>, visitor: V) -> Result<V::Value, DecodeError> {
    let mut elements = children_of(array);
    let value = visitor.visit_seq(&mut elements)?;
    match elements.ids.next() {
        None => Ok(value),
        Some(_) => Err(DecodeError::custom(format_args!("more than {} elements", elements.given))),
    }
}

pub(super) fn visit_members<'de, V: Visitor<'de>>(object: Part<'de>, visitor: V) -> Result<V::Value, DecodeError> {
    visitor.visit_map(children_of(object))
}

impl<'de, I: Iterator<Item = NodeId>> Children<'de, I> {
    fn next(&mut self) -> Option<Part<'de>> {
        self.last = self.ids.next()?;
        self.given += 1;
        Some(self.last())
    }

    fn last(&self) -> Part<'de> {
        Part { index: self.index, id: self.last }
    }
}

impl<'de, I: Iterator<Item = NodeId>> SeqAccess<'de> for &mut Children<'de, I> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        let position = self.given;
        let element = self.next().map(|element| seed.deserialize(element));
        element.transpose().map_err(|error| error.within(&format!("[{position}]")))
    }
}

impl<'de, I: Iterator<Item = NodeId>> MapAccess<'de> for Children<'de, I> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        let Some(member) = self.next() else { return Ok(None) };
        match member.key() {
            Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some),
            Cow::Owned(key) => seed.deserialize(key.into_deserializer()).map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        let member = self.last();
        seed.deserialize(member).map_err(|error| error.within(&member.key()))
    }
}

/// A variant of an enum: its name alone, or an object with its name for its only key.
pub(super) struct Variant<'de> {
    name: Cow<'de, str>,
    content: Option<Part<'de>>,
}

impl<'de> Variant<'de> {
    pub(super) fn of(value: Part<'de>) -> Result<Self, DecodeError> {
        if let Some(name) = value.index.string(value.id) {
            return Ok(Self { name, content: None });
        }
        let mut members = children_of(value);
        match (value.kind(), members.next(), members.ids.next()) {
            (NodeKind::Object, Some(only), None) => Ok(Self { name: only.key(), content: Some(only) }),
            (_, _, _) => {
                Err(DecodeError::invalid_type(Unexpected::Other("value"), &"a variant's name, or an object of it"))
            }
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DecodeError;
    type Variant = Content<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Content<'de>), DecodeError> {
        let name: StringDeserializer<DecodeError> = self.name.into_owned().into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.content)))
    }
}

/// What a variant holds. None: it was a name alone.
pub(super) struct Content<'de>(Option<Part<'de>>);

impl<'de> Content<'de> {
    fn held(self) -> Result<Part<'de>, DecodeError> {
        self.0.ok_or_else(|| DecodeError::invalid_type(Unexpected::UnitVariant, &"a variant that holds a value"))
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        match self.0 {
            None => Ok(()),
            Some(content) => serde::Deserialize::deserialize(content),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(self.held()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, DecodeError> {
        visit_elements(self.held()?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visit_members(self.held()?, visitor)
    }
}
