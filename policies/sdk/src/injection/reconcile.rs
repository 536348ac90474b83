//! What is asked for, against what is there: what starts, what is reproduced, what goes, what has to wait.
//! The policy says what is asked for, and puts the outcome into words.

use super::injection_list::InsertError;
use super::item::Item;
use super::template_editor::TemplateEditor;

/// One item that the result has.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedItem {
    pub item: Item,
    /// The old object's list names it: it is no new injection.
    pub reproduced: bool,
    /// The request had it already, at its place.
    pub found: bool,
}

/// How the asked and the present came together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reconciled {
    /// What the result has.
    pub placed: Vec<PlacedItem>,
    /// What was listed, and nobody asks for any more, or could no longer be carried: it is not in the result.
    pub dropped: Vec<Item>,
    /// Asked for, and it could not be put.
    pub refused: Vec<(Item, InsertError)>,
    /// Asked for; starts with the next change of the template.
    pub pending: Vec<Item>,
    /// Not asked for any more; goes with the next change of the template.
    pub leaving: Vec<Item>,
}

impl Reconciled {
    /// Items that this request starts.
    pub fn started(&self) -> impl Iterator<Item = &Item> {
        self.placed.iter().filter(|placed| !placed.reproduced).map(|placed| &placed.item)
    }

    /// When validating: what should have been reproduced, and is not in what came out.
    pub fn lost(&self) -> impl Iterator<Item = &Item> {
        self.placed.iter().filter(|placed| placed.reproduced && !placed.found).map(|placed| &placed.item)
    }

    /// When validating: what should have started with this request, and is not in what came out.
    pub fn not_started(&self) -> impl Iterator<Item = &Item> {
        self.placed.iter().filter(|placed| !placed.reproduced && !placed.found).map(|placed| &placed.item)
    }
}

impl TemplateEditor {
    /// Edits the template so that it has what is `wanted`, as far as that may happen now. Call it once per draft, in both
    /// phases: when validating, its edits tell what is missing.
    pub fn reconcile(&mut self, wanted: &[Item]) -> Reconciled {
        if self.template_changes() { self.renew(wanted) } else { self.reproduce(wanted) }
    }

    fn renew(&mut self, wanted: &[Item]) -> Reconciled {
        let mut reconciled = Reconciled::default();
        let listed = self.listed();
        for item in self.present() {
            if !wanted.iter().any(|other| same_slot(other, &item)) {
                self.take_out(&item);
            }
        }
        for item in wanted {
            let reproduced = listed.iter().any(|old| old.same(item));
            self.place(item, reproduced, &mut reconciled);
        }
        let stays = |old: &Item| reconciled.placed.iter().any(|placed| placed.item.same(old));
        reconciled.dropped = listed.iter().filter(|old| !stays(old)).cloned().collect();
        reconciled
    }

    fn reproduce(&mut self, wanted: &[Item]) -> Reconciled {
        let mut reconciled = Reconciled::default();
        let listed = self.listed();
        for item in &listed {
            self.place(item, true, &mut reconciled);
        }
        reconciled.pending = wanted.iter().filter(|item| !listed.iter().any(|old| old.same(item))).cloned().collect();
        reconciled.leaving = listed.iter().filter(|old| !wanted.iter().any(|item| item.same(old))).cloned().collect();
        reconciled
    }

    fn place(&mut self, item: &Item, reproduced: bool, reconciled: &mut Reconciled) {
        let found = self.has(item);
        match self.put(item) {
            Ok(()) => reconciled.placed.push(PlacedItem { item: item.clone(), reproduced, found }),
            Err(error) => {
                self.take_out(item);
                reconciled.refused.push((item.clone(), error));
            }
        }
    }
}

/// Putting the one replaces the other.
fn same_slot(left: &Item, right: &Item) -> bool {
    match (left, right) {
        (Item::Grace { .. }, Item::Grace { .. }) => true,
        (Item::Volume { content: a }, Item::Volume { content: b }) => a.get("name") == b.get("name"),
        (Item::Mount { container: a, content: x }, Item::Mount { container: b, content: y }) => {
            a == b && x.get("mountPath") == y.get("mountPath") && x.get("name") == y.get("name")
        }
        _ => left == right,
    }
}
