//! Putting one flag into a launch and taking it out again: what rqlited then gets, and the proof that nothing else changed.
//! Not where it might go: `reading` proposes that. Nothing is read here but rqlited's own arguments.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::{Insertion, Launch, NoInsertion, Shape};
use crate::flag::{CommandLine, Flag, Origin, Token};
use crate::image::{Repository, repository};
use crate::value::Value;
use crate::version::Version;
use kubernetes::manifest::{Container, List, Place};

/// A flag that every release has and that does nothing.
pub(super) const PROBE: &str = "-version=false";

/// The first release whose entrypoint quotes its arguments.
pub(super) const QUOTES: Version = Version::new(8, 29, 0);

/// What the entrypoint's defaults yield to, where the user's arguments begin with it.
pub(super) const YIELDING: [&str; 6] =
    ["-node-id", "-http-addr", "-http-adv-addr", "-raft-addr", "-raft-adv", "-raft-adv-addr"];

/// A place where one more word becomes one more argument of rqlited, and nothing else changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) insertion: Insertion,
    /// Which argument it becomes: an index of the command line's tokens.
    pub(crate) token: usize,
}

/// The place of the first token that was asked for: to find it takes another reading, and whoever asks once puts it there later.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundInsertion(OnceLock<(String, Result<Insertion, NoInsertion>)>);

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
        let mut places = self.proposed()?.iter().map(|slot| &slot.insertion);
        places.find(|place| self.takes(place, PROBE)).cloned().ok_or(NoInsertion::ScriptText)
    }

    /// Where `token` (a self-contained `-flag=value`) goes.
    ///
    /// # Errors
    /// As [`Launch::insertion`]; `Refused` also where this token would change more than its own flag, or is no flag of this release.
    pub fn place_for(&self, token: &str) -> Result<Insertion, NoInsertion> {
        self.placed.of(token, || self.find_place_for(token))
    }

    fn find_place_for(&self, token: &str) -> Result<Insertion, NoInsertion> {
        let first = self.proposed()?.first().map(|slot| &slot.insertion);
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
        let mut content = elements(&self.container, insertion.place().list).to_vec();
        put(&mut content, &insertion, token.to_owned());
        Ok((insertion.place().list, content))
    }

    /// With the token there rqlited gets exactly one flag more.
    pub fn takes(&self, insertion: &Insertion, token: &str) -> bool {
        let (Some(line), Some(at)) = (&self.line, self.argument_at(insertion)) else { return false };
        self.passes_on(token)
            && is_one_flag_more(line, &added(line, insertion, at, token, self.release), token, self.release)
    }

    /// The launch with the token there; itself where that would not become one argument of rqlited.
    #[must_use]
    pub fn with(&self, insertion: &Insertion, token: &str) -> Self {
        let place = insertion.place();
        let mut container = Container::clone(&self.container);
        put(elements_mut(&mut container, place.list), insertion, token.to_owned());
        let mut launch = Launch { container: Arc::new(container), placed: FoundInsertion::default(), ..self.clone() };
        let Some((line, at)) = self.line.as_ref().zip(self.argument_at(insertion)) else { return launch };
        launch.line = Some(added(line, insertion, at, token, self.release).validated(self.release));
        if matches!(launch.shape, Shape::Bare | Shape::Keyword) {
            launch.shape = Shape::Flags;
        }
        for slot in &mut launch.slots {
            match &mut slot.insertion {
                own if own == insertion => slot.insertion = Insertion::Before(place),
                Insertion::Before(own) | Insertion::Replace(own) => {
                    if own.list == place.list && own.index > place.index && matches!(insertion, Insertion::Before(_)) {
                        own.index += 1;
                    }
                    if slot.token >= at {
                        slot.token += 1;
                    }
                }
            }
        }
        launch
    }

    /// The launch without the element there, or with the keyword in its place.
    #[must_use]
    pub fn without(&self, place: Place, keyword: Option<&str>) -> Self {
        let mut container = Container::clone(&self.container);
        let list = elements_mut(&mut container, place.list);
        match (keyword, list.get_mut(place.index)) {
            (Some(keyword), Some(element)) => keyword.clone_into(element),
            (None, Some(_)) => drop(list.remove(place.index)),
            (_, None) => return self.clone(),
        }
        let nothing = container.command.is_empty() && container.args.is_empty();
        let mut launch = Launch { container: Arc::new(container), placed: FoundInsertion::default(), ..self.clone() };
        let Some(line) = &self.line else { return launch };
        let run = run_of(line, place);
        let mut tokens = line.tokens.clone();
        if let Some(run) = run.clone() {
            tokens.drain(run);
        }
        if keyword.is_none() {
            tokens.iter_mut().for_each(|token| shift(&mut token.origin, place, false));
        }
        launch.line = Some(CommandLine::parse(tokens, self.release));
        match (launch.shape, keyword) {
            (Shape::Flags, Some(_)) => launch.shape = Shape::Keyword,
            (Shape::Flags, None) if nothing => launch.shape = Shape::Bare,
            _ => {}
        }
        let at = run.map_or(usize::MAX, |run| run.start);
        if keyword.is_some() {
            launch.slots = vec![Slot { insertion: Insertion::Replace(place), token: at }];
            return launch;
        }
        for slot in &mut launch.slots {
            let (Insertion::Before(own) | Insertion::Replace(own)) = &mut slot.insertion;
            if own.list == place.list && own.index > place.index {
                own.index -= 1;
            }
            if slot.token > at {
                slot.token -= 1;
            }
        }
        launch
    }

    /// Which argument of rqlited a word there becomes.
    fn argument_at(&self, insertion: &Insertion) -> Option<usize> {
        let known = self.slots.iter().find(|slot| slot.insertion == *insertion);
        if let Some(slot) = known {
            return Some(slot.token);
        }
        let line = self.line.as_ref()?;
        // A script that takes no word at any of the places that it offers may do anything with one.
        if self.script.is_some() && self.slots.is_empty() {
            return None;
        }
        let own = token_at(line, insertion);
        own.or_else(|| match insertion {
            Insertion::Before(place) if place.index == elements(&self.container, place.list).len() => {
                Some(run_of(line, Place { index: place.index.checked_sub(1)?, ..*place })?.end)
            }
            Insertion::Before(_) | Insertion::Replace(_) => None,
        })
    }

    /// The token comes to rqlited as it stands there: nothing puts a variable into it or splits it, and no default yields to it.
    fn passes_on(&self, token: &str) -> bool {
        let splits = match &self.script {
            // Whether it quotes its arguments is not known here.
            Some(_) => true,
            None => self.through_entrypoint && self.release.is_some_and(|release| release < QUOTES),
        };
        let yields = self.through_entrypoint && YIELDING.iter().any(|flag| token.starts_with(flag));
        let is_split = splits && token.contains(char::is_whitespace);
        !(token.contains('$') || yields || is_split)
    }

    fn proposed(&self) -> Result<&[Slot], NoInsertion> {
        if let Some(reason) = self.closed {
            return Err(reason);
        }
        let line = self.line.as_ref().ok_or(NoInsertion::Unreadable)?;
        match foreign(self, line) {
            Some(reason) => Err(reason),
            None if line.parses() => Ok(&self.slots),
            None => Err(NoInsertion::Refused),
        }
    }
}

