//! What is asked for, against what is there: what starts, what is reproduced, what goes, what has to wait.
//! The policy says what is asked for, and puts the outcome into words.

use super::draft::Draft;
use super::item::Item;
use super::placing::NotPut;

/// One item that the result has.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    pub item: Item,
    /// The old object's list names it: it is no new injection.
    pub reproduced: bool,
    /// The request had it already, at its place.
    pub found: bool,
}

/// How the asked and the present came together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settled {
    /// What the result has.
    pub placed: Vec<Placed>,
    /// What was listed, and nobody asks for any more, or could no longer be carried: it is not in the result.
    pub dropped: Vec<Item>,
    /// Asked for, and it could not be put.
    pub refused: Vec<(Item, NotPut)>,
    /// Asked for; starts with the next change of the template.
    pub pending: Vec<Item>,
    /// Not asked for any more; goes with the next change of the template.
    pub leaving: Vec<Item>,
}

impl Settled {
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

impl Draft {
    /// Edits the template so that it has what is `wanted`, as far as that may happen now. Call it once per draft, in both
    /// phases: when validating, its edits tell what is missing.
    pub fn settle(&mut self, wanted: &[Item]) -> Settled {
        if self.template_changes() { self.renew(wanted) } else { self.reproduce(wanted) }
    }

    fn renew(&mut self, wanted: &[Item]) -> Settled {
        let mut settled = Settled::default();
        let listed = self.listed();
        for item in self.present() {
            if !wanted.iter().any(|other| same_slot(other, &item)) {
                self.take_out(&item);
            }
        }
        for item in wanted {
            let reproduced = listed.iter().any(|old| old.same(item));
            self.place(item, reproduced, &mut settled);
        }
        let stays = |old: &Item| settled.placed.iter().any(|placed| placed.item.same(old));
        settled.dropped = listed.iter().filter(|old| !stays(old)).cloned().collect();
        settled
    }

    fn reproduce(&mut self, wanted: &[Item]) -> Settled {
        let mut settled = Settled::default();
        let listed = self.listed();
        for item in &listed {
            self.place(item, true, &mut settled);
        }
        settled.pending = wanted.iter().filter(|item| !listed.iter().any(|old| old.same(item))).cloned().collect();
        settled.leaving = listed.iter().filter(|old| !wanted.iter().any(|item| item.same(old))).cloned().collect();
        settled
    }

    fn place(&mut self, item: &Item, reproduced: bool, settled: &mut Settled) {
        let found = self.has(item);
        match self.put(item) {
            Ok(()) => settled.placed.push(Placed { item: item.clone(), reproduced, found }),
            Err(error) => {
                self.take_out(item);
                settled.refused.push((item.clone(), error));
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
