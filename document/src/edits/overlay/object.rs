//! An object of which a member changes: the members that it had, each as it is now, and those that were added.
//! Keeps the order of the document; a member that comes back stands where it stood.

use std::borrow::Cow;

use super::{Missing, Tree};
use crate::document::Document;
use crate::node::NodeId;

#[derive(Debug, Clone)]
pub(crate) struct OpenObject {
    /// The object as it was.
    pub(crate) base: Document,
    /// By their entries, which ascend.
    pub(crate) members: Vec<(NodeId, Member)>,
    /// In the order in which they came. At most one for each operation, so a walk over them is short.
    pub(crate) added: Vec<(String, Tree)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Member {
    AsItWas,
    Removed,
    Changed(Tree),
}

impl OpenObject {
    /// `base` is an object.
    pub(crate) fn of(base: Document) -> Self {
        let members = base.index().children(base.root()).map(|member| (member, Member::AsItWas)).collect();
        Self { base, members, added: Vec::new() }
    }

    /// The member to work on, from now on open to change.
    pub(crate) fn member(&mut self, key: &str, missing: Missing) -> Option<&mut Tree> {
        if !self.holds(key) {
            if missing == Missing::Refused {
                return None;
            }
            self.put(key, Tree::Closed(Document::empty_object()));
        }
        let Some((at, _)) = self.position(key) else {
            return self.added.iter_mut().find(|(other, _)| other == key).map(|(_, value)| value);
        };
        let (id, member) = self.members.get_mut(at)?;
        if let Member::AsItWas = member {
            *member = Member::Changed(Tree::Closed(self.base.at(*id)));
        }
        match member {
            Member::Changed(value) => Some(value),
            Member::AsItWas | Member::Removed => None,
        }
    }

    pub(crate) fn holds(&self, key: &str) -> bool {
        match self.position(key) {
            Some((_, member)) => !matches!(member, Member::Removed),
            None => self.added.iter().any(|(other, _)| other == key),
        }
    }

    /// Puts the member in place of the one with this key, or adds it.
    pub(crate) fn put(&mut self, key: &str, value: Tree) {
        let at = self.position(key).map(|(at, _)| at);
        if let Some((_, member)) = at.and_then(|at| self.members.get_mut(at)) {
            *member = Member::Changed(value);
        } else if let Some((_, present)) = self.added.iter_mut().find(|(other, _)| other == key) {
            *present = value;
        } else {
            self.added.push((key.to_owned(), value));
        }
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Tree> {
        let Some((at, _)) = self.position(key) else {
            let at = self.added.iter().position(|(other, _)| other == key)?;
            return Some(self.added.remove(at).1);
        };
        let (id, member) = self.members.get_mut(at)?;
        match std::mem::replace(member, Member::Removed) {
            Member::AsItWas => Some(Tree::Closed(self.base.at(*id))),
            Member::Changed(value) => Some(value),
            Member::Removed => None,
        }
    }

    pub(crate) fn shown_member(&self, key: &str) -> Option<Cow<'_, Tree>> {
        let Some((at, member)) = self.position(key) else {
            return self.added.iter().find(|(other, _)| other == key).map(|(_, value)| Cow::Borrowed(value));
        };
        match member {
            Member::AsItWas => self.members.get(at).map(|(id, _)| Cow::Owned(Tree::Closed(self.base.at(*id)))),
            Member::Changed(value) => Some(Cow::Borrowed(value)),
            Member::Removed => None,
        }
    }

    pub(crate) fn children(&self) -> usize {
        self.members.len() + self.added.len()
    }

    pub(crate) fn open_children(&self) -> impl Iterator<Item = &Tree> {
        let changed = self.members.iter().filter_map(|(_, member)| match member {
            Member::Changed(value) => Some(value),
            Member::AsItWas | Member::Removed => None,
        });
        changed.chain(self.added.iter().map(|(_, value)| value))
    }

    /// Of a member that the object had, removed or not.
    fn position(&self, key: &str) -> Option<(usize, &Member)> {
        let id = self.base.index().member(self.base.root(), key)?;
        let at = self.members.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.members.get(at).map(|(_, member)| (at, member))
    }
}
