//! A leading object that went: whether whoever applied it deletes it, and what then goes with it.
//! Reads the words of an object only by way of `words`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fate::{Fate, by_words};
use super::words::{Going, Word, keeping};
use crate::object::Object;
use crate::way::{Link, Links, Removal, SEPARATOR, Way};

/// The first link of a way that the head lacks.
pub(super) struct GoneLink<'g> {
    object: &'g Object,
    /// From the topmost one to the one above the gone one.
    above: &'g [Arc<Link>],
    gone: &'g Link,
    /// The gone one, and all below it.
    below: &'g [Arc<Link>],
    /// The key of those above, as the head has it.
    above_in_head: String,
    head: &'g Links,
    head_unclear: &'g BTreeSet<String>,
}

impl<'g> GoneLink<'g> {
    /// None: the way has no such link.
    pub(super) fn at(
        index: usize,
        object: &'g Object,
        way: &'g Way,
        key_in_head: &dyn Fn(&[Arc<Link>]) -> String,
        (head, head_unclear): (&'g Links, &'g BTreeSet<String>),
    ) -> Option<Self> {
        let (above, below) = way.links.split_at_checked(index)?;
        let above_in_head = key_in_head(above);
        Some(Self { object, above, gone: below.first()?, below, above_in_head, head, head_unclear })
    }

    pub(super) fn fate(&self) -> Fate {
        let first = self.unreadable().or_else(|| self.by_parent()).or_else(|| self.elsewhere());
        first.unwrap_or_else(|| self.with_all_below())
    }

    fn unreadable(&self) -> Option<Fate> {
        let Link { file, .. } = self.gone;
        let is_read = self.head.values().any(|link| link.file == *file);
        (self.head_unclear.contains(file) && !is_read).then(|| {
            Fate::NotKnown(format!("what {file} holds now cannot be read, and {} stood in it", self.gone.shown()))
        })
    }

    /// What the link above makes of it. None: it deletes it, or nobody is above.
    fn by_parent(&self) -> Option<Fate> {
        let parent = self.above.last()?;
        let new = self.head.get(&self.above_in_head);
        if let Some(gap) = new.and_then(|new| new.gaps.iter().find(|gap| !parent.gaps.contains(gap))) {
            return Some(Fate::NotKnown(format!("what {} applies now is not known: {gap}", parent.shown())));
        }
        // Whichever of both sides deletes: the tool may read the new one first, or late.
        if let (Removal::Keeps(why), Some(Removal::Keeps(_))) = (&parent.when_dropped, new.map(|new| &new.when_dropped))
        {
            return Some(Fate::Orphaned(format!("{} goes, and {} {why}", self.gone.shown(), parent.shown())));
        }
        match self.word_to_parent() {
            Some(Word::Keeps(word)) => Some(Fate::Orphaned(format!("{} stays by `{word}`", self.gone.shown()))),
            Some(Word::AsksFirst(_)) | None => None,
        }
    }

    fn word_to_parent(&self) -> Option<Word> {
        let parent = self.above.last()?;
        keeping(parent.tool, &self.gone.value, Going::Dropped, &parent.options)
    }

    /// Another cluster under the same name: nobody deletes what is in the old one.
    fn elsewhere(&self) -> Option<Fate> {
        let gone = self.gone;
        let is_beside = |key: &str| {
            self.above.is_empty() || key.rsplit_once(SEPARATOR).is_some_and(|(parent, _)| parent == self.above_in_head)
        };
        let is_it = |link: &Link| {
            link.id == gone.id
                && link.file == gone.file
                && link.destination != gone.destination
                && link.identity == gone.identity
        };
        let (_, new) = self.head.iter().find(|(key, link)| is_beside(key) && is_it(link))?;
        let is_name = |link: &Link| link.destination.starts_with("cluster ");
        if is_name(new) != is_name(gone) && !new.destination.is_empty() && !gone.destination.is_empty() {
            return Some(Fate::NotKnown(format!(
                "{} names its cluster otherwise now ({} before, {} now), and whether it is another one is not known",
                gone.shown(),
                gone.destination,
                new.destination
            )));
        }
        let shown = if new.destination.is_empty() { "its own cluster" } else { new.destination.as_str() };
        Some(Fate::Kept(format!(
            "{} applies to {shown} now; what is in the old cluster stays there, and nobody manages it",
            gone.shown()
        )))
    }

    /// It is deleted; what of all below goes with it.
    fn with_all_below(&self) -> Fate {
        let is_another = self.head.values().any(|link| link.id == self.gone.id && link.file == self.gone.file);
        let what = if is_another { "is another one now" } else { "is gone" };
        let cause = format!("{} {what} ({})", self.gone.shown(), self.gone.file);
        let mut asked = match self.word_to_parent() {
            Some(Word::AsksFirst(word)) => Some(word),
            Some(Word::Keeps(_)) | None => None,
        };
        let children = self.below.iter().skip(1).map(Some).chain([None]);
        for (link, child) in self.below.iter().zip(children) {
            if let Removal::Keeps(why) = &link.when_gone {
                let reason = format!("{cause}, and {} {why}", link.shown());
                return if child.is_none() { Fate::Kept(reason) } else { Fate::Orphaned(reason) };
            }
            match child.and_then(|child| keeping(link.tool, &child.value, Going::WithItsLink, &link.options)) {
                Some(Word::Keeps(word)) => {
                    return Fate::Orphaned(format!("{cause}, and {} keeps what is below it by `{word}`", link.shown()));
                }
                Some(Word::AsksFirst(word)) => asked = Some(word),
                None => {}
            }
        }
        let last = self.below.last().map_or(self.gone, AsRef::as_ref);
        let mut fate =
            by_words(self.object, last, Going::WithItsLink, format!("{cause}, and what it applied goes with it"));
        if let Fate::Deleted { confirmed_by, .. } = &mut fate {
            *confirmed_by = confirmed_by.take().or(asked);
        }
        fate
    }
}
