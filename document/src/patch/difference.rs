//! From two documents to the operations that make one of the other: objects here, arrays in `array`.
//! Nothing is collected that would be longer than replacing what holds it, so work and memory stay in proportion.

use super::{Operation, operation_length};
use crate::document::Document;
use crate::node::{Index, NodeId, NodeKind};
use crate::pointer::{Pointer, push_token};
use crate::same::{Comparison, Numbers, is_one_text, is_whole, steps};

/// Arrays inside of each other in which more than one way is tried. Each takes the time of four.
const TRIED_LEVELS: u8 = 3;

pub(super) fn difference(before: &Document, after: &Document) -> Vec<Operation> {
    let mut difference = Difference {
        before,
        after,
        path: String::new(),
        operations: Vec::new(),
        work: before.limits().work,
        tried_levels: TRIED_LEVELS,
    };
    difference.value(before.root(), after.root(), usize::MAX);
    difference.operations
}

pub(super) struct Difference<'d> {
    before: &'d Document,
    after: &'d Document,
    /// Of the value that is compared.
    pub(super) path: String,
    pub(super) operations: Vec<Operation>,
    /// Steps that are left for making the patch smaller. At their end it is still a right one.
    pub(super) work: u64,
    pub(super) tried_levels: u8,
}

impl Difference<'_> {
    pub(super) fn before(&self) -> &Index {
        self.before.index()
    }

    pub(super) fn after(&self) -> &Index {
        self.after.index()
    }

    /// Adds the operations that make `after` of `before`, at most `most` bytes of them. Their bytes, or `None` where they
    /// are longer and none was added.
    pub(super) fn value(&mut self, before: NodeId, after: NodeId, most: usize) -> Option<usize> {
        let (one, other) = ((self.before(), before), (self.after(), after));
        let cost = steps(one, other);
        let is_one_text = is_one_text(one, other);
        self.work = self.work.saturating_sub(cost);
        if is_one_text {
            return Some(0);
        }
        let replaced = operation_length("replace", &self.path, Some(self.after().json_length(after)));
        let (kind, new_kind) = (self.before().node(before).kind, self.after().node(after).kind);
        let start = self.operations.len();
        let (below, may_replace) = match (kind, new_kind) {
            (NodeKind::Object, NodeKind::Object) => {
                let may_replace = !self.path.is_empty() && is_whole((self.before(), before));
                (self.members(before, after, if may_replace { most.min(replaced) } else { most }), may_replace)
            }
            (NodeKind::Array, NodeKind::Array) => {
                let may_replace = is_whole((self.before(), before));
                (self.elements(before, after, if may_replace { most.min(replaced) } else { most }), may_replace)
            }
            _ if self.is_same_scalar(before, after) => (Some(0), true),
            _ => (None, true),
        };
        if below.is_some() {
            return below;
        }
        self.operations.truncate(start);
        if !may_replace || replaced > most {
            return None;
        }
        let (path, value) = (self.pointer(), self.after.at(after));
        self.operations.push(Operation::Replace { path, value });
        Some(replaced)
    }

    fn members(&mut self, before: NodeId, after: NodeId, most: usize) -> Option<usize> {
        let (old, new) = (self.before, self.after);
        let mut bytes = 0;
        for member in old.index().children(before) {
            let key = old.index().key_text(&old.index().node(member).key);
            if new.index().member(after, &key).is_none() {
                bytes = self.within(&key, |this| this.removed(most - bytes)).map(|more| bytes + more)?;
            }
        }
        for member in new.index().children(after) {
            let key = new.index().key_text(&new.index().node(member).key);
            let counterpart = old.index().member(before, &key);
            let changed = self.within(&key, |this| match counterpart {
                Some(counterpart) => this.value(counterpart, member, most - bytes),
                None => this.added(member, most - bytes),
            });
            bytes += changed?;
        }
        Some(bytes)
    }

    /// An operation `remove` of the present path.
    pub(super) fn removed(&mut self, most: usize) -> Option<usize> {
        let bytes = operation_length("remove", &self.path, None);
        let path = (bytes <= most).then(|| self.pointer())?;
        self.operations.push(Operation::Remove { path });
        Some(bytes)
    }

    /// An operation `add` at the present path.
    pub(super) fn added(&mut self, after: NodeId, most: usize) -> Option<usize> {
        let bytes = operation_length("add", &self.path, Some(self.after().json_length(after)));
        let path = (bytes <= most).then(|| self.pointer())?;
        self.operations.push(Operation::Add { path, value: self.after.at(after) });
        Some(bytes)
    }

    /// Whether two values are the same to the last number. Not known, and so `false`, when the work is used up.
    pub(super) fn is_same(&mut self, before: NodeId, after: NodeId) -> bool {
        let (old, new) = (self.before, self.after);
        let mut comparison = Comparison { numbers: Numbers::ByText, work: &mut self.work };
        comparison.same((old.index(), before), (new.index(), after)).unwrap_or_default()
    }

    /// Of values that are not both arrays or both objects. Takes no work: that must be found in any case.
    fn is_same_scalar(&self, before: NodeId, after: NodeId) -> bool {
        let mut work = u64::MAX;
        let mut comparison = Comparison { numbers: Numbers::ByText, work: &mut work };
        comparison.same((self.before(), before), (self.after(), after)).unwrap_or_default()
    }

    fn within<T>(&mut self, key: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        push_token(&mut self.path, key);
        let result = run(self);
        self.path.truncate(length);
        result
    }

    fn pointer(&self) -> Pointer<'static> {
        Pointer::made(self.path.clone())
    }
}
