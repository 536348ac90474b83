//! From the overlay to the text of the edited document.
//! What stood between two values that are still neighbours is copied too, so that an edit changes what it must.

use super::overlay::Tree;
use super::overlay::array::OpenArray;
use super::overlay::object::{Member, OpenObject};
use crate::document::Document;
use crate::node::NodeId;
use crate::text::push_quoted;

/// The text; `None` where it has more than `most` bytes.
pub(super) fn rendered(tree: &Tree, most: usize) -> Option<String> {
    let mut writer = Writer { text: String::new(), most };
    writer.tree(tree)?;
    Some(writer.text)
}

struct Writer {
    text: String,
    most: usize,
}

/// How far the text of a container has been copied.
struct Copied<'d> {
    base: &'d Document,
    /// Bytes of the base that are written.
    end: u32,
    /// Whether that is all of the base so far, so that what follows may be copied too.
    is_unbroken: bool,
    is_first: bool,
}

impl<'d> Copied<'d> {
    fn nothing(base: &'d Document) -> Self {
        Self { base, end: base.index().node(base.root()).start, is_unbroken: true, is_first: true }
    }
}

impl Writer {
    fn tree(&mut self, tree: &Tree) -> Option<()> {
        match tree {
            Tree::Closed(document) => self.base_value(document, document.root()),
            Tree::Object(object) => self.object(object),
            Tree::Array(array) => self.array(array),
        }
    }

    fn object(&mut self, object: &OpenObject) -> Option<()> {
        let mut copied = Copied::nothing(&object.base);
        for (id, member) in &object.members {
            let node = object.base.index().node(*id);
            if let Member::Removed = member {
                copied.is_unbroken = false;
                continue;
            }
            // The opening quote of the key.
            self.before_child(&mut copied, "{", *id, node.key.start.saturating_sub(1))?;
            match member {
                Member::Changed(value) => self.tree(value)?,
                Member::AsItWas | Member::Removed => self.base_value(&object.base, *id)?,
            }
        }
        for (key, value) in &object.added {
            self.push(if copied.is_first { "{" } else { "," })?;
            (copied.is_first, copied.is_unbroken) = (false, false);
            push_quoted(&mut self.text, key);
            self.push(":")?;
            self.tree(value)?;
        }
        self.end(&copied, "{}", "}")
    }

    fn array(&mut self, array: &OpenArray) -> Option<()> {
        let index = array.base.index();
        let mut copied = Copied::nothing(&array.base);
        let mut next = array.base.root().saturating_add(1);
        for element in &array.elements {
            match element.origin {
                Some(id) => {
                    // Elements before it were removed.
                    copied.is_unbroken &= id == next;
                    next = index.node(id).next;
                    self.before_child(&mut copied, "[", id, index.node(id).start)?;
                }
                None => {
                    self.push(if copied.is_first { "[" } else { "," })?;
                    (copied.is_first, copied.is_unbroken) = (false, false);
                }
            }
            match (&element.value, element.origin) {
                (Some(value), _) => self.tree(value)?,
                (None, origin) => self.base_value(&array.base, origin.unwrap_or_default())?,
            }
        }
        copied.is_unbroken &= next == index.node(array.base.root()).next;
        self.end(&copied, "[]", "]")
    }

    /// What stands before the value of a child that the container had: all that stood there, or a separator and, from
    /// `own_start` on, the child's own text.
    fn before_child(&mut self, copied: &mut Copied<'_>, open: &str, id: NodeId, own_start: u32) -> Option<()> {
        let node = copied.base.index().node(id);
        if copied.is_unbroken {
            self.copy(copied.base, copied.end, node.start)?;
        } else {
            self.push(if copied.is_first { open } else { "," })?;
            self.copy(copied.base, own_start, node.start)?;
        }
        (copied.end, copied.is_unbroken, copied.is_first) = (node.end, true, false);
        Some(())
    }

    fn end(&mut self, copied: &Copied<'_>, empty: &str, close: &str) -> Option<()> {
        if copied.is_unbroken {
            return self.copy(copied.base, copied.end, copied.base.index().node(copied.base.root()).end);
        }
        self.push(if copied.is_first { empty } else { close })
    }

    fn base_value(&mut self, base: &Document, id: NodeId) -> Option<()> {
        let node = base.index().node(id);
        self.copy(base, node.start, node.end)
    }

    fn copy(&mut self, base: &Document, start: u32, end: u32) -> Option<()> {
        base.index().pieces(start, end).try_for_each(|piece| self.push(piece))
    }

    fn push(&mut self, text: &str) -> Option<()> {
        if self.text.len() + text.len() > self.most {
            return None;
        }
        self.text.push_str(text);
        Some(())
    }
}
