//! Putting one flag into a launch: the list with it, and the proof that nothing else changed.
//! Not where it might go: `reading` proposes that.

use super::reading::{self, Reading};
use super::{Insertion, NoInsertion, Shape};
use crate::flag::{CommandLine, List, Origin, Place, Token};
use crate::image::{Repository, repository};
use crate::manifest::Container;
use crate::value::Value;
use crate::version::Version;

/// A flag that every release has and that does nothing.
const PROBE: &str = "-version=false";

/// The first proposed place where one more flag changes nothing else.
pub(super) fn plan(
    container: &Container,
    release: Option<Version>,
    reading: &Reading,
) -> Result<Insertion, NoInsertion> {
    let places = reading.places.as_ref().map_err(|reason| *reason)?;
    let line = reading.line.as_ref().ok_or(NoInsertion::Unreadable)?;
    if let Some(reason) = foreign(container, reading, line) {
        return Err(reason);
    }
    if !line.parses() {
        return Err(NoInsertion::Refused);
    }
    let sound = |insertion: &&Insertion| try_at(container, release, line, insertion, PROBE).is_ok();
    // The table's place failed and no other one in the script's arguments is sound.
    places.iter().find(sound).cloned().ok_or(NoInsertion::ScriptText)
}

/// Somebody's own image has somebody's own entrypoint and CMD. Flags go in before flags, whatever it is: rqlited itself, or a script
/// that passes them on.
fn foreign(container: &Container, reading: &Reading, line: &CommandLine) -> Option<NoInsertion> {
    let given = container.image.is_some() && repository(container) != Repository::Official;
    if !given || !container.command.is_empty() || !reading.through_entrypoint {
        return None;
    }
    if reading.shape == Shape::Bare {
        return Some(NoInsertion::ForeignDefaults);
    }
    // What rqlite's own entrypoint would make of it may be refused, and yet it may well run.
    (reading.shape == Shape::Keyword || line.error.is_some()).then_some(NoInsertion::ForeignEntrypoint)
}

/// The list with the token in its place, if rqlited then gets exactly one flag more.
pub(super) fn try_at(
    container: &Container,
    release: Option<Version>,
    line: &CommandLine,
    insertion: &Insertion,
    token: &str,
) -> Result<(List, Vec<String>), NoInsertion> {
    let (list, content) = apply(container, insertion, token);
    let mut changed = container.clone();
    match list {
        List::Command => changed.command.clone_from(&content),
        List::Args => changed.args.clone_from(&content),
    }
    match reading::read(&changed, release).line {
        Some(after) if is_one_flag_more(line, &after, token, release) => Ok((list, content)),
        Some(_) | None => Err(NoInsertion::Refused),
    }
}

fn apply(container: &Container, insertion: &Insertion, token: &str) -> (List, Vec<String>) {
    let (Insertion::Before(place) | Insertion::Replace(place)) = insertion;
    let mut content = match place.list {
        List::Command => container.command.clone(),
        List::Args => container.args.clone(),
    };
    let index = place.index.min(content.len());
    if matches!(insertion, Insertion::Replace(_)) && index < content.len() {
        content.remove(index);
    }
    content.insert(index, token.to_owned());
    (place.list, content)
}

fn is_one_flag_more(before: &CommandLine, after: &CommandLine, token: &str, release: Option<Version>) -> bool {
    let origin = Origin::Container(Place { list: List::Args, index: 0 });
    let value = Value::Known(token.to_owned());
    let alone = CommandLine::parse(vec![Token { text: token.to_owned(), value, origin, splits: false }], release);
    let [added] = alone.flags.as_slice() else {
        return false;
    };
    let (old, mut new) = (named_values(before), named_values(after));
    let at = old.iter().zip(&new).position(|(old, new)| old != new).unwrap_or(old.len());
    if at >= new.len() || new.remove(at) != (added.name.as_str(), added.value.as_ref()) {
        return false;
    }
    alone.positionals.is_empty() && after.parses() && old == new && positionals(before) == positionals(after)
}

fn named_values(line: &CommandLine) -> Vec<(&str, Option<&Value<String>>)> {
    line.flags.iter().map(|flag| (flag.name.as_str(), flag.value.as_ref())).collect()
}

fn positionals(line: &CommandLine) -> Vec<&Value<String>> {
    line.positionals.iter().filter_map(|index| line.tokens.get(*index)).map(|token| &token.value).collect()
}
