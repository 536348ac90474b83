//! The index: one entry for each value, in the order of the text, and how to go from one to its children.
//! Does not interpret what the entries stand for.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use crate::fingerprint::fingerprint;
use crate::limits::Limits;
use crate::pointer::array_index;
use crate::text;

/// Position of an entry in [`Index::nodes`].
pub(crate) type NodeId = u32;

/// Children above which a container has a table; up to here a walk over the siblings is as fast.
pub(crate) const SMALL: u32 = 16;

/// Of a container that has no table.
pub(crate) const NO_TABLE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Null,
    True,
    False,
    Number,
    /// Without a backslash: what stands between the quotes is the text.
    PlainString,
    EscapedString,
    Array,
    Object,
    /// A member that is not in the document. It has no children, and every walk passes over it.
    LeftOut,
}

/// A kind of value that has children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Array,
    Object,
}

impl NodeKind {
    /// `None` for a scalar, and for what is left out.
    pub(crate) fn container(self) -> Option<Container> {
        match self {
            Self::Array => Some(Container::Array),
            Self::Object => Some(Container::Object),
            Self::Null
            | Self::True
            | Self::False
            | Self::Number
            | Self::PlainString
            | Self::EscapedString
            | Self::LeftOut => None,
        }
    }
}

/// One value. Positions are bytes of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    /// First byte of the value.
    pub(crate) start: u32,
    /// The byte after its last one.
    pub(crate) end: u32,
    pub(crate) key: Key,
    /// Elements or members.
    pub(crate) children: u32,
    /// The next sibling, or what follows the last one: the first entry that is not below this one.
    pub(crate) next: NodeId,
    /// Where its children stand in [`Index::tables`].
    pub(crate) table: u32,
    pub(crate) kind: NodeKind,
}

/// The key of a member. An element has [`Key::NONE`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The byte after its opening quote.
    pub(crate) start: u32,
    /// Bytes between the quotes.
    pub(crate) length: u32,
    /// Of the decoded text.
    pub(crate) fingerprint: u32,
    pub(crate) escaped: bool,
}

impl Key {
    pub(crate) const NONE: Self = Self { start: 0, length: 0, fingerprint: 0, escaped: false };
}

/// What an id that is in no index would stand for: there is none, and nothing panics if there were.
static NOTHING: Node =
    Node { start: 0, end: 0, key: Key::NONE, children: 0, next: 0, table: NO_TABLE, kind: NodeKind::LeftOut };

/// A range of bytes that is not in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) text: Arc<str>,
    pub(crate) nodes: Vec<Node>,
    /// The children of each container that has more than [`SMALL`]: elements in their order, members by fingerprint and
    /// text.
    pub(crate) tables: Vec<NodeId>,
    /// In the order of the text; they do not overlap.
    pub(crate) cuts: Vec<Cut>,
    pub(crate) limits: Limits,
}

impl Index {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&NOTHING)
    }

    /// The children that are in the document, in its order.
    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.node(id).next;
        let mut at = id.saturating_add(1);
        std::iter::from_fn(move || {
            while at < end {
                let (child, node) = (at, self.node(at));
                // Never backwards: the walk ends whatever the entries say.
                at = node.next.max(child.saturating_add(1));
                if node.kind != NodeKind::LeftOut {
                    return Some(child);
                }
            }
            None
        })
    }

    /// The child that a token of a pointer names.
    pub(crate) fn child(&self, id: NodeId, token: &str) -> Option<NodeId> {
        match self.node(id).kind.container()? {
            Container::Object => self.member(id, token),
            Container::Array => self.element(id, array_index(token)?),
        }
    }

    /// The member of an object with this key.
    pub(crate) fn member(&self, object: NodeId, key: &str) -> Option<NodeId> {
        let wanted = fingerprint(key.as_bytes());
        let Some(table) = self.table(object) else {
            return self.children(object).find(|child| {
                let found = &self.node(*child).key;
                found.fingerprint == wanted && self.key_is(found, key)
            });
        };
        let order = |child: &NodeId| {
            let found = &self.node(*child).key;
            found.fingerprint.cmp(&wanted).then_with(|| self.key_text(found).as_ref().cmp(key))
        };
        let at = table.partition_point(|child| order(child) == Ordering::Less);
        table.get(at).copied().filter(|child| order(child) == Ordering::Equal)
    }

    /// The element of an array at this position.
    pub(crate) fn element(&self, array: NodeId, position: usize) -> Option<NodeId> {
        match self.table(array) {
            Some(table) => table.get(position).copied(),
            None => self.children(array).nth(position),
        }
    }

    /// The decoded key.
    pub(crate) fn key_text(&self, key: &Key) -> Cow<'_, str> {
        let raw = self.slice(key.start, key.start.saturating_add(key.length));
        if key.escaped { text::decoded(raw) } else { Cow::Borrowed(raw) }
    }

    /// The decoded string of a value; `None` for other kinds.
    pub(crate) fn string(&self, id: NodeId) -> Option<Cow<'_, str>> {
        let node = self.node(id);
        let between = || self.slice(node.start.saturating_add(1), node.end.saturating_sub(1));
        match node.kind {
            NodeKind::PlainString => Some(Cow::Borrowed(between())),
            NodeKind::EscapedString => Some(text::decoded(between())),
            NodeKind::Null
            | NodeKind::True
            | NodeKind::False
            | NodeKind::Number
            | NodeKind::Array
            | NodeKind::Object
            | NodeKind::LeftOut => None,
        }
    }

    /// The text of a value as it was sent, with what was left out still in it.
    pub(crate) fn source(&self, id: NodeId) -> &str {
        let node = self.node(id);
        self.slice(node.start, node.end)
    }

    /// The text between two positions.
    pub(crate) fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// What was left out between two positions, in order.
    pub(crate) fn cuts_between(&self, start: u32, end: u32) -> &[Cut] {
        let first = self.cuts.partition_point(|cut| cut.start < start);
        let last = self.cuts.partition_point(|cut| cut.start < end);
        self.cuts.get(first..last).unwrap_or_default()
    }

    /// The text between two positions without what was left out, piece by piece.
    pub(crate) fn pieces(&self, start: u32, end: u32) -> impl Iterator<Item = &str> {
        let cuts = self.cuts_between(start, end);
        let starts = std::iter::once(start).chain(cuts.iter().map(|cut| cut.end));
        let ends = cuts.iter().map(|cut| cut.start).chain(std::iter::once(end));
        starts.zip(ends).map(|(start, end)| self.slice(start, end))
    }

    fn table(&self, id: NodeId) -> Option<&[NodeId]> {
        let node = self.node(id);
        if node.table == NO_TABLE {
            return None;
        }
        let start = node.table as usize;
        self.tables.get(start..start.saturating_add(node.children as usize))
    }

    fn key_is(&self, key: &Key, wanted: &str) -> bool {
        if key.escaped {
            return self.key_text(key) == wanted;
        }
        key.length as usize == wanted.len() && self.slice(key.start, key.start.saturating_add(key.length)) == wanted
    }
}
