//! The operations between two arrays: what is the same at both ends stays, the rest is patched in the shortest way tried.
//! Positions are those at the time of each operation: stretches are patched from the last one to the first.

use std::ops::Range;

use super::Operation;
use super::difference::Difference;
use crate::node::NodeId;
use crate::pointer::push_index;

/// Pairs of elements up to which equal ones are looked for: 64 elements against 64.
const MAX_PAIRS: usize = 4096;

/// A stretch of elements that are not the same, between elements that are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    before: Range<usize>,
    after: Range<usize>,
}

/// Which elements of a stretch belong together where one side has more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aligned {
    AtStart,
    AtEnd,
}

impl Difference<'_> {
    /// As `value`, of two arrays.
    pub(super) fn elements(&mut self, before: NodeId, after: NodeId, most: usize) -> Option<usize> {
        let old: Vec<NodeId> = self.before().children(before).collect();
        let new: Vec<NodeId> = self.after().children(after).collect();
        let shorter = old.len().min(new.len());
        let same = |this: &mut Self, pair: (&NodeId, &NodeId)| this.is_same(*pair.0, *pair.1);
        let head = old.iter().zip(&new).take_while(|pair| same(self, *pair)).count();
        let backwards = old.iter().rev().zip(new.iter().rev()).take(shorter - head);
        let tail = backwards.take_while(|pair| same(self, *pair)).count();
        let middle = Stretch { before: head..old.len() - tail, after: head..new.len() - tail };
        if middle.before.is_empty() && middle.after.is_empty() {
            return Some(0);
        }
        let mut shortest: Option<(usize, Vec<Operation>)> = None;
        let start = self.operations.len();
        let level = self.tried_levels;
        let ways = self.ways(&old, &new, middle);
        self.tried_levels = level.saturating_sub(1);
        for (stretches, aligned) in ways {
            // Only what is shorter than the shortest so far is of use.
            let most = shortest.as_ref().map_or(most, |(bytes, _)| bytes.saturating_sub(1));
            let bytes = self.stretches(&old, &new, &stretches, aligned, most);
            let operations = self.operations.split_off(start);
            if let Some(bytes) = bytes {
                shortest = Some((bytes, operations));
            }
        }
        self.tried_levels = level;
        let (bytes, operations) = shortest?;
        self.operations.extend(operations);
        Some(bytes)
    }

    /// The ways to try, of which each is right.
    fn ways(&mut self, old: &[NodeId], new: &[NodeId], middle: Stretch) -> Vec<(Vec<Stretch>, Aligned)> {
        let stretches = self.between_equals(old, new, &middle);
        let is_cut = stretches.len() != 1;
        if self.tried_levels == 0 || self.work == 0 {
            return vec![(stretches, Aligned::AtStart)];
        }
        let mut ways = Vec::new();
        for stretches in [Some(stretches), is_cut.then(|| vec![middle])].into_iter().flatten() {
            let is_uneven = stretches.iter().any(is_uneven);
            ways.push((stretches.clone(), Aligned::AtStart));
            if is_uneven {
                ways.push((stretches, Aligned::AtEnd));
            }
        }
        ways
    }

    /// The middle, cut at the elements of a longest common subsequence. Whole, where it is too long to look for one.
    fn between_equals(&mut self, old: &[NodeId], new: &[NodeId], middle: &Stretch) -> Vec<Stretch> {
        let (rows, columns) = (middle.before.len(), middle.after.len());
        if rows.saturating_mul(columns) > MAX_PAIRS || self.work == 0 {
            return vec![middle.clone()];
        }
        let mut equal = vec![false; rows * columns];
        for (cell, is_equal) in equal.iter_mut().enumerate() {
            let (row, column) = (cell / columns, cell % columns);
            let pair = (old.get(middle.before.start + row), new.get(middle.after.start + column));
            *is_equal = matches!(pair, (Some(old), Some(new)) if self.is_same(*old, *new));
        }
        let mut stretches = Vec::new();
        let mut from = (0, 0);
        let ends = common_subsequence(&equal, rows, columns);
        for (row, column) in ends.into_iter().chain([(rows, columns)]) {
            let before = middle.before.start + from.0..middle.before.start + row;
            let after = middle.after.start + from.1..middle.after.start + column;
            if !before.is_empty() || !after.is_empty() {
                stretches.push(Stretch { before, after });
            }
            from = (row + 1, column + 1);
        }
        stretches
    }

    fn stretches(
        &mut self,
        old: &[NodeId],
        new: &[NodeId],
        stretches: &[Stretch],
        aligned: Aligned,
        most: usize,
    ) -> Option<usize> {
        let mut bytes = 0;
        for stretch in stretches.iter().rev() {
            let (old, new) = (old.get(stretch.before.clone())?, new.get(stretch.after.clone())?);
            bytes += self.stretch(old, new, stretch.before.start, aligned, most - bytes)?;
        }
        Some(bytes)
    }

    /// `old` begins at `position`.
    fn stretch(
        &mut self,
        old: &[NodeId],
        new: &[NodeId],
        position: usize,
        aligned: Aligned,
        most: usize,
    ) -> Option<usize> {
        let pairs = old.len().min(new.len());
        let (old_more, new_more) = (old.len() - pairs, new.len() - pairs);
        let (old_skip, new_skip) = if aligned == Aligned::AtEnd { (old_more, new_more) } else { (0, 0) };
        let mut bytes = 0;
        for (offset, (old, new)) in old.iter().skip(old_skip).zip(new.iter().skip(new_skip)).enumerate() {
            let at = position + old_skip + offset;
            bytes += self.at(at, |this| this.value(*old, *new, most - bytes))?;
        }
        let rest = if aligned == Aligned::AtEnd { position } else { position + pairs };
        for _ in 0..old_more {
            bytes += self.at(rest, |this| this.removed(most - bytes))?;
        }
        let added = new.iter().skip(if aligned == Aligned::AtEnd { 0 } else { pairs }).take(new_more);
        for (offset, element) in added.enumerate() {
            bytes += self.at(rest + offset, |this| this.added(*element, most - bytes))?;
        }
        Some(bytes)
    }

    fn at<T>(&mut self, position: usize, run: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        push_index(&mut self.path, position);
        let result = run(self);
        self.path.truncate(length);
        result
    }
}

fn is_uneven(stretch: &Stretch) -> bool {
    let (before, after) = (stretch.before.len(), stretch.after.len());
    before != after && before > 0 && after > 0
}

/// The pairs of a longest common subsequence, in order. `equal` has a row for each element before.
fn common_subsequence(equal: &[bool], rows: usize, columns: usize) -> Vec<(usize, usize)> {
    let is_equal = |row: usize, column: usize| equal.get(row * columns + column).copied().unwrap_or_default();
    // The length that is still to come from each pair on, with an empty row and column at the end.
    let width = columns + 1;
    let mut lengths = vec![0_u16; (rows + 1) * width];
    let length = |lengths: &[u16], row: usize, column: usize| lengths.get(row * width + column).copied().unwrap_or(0);
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let best = if is_equal(row, column) {
                length(&lengths, row + 1, column + 1) + 1
            } else {
                length(&lengths, row + 1, column).max(length(&lengths, row, column + 1))
            };
            if let Some(cell) = lengths.get_mut(row * width + column) {
                *cell = best;
            }
        }
    }
    let (mut row, mut column, mut pairs) = (0, 0, Vec::new());
    while row < rows && column < columns {
        if is_equal(row, column) {
            pairs.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if length(&lengths, row + 1, column) >= length(&lengths, row, column + 1) {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}
