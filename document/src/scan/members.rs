//! The children of a container that is being closed: no key twice, and a table where there are many.
//! Sorts instead of hashing, so that no chosen keys make it slow.

use std::borrow::Cow;

use super::{Checked, Fault, Frame, Scanner};
use crate::node::{Key, NO_TABLE, NodeId, NodeKind, SMALL};
use crate::text;

impl<'t> Scanner<'t> {
    /// The container's table, or [`NO_TABLE`] where it is small.
    ///
    /// # Errors
    /// The first member whose key is that of one before it.
    pub(super) fn children_of(&mut self, frame: &Frame) -> Checked<u32> {
        if frame.count <= SMALL {
            return if frame.is_object && frame.may_repeat { self.check_few(frame) } else { Ok(NO_TABLE) };
        }
        let ids: Vec<NodeId> = self.siblings(frame).collect();
        let ids = if frame.is_object { self.sorted(ids)? } else { ids };
        let start = self.tables.len() as u32;
        let nodes = &self.nodes;
        let kept = |id: &NodeId| nodes.get(*id as usize).is_some_and(|node| node.kind != NodeKind::LeftOut);
        self.tables.extend(ids.into_iter().filter(kept));
        Ok(start)
    }

    /// All children, those too that are left out.
    fn siblings(&self, frame: &Frame) -> impl Iterator<Item = NodeId> {
        let mut at = frame.node + 1;
        std::iter::from_fn(move || {
            let node = self.nodes.get(at as usize)?;
            Some(std::mem::replace(&mut at, node.next))
        })
    }

    fn check_few(&mut self, frame: &Frame) -> Checked<u32> {
        let is_repeated = |id: &NodeId| {
            let key = self.key_of(*id);
            let before = self.siblings(frame).take_while(|other| other < id);
            let mut alike = before.filter(|other| self.key_of(*other).fingerprint == key.fingerprint);
            alike.any(|other| self.key_text(other) == self.key_text(*id))
        };
        let repeated = self.siblings(frame).find(is_repeated);
        repeated.map_or(Ok(NO_TABLE), |id| Err(self.stop(Fault::Duplicate(id))))
    }

    /// Members by fingerprint, those of one fingerprint by text.
    fn sorted(&mut self, ids: Vec<NodeId>) -> Checked<Vec<NodeId>> {
        let mut keyed: Vec<(u32, NodeId)> = ids.into_iter().map(|id| (self.key_of(id).fingerprint, id)).collect();
        keyed.sort_unstable();
        let mut first_repeated = None;
        for alike in keyed.chunk_by_mut(|one, other| one.0 == other.0).filter(|alike| alike.len() > 1) {
            // Each key is decoded once, not once for each comparison.
            let mut texts: Vec<(Cow<'_, str>, u32, NodeId)> =
                alike.iter().map(|(number, id)| (self.key_text(*id), *number, *id)).collect();
            texts.sort_unstable();
            for pair in texts.windows(2) {
                if let [one, other] = pair
                    && one.0 == other.0
                {
                    first_repeated = Some(first_repeated.map_or(other.2, |first: NodeId| first.min(other.2)));
                }
            }
            for (place, (_, number, id)) in alike.iter_mut().zip(&texts) {
                *place = (*number, *id);
            }
        }
        match first_repeated {
            Some(id) => Err(self.stop(Fault::Duplicate(id))),
            None => Ok(keyed.into_iter().map(|(_, id)| id).collect()),
        }
    }

    pub(super) fn key_of(&self, id: NodeId) -> Key {
        self.nodes.get(id as usize).map_or(Key::NONE, |node| node.key)
    }

    pub(super) fn key_text(&self, id: NodeId) -> Cow<'t, str> {
        self.decoded_key(&self.key_of(id))
    }

    pub(super) fn decoded_key(&self, key: &Key) -> Cow<'t, str> {
        let (text, start) = (self.text, key.start as usize);
        text::decoded(text.get(start..start + key.length as usize).unwrap_or_default())
    }
}
