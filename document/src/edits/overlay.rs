//! The document while it is edited: a container is opened when something in it changes, all else stays in the index.
//! Opening takes the container's children as they are; nothing below them is looked at.

pub(super) mod array;
pub(super) mod object;

use std::borrow::Cow;

use self::array::OpenArray;
use self::object::OpenObject;
use super::error::EditFault;
use super::work::Work;
use crate::document::Document;
use crate::node::{Container, NodeKind};
use crate::pointer::Pointer;

/// A value of the edited document.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    /// As it stands in a document: the one that is edited, or the value of an edit.
    Closed(Document),
    Object(Box<OpenObject>),
    Array(Box<OpenArray>),
}

/// Whether a value that is not there is made on the way to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It becomes an object, and so does null.
    Made,
    Refused,
}

impl Tree {
    /// The value there, opened as far as its parents; `None` where nothing is.
    pub(super) fn at(
        &mut self,
        pointer: &Pointer<'_>,
        missing: Missing,
        work: &mut Work,
    ) -> Result<Option<&mut Self>, EditFault> {
        let mut tree = self;
        for token in pointer.tokens() {
            match tree.child(&token, missing, work)? {
                Some(child) => tree = child,
                None => return Ok(None),
            }
        }
        Ok(Some(tree))
    }

    fn child(&mut self, token: &str, missing: Missing, work: &mut Work) -> Result<Option<&mut Self>, EditFault> {
        if missing == Missing::Made && self.is_null() {
            *self = Self::Closed(Document::empty_object());
        }
        self.open(work)?;
        match self {
            Self::Object(object) => Ok(object.member(token, missing)),
            Self::Array(array) => array.element(token).map(Some),
            Self::Closed(_) => Err(EditFault::Scalar(self.kind_name())),
        }
    }

    /// Makes an open container of a closed one; nothing of a scalar.
    pub(super) fn open(&mut self, work: &mut Work) -> Result<(), EditFault> {
        let Self::Closed(document) = self else { return Ok(()) };
        let children = document.len(&Pointer::ROOT).unwrap_or_default() as usize;
        work.children(children)?;
        match document.index().node(document.root()).kind.container() {
            Some(Container::Object) => *self = Self::Object(Box::new(OpenObject::of(document.clone()))),
            Some(Container::Array) => *self = Self::Array(Box::new(OpenArray::of(document.clone()))),
            None => {}
        }
        Ok(())
    }

    /// A copy of the value there; what is closed is shared. `None` where nothing is.
    pub(super) fn copied(&self, pointer: &Pointer<'_>, work: &mut Work) -> Result<Option<Self>, EditFault> {
        let mut tree = Cow::Borrowed(self);
        for token in pointer.tokens() {
            let child = match tree.as_ref() {
                Self::Closed(document) => document.child(&token).map(Self::Closed).map(Cow::Owned),
                // What is open is borrowed from `self`: only closed values are made on the way.
                Self::Object(_) | Self::Array(_) => match tree {
                    Cow::Borrowed(tree) => tree.open_child(&token),
                    Cow::Owned(_) => None,
                },
            };
            match child {
                Some(child) => tree = child,
                None => return Ok(None),
            }
        }
        work.children(tree.opened())?;
        Ok(Some(tree.into_owned()))
    }

    fn open_child(&self, token: &str) -> Option<Cow<'_, Self>> {
        match self {
            Self::Object(object) => object.shown_member(token),
            Self::Array(array) => array.shown_element(token),
            Self::Closed(_) => None,
        }
    }

    /// Children of all open containers, which is what a copy takes.
    pub(super) fn opened(&self) -> usize {
        match self {
            Self::Closed(_) => 1,
            Self::Object(object) => object.children() + object.open_children().map(Self::opened).sum::<usize>(),
            Self::Array(array) => array.children() + array.open_children().map(Self::opened).sum::<usize>(),
        }
    }

    /// Open containers inside of each other.
    pub(super) fn open_levels(&self) -> usize {
        match self {
            Self::Closed(_) => 0,
            Self::Object(object) => 1 + object.open_children().map(Self::open_levels).max().unwrap_or_default(),
            Self::Array(array) => 1 + array.open_children().map(Self::open_levels).max().unwrap_or_default(),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Closed(document) if document.index().node(document.root()).kind == NodeKind::Null)
    }

    /// As a message names it.
    pub(super) fn kind_name(&self) -> &'static str {
        match self {
            Self::Object(_) => "an object",
            Self::Array(_) => "an array",
            Self::Closed(document) => match document.index().node(document.root()).kind {
                NodeKind::Null | NodeKind::LeftOut => "null",
                NodeKind::True | NodeKind::False => "a boolean",
                NodeKind::Number => "a number",
                NodeKind::PlainString | NodeKind::EscapedString => "a string",
                NodeKind::Array => "an array",
                NodeKind::Object => "an object",
            },
        }
    }
}
