//! Whether a set should have the flag: its author's word, the conditions, the settings.
//! Not when it may start, nor what a refusal says.

use kubernetes::manifest::StatefulSet;
use quorate_sdk::injection::{Item, UninjectedSet};
use rqlite::cluster::{Node, RqliteSet};
use rqlite::role::Role;
use rqlite::startup;
use rqlite::storage::Storage;
use rqlite::value::Value;

use crate::identity::TOKEN;
use crate::identity_change;
use crate::obstacle::{self, FlagObstacle};
use crate::settings::{PersistentVoters, Settings};

/// What the set, as its author wrote it, asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FlagRequest {
    /// The author gives the flag.
    Given,
    /// It is not injected.
    Blocked(FlagObstacle),
    /// It is injected. `despite`: a condition fails now that would not let it start.
    Wanted { despite: Option<FlagObstacle> },
}

impl FlagRequest {
    /// `old`: the set before this update; `listed`: injected before.
    pub(crate) fn of(uninjected: &UninjectedSet, old: Option<&RqliteSet>, settings: Settings, listed: bool) -> Self {
        let Some(set) = uninjected.rqlite.as_deref() else { return FlagRequest::Blocked(FlagObstacle::NotRqlite) };
        let Some(node) = set.sole_node() else { return several(set) };
        let place = node.launch.place_for(TOKEN);
        if let Some(refused) = obstacle::refused(node, &place) {
            return FlagRequest::Blocked(refused);
        }
        if let Some(word) = word(node) {
            return word;
        }
        let mut obstacles = obstacle::all(set, node, &uninjected.set.metadata, &place);
        obstacles.extend(advised(set, node, settings));
        obstacles.extend(ordered(old, &uninjected.set, set));
        obstacles.extend(identity_change::of(old, &uninjected.set, set).map(FlagObstacle::IdentityChange));
        let blocking = obstacles.iter().find(|obstacle| !(listed && obstacle.lets_stay()));
        match blocking {
            Some(obstacle) => FlagRequest::Blocked(obstacle.clone()),
            None => FlagRequest::Wanted { despite: obstacles.into_iter().next() },
        }
    }
}

fn several(set: &RqliteSet) -> FlagRequest {
    if set.removes_itself() {
        FlagRequest::Given
    } else {
        FlagRequest::Blocked(FlagObstacle::Containers(set.nodes.len()))
    }
}

/// What the author says of the flag.
fn word(node: &Node) -> Option<FlagRequest> {
    let remove = node.shutdown.remove.as_ref()?;
    let line = node.launch.line.as_ref()?;
    let flag = line.effective("raft-cluster-remove-shutdown")?;
    Some(match remove {
        Value::Known(true) => FlagRequest::Given,
        Value::Known(false) => FlagRequest::Blocked(FlagObstacle::Declined(line.spelling(flag))),
        Value::Deferred(_) => FlagRequest::Blocked(FlagObstacle::Hidden(line.spelling(flag))),
        // Behind an entrypoint that is not known; rqlited itself would refuse it.
        Value::Malformed(_) => return None,
    })
}

/// A set that is created and can never form is given nothing.
fn ordered(old: Option<&RqliteSet>, new: &StatefulSet, set: &RqliteSet) -> Option<FlagObstacle> {
    (old.is_none() && startup::never_forms(new, set)).then_some(FlagObstacle::NeverForms)
}

/// Data whose place cannot be read counts as persistent: the setting then decides.
fn advised(set: &RqliteSet, node: &Node, settings: Settings) -> Option<FlagObstacle> {
    let persistent = node.storage.persistent() || node.storage == Storage::Unreadable;
    let advise = settings.persistent_voters == PersistentVoters::Advise;
    (advise && persistent && set.role() == Role::Voter).then_some(FlagObstacle::Advised)
}

/// The flag, and the time that a removal takes. `listed_seconds`: the grace period injected before, which never shrinks.
pub(crate) fn items(node: &Node, listed_seconds: Option<i64>) -> Vec<Item> {
    let mut items = vec![Item::Flag { container: node.container.name.clone(), token: TOKEN.to_owned() }];
    let needed = needed_seconds(node);
    if node.shutdown.grace_seconds < needed {
        items.push(Item::Grace { seconds: needed.max(listed_seconds.unwrap_or_default()) });
    }
    items
}

/// The grace period that an injected flag needs at least.
pub(crate) const SHORTEST_GRACE_SECONDS: i64 = 30;

/// A removal without a leader takes up to 21.5 s (rqlited 8.43.4, 9.4.5; 11.3 s on 10.2.7, measured), after preStop.
fn needed_seconds(node: &Node) -> i64 {
    const AFTER_PRE_STOP: i64 = 25;
    SHORTEST_GRACE_SECONDS.max(node.shutdown.pre_stop_seconds.unwrap_or_default().saturating_add(AFTER_PRE_STOP))
}