/// Which argument stands where the word would go.
pub(super) fn token_at(line: &CommandLine, insertion: &Insertion) -> Option<usize> {
    match insertion {
        Insertion::Before(place) => Some(run_of(line, *place)?.start),
        Insertion::Replace(_) => None,
    }
}

/// The arguments that an element of the container's lists becomes; None where it becomes none, or comes to rqlited twice.
fn run_of(line: &CommandLine, place: Place) -> Option<Range<usize>> {
    let own = |token: &Token| token.origin == Origin::Container(place);
    let start = line.tokens.iter().position(own)?;
    let count = line.tokens.iter().skip(start).take_while(|token| own(token)).count();
    let end = start + count;
    (!line.tokens.iter().skip(end).any(own)).then_some(start..end)
}

/// A flag that does nothing is one flag more there.
#[cfg(feature = "recognition")]
pub(super) fn is_sound(line: &CommandLine, insertion: &Insertion, at: usize, release: Option<Version>) -> bool {
    is_one_flag_more(line, &added(line, insertion, at, PROBE, release), PROBE, release)
}

/// The line with one argument more; not validated.
fn added(line: &CommandLine, insertion: &Insertion, at: usize, token: &str, release: Option<Version>) -> CommandLine {
    let place = insertion.place();
    let mut tokens = line.tokens.clone();
    if let Insertion::Before(_) = insertion {
        tokens.iter_mut().for_each(|token| shift(&mut token.origin, place, true));
    }
    let own = Token::new(token.to_owned(), Value::Known(token.to_owned()), Origin::Container(place));
    tokens.insert(at.min(tokens.len()), own);
    CommandLine::unvalidated(tokens, release)
}

/// An element has come before this one, or has gone.
fn shift(origin: &mut Origin, from: Place, grows: bool) {
    let (Origin::Container(place) | Origin::Script(place)) = origin else { return };
    if place.list != from.list {
        return;
    }
    match grows {
        true if place.index >= from.index => place.index += 1,
        false if place.index > from.index => place.index -= 1,
        _ => {}
    }
}

/// The element of the container that a word is.
pub(crate) fn element<'a>(container: &'a Container, origin: &Origin) -> Option<&'a String> {
    match origin {
        Origin::Container(place) => elements(container, place.list).get(place.index),
        Origin::Script(_) | Origin::Entrypoint(_) => None,
    }
}

fn elements(container: &Container, list: List) -> &[String] {
    match list {
        List::Command => &container.command,
        List::Args => &container.args,
    }
}

fn elements_mut(container: &mut Container, list: List) -> &mut Vec<String> {
    match list {
        List::Command => &mut container.command,
        List::Args => &mut container.args,
    }
}

impl Insertion {
    pub(crate) fn place(&self) -> Place {
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
