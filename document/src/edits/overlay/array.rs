//! An array of which an element changes, comes or goes.
//! Elements have positions only; where one came from is kept for the text that stands between them.

use std::borrow::Cow;

use super::Tree;
use crate::document::Document;
use crate::edits::error::EditFault;
use crate::edits::work::Work;
use crate::node::NodeId;
use crate::pointer::array_index;

/// Longest token that a message shows, in bytes.
const MAX_TOKEN: usize = 40;

#[derive(Debug, Clone)]
pub(crate) struct OpenArray {
    /// The array as it was.
    pub(crate) base: Document,
    pub(crate) elements: Vec<Element>,
}

#[derive(Debug, Clone)]
pub(crate) struct Element {
    /// Its entry where it stood in the array as it was. These ascend.
    pub(crate) origin: Option<NodeId>,
    /// Its value where that changed, or it is new.
    pub(crate) value: Option<Tree>,
}

impl OpenArray {
    /// `base` is an array.
    pub(crate) fn of(base: Document) -> Self {
        let elements = base.index().children(base.root()).map(|id| Element { origin: Some(id), value: None });
        Self { elements: elements.collect(), base }
    }

    /// The element to work on, from now on open to change.
    pub(crate) fn element(&mut self, token: &str) -> Result<&mut Tree, EditFault> {
        let position = self.position(token)?;
        let base = &self.base;
        let element = self.elements.get_mut(position).ok_or(EditFault::NotThere)?;
        let origin = element.origin.unwrap_or_default();
        Ok(element.value.get_or_insert_with(|| Tree::Closed(base.at(origin))))
    }

    pub(crate) fn put(&mut self, token: &str, value: Tree) -> Result<(), EditFault> {
        *self.element(token)? = value;
        Ok(())
    }

    pub(crate) fn push(&mut self, value: Tree) {
        self.elements.push(Element { origin: None, value: Some(value) });
    }

    /// Inserts before the element that the token names; `-` and the length name the end.
    pub(crate) fn insert(&mut self, token: &str, value: Tree, work: &mut Work) -> Result<(), EditFault> {
        let length = self.elements.len();
        let position = match token {
            "-" => length,
            _ => array_index(token).ok_or_else(|| not_an_index(token))?,
        };
        if position > length {
            return Err(EditFault::BeyondEnd { length });
        }
        work.children(length - position)?;
        self.elements.insert(position, Element { origin: None, value: Some(value) });
        Ok(())
    }

    pub(crate) fn take(&mut self, token: &str, work: &mut Work) -> Result<Tree, EditFault> {
        let position = self.position(token)?;
        work.children(self.elements.len() - position)?;
        let element = self.elements.remove(position);
        let origin = element.origin.unwrap_or_default();
        Ok(element.value.unwrap_or_else(|| Tree::Closed(self.base.at(origin))))
    }

    pub(crate) fn shown_element(&self, token: &str) -> Option<Cow<'_, Tree>> {
        let element = self.elements.get(array_index(token)?)?;
        match (&element.value, element.origin) {
            (Some(value), _) => Some(Cow::Borrowed(value)),
            (None, origin) => Some(Cow::Owned(Tree::Closed(self.base.at(origin?)))),
        }
    }

    pub(crate) fn children(&self) -> usize {
        self.elements.len()
    }

    pub(crate) fn open_children(&self) -> impl Iterator<Item = &Tree> {
        self.elements.iter().filter_map(|element| element.value.as_ref())
    }

    /// Of an element that is there.
    fn position(&self, token: &str) -> Result<usize, EditFault> {
        let length = self.elements.len();
        let position = array_index(token).ok_or_else(|| not_an_index(token))?;
        if position < length { Ok(position) } else { Err(EditFault::BeyondEnd { length }) }
    }
}

fn not_an_index(token: &str) -> EditFault {
    EditFault::NotAnIndex(token.get(..token.floor_char_boundary(MAX_TOKEN)).unwrap_or_default().to_owned())
}
