//! Putting one flag into a launch: the words with it, and the proof that nothing else changed.
//! Not where it might go: `reading` proposes that.

use std::sync::OnceLock;

use super::env::Environment;
use super::reading::Reader;
use super::{Insertion, Launch, NoInsertion, Shape};
use crate::flag::{CommandLine, Flag, Origin, Token};
use crate::image::{Repository, repository};
use crate::value::Value;
use crate::version::Version;
use kubernetes::manifest::{List, Place};

/// A flag that every release has and that does nothing.
const PROBE: &str = "-version=false";

/// The place of the first token that was asked for: to find it takes another reading, and whoever asks once puts it there later.
#[derive(Debug, Clone, Default)]
pub(super) struct FoundInsertion(OnceLock<(String, Result<Insertion, NoInsertion>)>);

impl FoundInsertion {
    fn of(&self, token: &str, find: impl Fn() -> Result<Insertion, NoInsertion>) -> Result<Insertion, NoInsertion> {
        let (asked, place) = self.0.get_or_init(|| (token.to_owned(), find()));
        if asked == token { place.clone() } else { find() }
    }
}

/// It follows from the rest of the launch.
impl PartialEq for FoundInsertion {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Launch {
    /// The first place where one more flag changes nothing else.
    ///
    /// # Errors
    /// Why there is none.
    pub fn insertion(&self) -> Result<Insertion, NoInsertion> {
        // The table's place failed and no other one in the script's arguments is sound.
        self.proposed()?.iter().find(|place| self.takes(place, PROBE)).cloned().ok_or(NoInsertion::ScriptText)
    }

    /// Where `token` (a self-contained `-flag=value`) goes.
    ///
    /// # Errors
    /// As [`Launch::insertion`]; `Refused` also where this token would change more than its own flag, or is no flag of this release.
    pub fn place_for(&self, token: &str) -> Result<Insertion, NoInsertion> {
        self.placed.of(token, || self.find_place_for(token))
    }

    fn find_place_for(&self, token: &str) -> Result<Insertion, NoInsertion> {
        let first = self.proposed()?.first();
        // A place that takes this flag takes any.
        if let Some(place) = first.filter(|place| self.takes(place, token)) {
            return Ok(place.clone());
        }
        let place = self.insertion()?;
        if self.takes(&place, token) { Ok(place) } else { Err(NoInsertion::Refused) }
    }

    /// `args` or `command` and the new content of that list with `token` in its place.
    ///
    /// # Errors
    /// As [`Launch::place_for`].
    pub fn insert(&self, token: &str) -> Result<(List, Vec<String>), NoInsertion> {
        let insertion = self.place_for(token)?;
        let list = match insertion.place().list {
            List::Command => &self.container.command,
            List::Args => &self.container.args,
        };
        let mut content = list.clone();
        put(&mut content, &insertion, token.to_owned());
        Ok((insertion.place().list, content))
    }

    /// With the token there rqlited gets exactly one flag more.
    pub fn takes(&self, insertion: &Insertion, token: &str) -> bool {
        let Some(line) = &self.line else { return false };
        let environment = Environment::with_left(&self.container, self.words.left);
        let reader = Reader::of(&self.container, self.release, &environment);
        let changed = self.words.with(insertion, token, &environment);
        reader.read(changed).line.is_some_and(|after| is_one_flag_more(line, &after, token, self.release))
    }

    fn proposed(&self) -> Result<&[Insertion], NoInsertion> {
        let places = self.places.as_ref().map_err(|reason| *reason)?;
        let line = self.line.as_ref().ok_or(NoInsertion::Unreadable)?;
        match foreign(self, line) {
            Some(reason) => Err(reason),
            None if line.parses() => Ok(places),
            None => Err(NoInsertion::Refused),
        }
    }
}

impl Insertion {
    fn place(&self) -> Place {
        let (Insertion::Before(place) | Insertion::Replace(place)) = self;
        *place
    }
}

/// Puts the element into its list.
pub(super) fn put<T>(list: &mut Vec<T>, insertion: &Insertion, element: T) {
    let index = insertion.place().index.min(list.len());
    match (insertion, list.get_mut(index)) {
        (Insertion::Replace(_), Some(keyword)) => *keyword = element,
        (Insertion::Replace(_), None) | (Insertion::Before(_), _) => list.insert(index, element),
    }
}

/// Somebody's own image has somebody's own entrypoint and CMD. Flags go in before flags, whatever it is: rqlited itself, or a script
/// that passes them on.
fn foreign(launch: &Launch, line: &CommandLine) -> Option<NoInsertion> {
    let container = &launch.container;
    let given = container.image.is_some() && repository(container) != Repository::Official;
    if !given || !container.command.is_empty() || !launch.through_entrypoint {
        return None;
    }
    if launch.shape == Shape::Bare {
        return Some(NoInsertion::ForeignDefaults);
    }
    // What rqlite's own entrypoint would make of it may be refused, and yet it may well run.
    (launch.shape == Shape::Keyword || line.error.is_some()).then_some(NoInsertion::ForeignEntrypoint)
}

fn is_one_flag_more(before: &CommandLine, after: &CommandLine, token: &str, release: Option<Version>) -> bool {
    let origin = Origin::Container(Place { list: List::Args, index: 0 });
    let alone =
        CommandLine::unvalidated(vec![Token::new(token.to_owned(), Value::Known(token.to_owned()), origin)], release);
    let [added] = alone.flags.as_slice() else {
        return false;
    };
    let same = |(old, new): (&Flag, &Flag)| old.is_same(new);
    let at = before.flags.iter().zip(&after.flags).take_while(|pair| same(*pair)).count();
    let (old, new) = (before.flags.get(at..).unwrap_or_default(), after.flags.get(at..).unwrap_or_default());
    let Some((one, rest)) = new.split_first().filter(|(_, rest)| rest.len() == old.len()) else {
        return false;
    };
    one.is_same(added)
        && old.iter().zip(rest).all(same)
        && alone.positionals.is_empty()
        && after.parses()
        && positionals(before).eq(positionals(after))
}

fn positionals(line: &CommandLine) -> impl Iterator<Item = &Value<String>> {
    line.positionals.iter().filter_map(|index| line.tokens.get(*index)).map(|token| &token.value)
}
