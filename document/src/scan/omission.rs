//! Which members are not in the document, and which bytes of its text go with each, so that what stays is JSON.
//! An element of an array is never left out: those behind it would move.

use crate::node::Cut;
use crate::pointer::{Pattern, PatternToken};

pub(super) struct Omission<'t> {
    patterns: Vec<Vec<PatternToken<'t>>>,
    /// The open containers that a pattern leads into or ends in, the outermost first.
    levels: Vec<Level>,
    /// Their patterns, one container behind the other.
    live: Vec<usize>,
    pub(super) cuts: Vec<Cut>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    /// Where its patterns begin in `live`.
    first: usize,
    /// Whether a member before the present one stays.
    has_kept: bool,
    /// The opening quote of the present member's key.
    member: u32,
    /// The byte behind the last member.
    last_end: u32,
    /// A cut that ends where the next member begins, or with the last one.
    open_cut: Option<u32>,
}

impl<'t> Omission<'t> {
    pub(super) fn new(without: &'t [Pattern<'t>]) -> Self {
        let patterns = without.iter().map(|pattern| pattern.tokens().collect()).collect();
        Self { patterns, levels: Vec::new(), live: Vec::new(), cuts: Vec::new() }
    }

    /// The outermost container opens. Whether it is watched: all that follows is called for such ones only.
    pub(super) fn open_outermost(&mut self) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        self.live.extend(0..self.patterns.len());
        self.levels.push(Level::default());
        true
    }

    /// A container at `depth` tokens opens, which stands in the innermost watched one as `token`. Whether it is watched.
    pub(super) fn open(&mut self, depth: usize, token: &str) -> bool {
        let (start, end) = (self.levels.last().map_or(0, |level| level.first), self.live.len());
        for candidate in start..end {
            if let Some(pattern) = self.live.get(candidate).copied()
                && self.leads(pattern, depth, token)
            {
                self.live.push(pattern);
            }
        }
        let is_watched = self.live.len() > end;
        if is_watched {
            self.levels.push(Level { first: end, ..Level::default() });
        }
        is_watched
    }

    fn leads(&self, pattern: usize, depth: usize, token: &str) -> bool {
        self.patterns.get(pattern).is_some_and(|tokens| {
            tokens.len() > depth && tokens.get(depth - 1).is_some_and(|wanted| matches(wanted, token))
        })
    }

    /// A member begins at its opening quote, in a container at `depth` tokens. Whether it is to be left out.
    pub(super) fn begin_member(&mut self, depth: usize, quote: u32, key: &str) -> bool {
        let Some(level) = self.levels.last_mut() else { return false };
        level.member = quote;
        if let Some(start) = level.open_cut.take() {
            self.cuts.push(Cut { start, end: quote });
        }
        let live = self.live.get(level.first..).unwrap_or_default();
        live.iter()
            .filter_map(|pattern| self.patterns.get(*pattern))
            .any(|tokens| tokens.len() == depth + 1 && tokens.last().is_some_and(|wanted| matches(wanted, key)))
    }

    /// The present member ends before `end`. With the one that goes, the comma goes that stands before it; where nothing
    /// before it stays, the one behind it.
    pub(super) fn end_of_member(&mut self, end: u32, is_left_out: bool) {
        let Some(level) = self.levels.last_mut() else { return };
        match (is_left_out, level.has_kept) {
            (true, true) => self.cuts.push(Cut { start: level.last_end, end }),
            (true, false) => level.open_cut = Some(level.member),
            (false, _) => level.has_kept = true,
        }
        level.last_end = end;
    }

    pub(super) fn close(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        if let Some(start) = level.open_cut {
            self.cuts.push(Cut { start, end: level.last_end });
        }
        self.live.truncate(level.first);
    }
}

fn matches(wanted: &PatternToken<'_>, token: &str) -> bool {
    match wanted {
        PatternToken::Any => true,
        PatternToken::Exactly(text) => text == token,
    }
}
