//! Where a container's launch takes one more flag: rqlited parses afterwards what it parsed before, and that flag.
//! Does not decide whether the flag is wanted.

use kubernetes::manifest::Container;
use kubernetes::manifest::{List, Place};
use rqlite::launch::{Insertion, Launch, NoInsertion};

/// Where a token goes in `command` or `args`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FlagPosition {
    pub(super) list: List,
    pub(super) index: usize,
    /// The image's keyword that it replaces.
    pub(super) keyword: Option<String>,
}

/// The place that the launch itself offers.
pub(super) fn position_for(launch: &Launch, token: &str) -> Result<FlagPosition, NoInsertion> {
    match launch.place_for(token)? {
        Insertion::Before(place) => {
            let index = place.index.min(elements(&launch.container, place.list).len());
            Ok(FlagPosition { list: place.list, index, keyword: None })
        }
        Insertion::Replace(place) => {
            let keyword = elements(&launch.container, place.list).get(place.index).cloned();
            Ok(FlagPosition { list: place.list, index: place.index, keyword })
        }
    }
}

/// The launch takes the token there.
pub(super) fn takes(launch: &Launch, position: &FlagPosition, token: &str) -> bool {
    position.index <= elements(&launch.container, position.list).len() && launch.takes(&insertion(position), token)
}

/// The launch with the token there.
pub(super) fn with(launch: &Launch, position: &FlagPosition, token: &str) -> Launch {
    launch.with(&insertion(position), token)
}

fn insertion(position: &FlagPosition) -> Insertion {
    let place = Place { list: position.list, index: position.index };
    if position.keyword.is_some() { Insertion::Replace(place) } else { Insertion::Before(place) }
}

fn elements(container: &Container, list: List) -> &[String] {
    match list {
        List::Command => &container.command,
        List::Args => &container.args,
    }
}
