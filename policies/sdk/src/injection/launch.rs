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
    let place = Place { list: position.list, index: position.index };
    let insertion = match position.keyword {
        Some(_) => Insertion::Replace(place),
        None => Insertion::Before(place),
    };
    position.index <= elements(&launch.container, position.list).len() && launch.takes(&insertion, token)
}

fn elements(container: &Container, list: List) -> &[String] {
    match list {
        List::Command => &container.command,
        List::Args => &container.args,
    }
}
