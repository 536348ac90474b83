//! A set of ordinals, kept as ranges: a manifest may ask for two billion replicas, and nothing here may count them one by one.

use std::fmt;
use std::ops::Range;

/// Ordinals of pods, in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ordinals {
    /// Ascending, none empty, none touching the next.
    ranges: Vec<Range<u32>>,
}

impl Ordinals {
    /// `count` ordinals from `first` on.
    pub fn first(first: u32, count: u32) -> Self {
        Ordinals::from(first..first.saturating_add(count))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.ranges.iter().fold(0, |sum, range| sum.saturating_add(range.end - range.start))
    }

    /// Whether this is one of them.
    pub fn contains(&self, ordinal: u32) -> bool {
        self.ranges.iter().any(|range| range.contains(&ordinal))
    }

    /// None where there is none.
    pub fn lowest(&self) -> Option<u32> {
        self.ranges.first().map(|range| range.start)
    }

    /// None where there is none.
    pub fn highest(&self) -> Option<u32> {
        self.ranges.last().map(|range| range.end - 1)
    }

    /// Lowest and highest of each run without a gap.
    pub fn runs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.ranges.iter().map(|range| (range.start, range.end - 1))
    }

    /// Each of them, from the lowest on. There may be billions: take some.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(Range::clone)
    }

    /// Those that are in either.
    #[must_use]
    pub fn with(&self, other: &Ordinals) -> Self {
        self.ranges.iter().chain(&other.ranges).cloned().collect()
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Ordinals) -> Self {
        let mut left = self.ranges.clone();
        for hole in &other.ranges {
            left = left
                .into_iter()
                .flat_map(|range| {
                    let below = range.start..range.end.min(hole.start);
                    let above = range.start.max(hole.end)..range.end;
                    [below, above]
                })
                .filter(|range| !range.is_empty())
                .collect();
        }
        left.into_iter().collect()
    }

    /// Those that are in both.
    #[must_use]
    pub fn within(&self, other: &Ordinals) -> Self {
        self.without(&self.without(other))
    }
}

impl From<Range<u32>> for Ordinals {
    fn from(range: Range<u32>) -> Self {
        [range].into_iter().collect()
    }
}

impl FromIterator<Range<u32>> for Ordinals {
    fn from_iter<I: IntoIterator<Item = Range<u32>>>(ranges: I) -> Self {
        let mut given: Vec<Range<u32>> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        given.sort_unstable_by_key(|range| range.start);
        let mut ranges: Vec<Range<u32>> = Vec::with_capacity(given.len());
        for range in given {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                Some(_) | None => ranges.push(range),
            }
        }
        Ordinals { ranges }
    }
}

impl FromIterator<u32> for Ordinals {
    fn from_iter<I: IntoIterator<Item = u32>>(ordinals: I) -> Self {
        ordinals.into_iter().map(|ordinal| ordinal..ordinal.saturating_add(1)).collect()
    }
}

/// `0-2`, `4`, `0-2, 5-6`.
impl fmt::Display for Ordinals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, range) in self.ranges.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            match range.end - range.start {
                1 => write!(f, "{separator}{}", range.start)?,
                _ => write!(f, "{separator}{}-{}", range.start, range.end - 1)?,
            }
        }
        Ok(())
    }
}
