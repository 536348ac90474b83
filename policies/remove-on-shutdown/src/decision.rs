//! One review decided: what is asked for, and what became of it in the new object. The rules put it into words.

use std::sync::Arc;

use kubernetes::manifest::Place;
use quorate_sdk::injection::{Draft, Injector, Item, Settled};
use quorate_sdk::{Review, SetDocument, Subject};
use rqlite::cluster::{Node, RqliteSet};

use crate::ask::{self, Ask};
use crate::identity::{POLICY, TOKEN};
use crate::obstacle::Obstacle;
use crate::settings::Settings;

const INJECTOR: Injector = Injector { policy: POLICY, makes };

fn makes(item: &Item) -> bool {
    match item {
        Item::Flag { token, .. } => token == TOKEN,
        Item::Grace { .. } => true,
        Item::Volume { .. } | Item::Mount { .. } | Item::Probe { .. } => false,
    }
}

/// What a review's object asks for, and what it gets.
#[derive(Debug)]
pub(crate) struct Decision {
    draft: Draft,
    pub(crate) ask: Ask,
    pub(crate) settled: Settled,
    /// The old object has the flag from us.
    pub(crate) listed: bool,
    /// The old object, read the same way, where it has no flag from us and the new one gets none; none at a creation.
    old_ask: Option<Ask>,
    /// None at a creation.
    pub(crate) old_replicas: Option<u32>,
}

impl Decision {
    /// None where the review is none of ours: no StatefulSet, not rqlite's, or unchanged.
    pub(crate) fn of(review: &Review, settings: Settings) -> Option<Self> {
        if review.unchanged() {
            return None;
        }
        let mut draft = INJECTOR.draft(review)?;
        // The API server refuses a negative count, and quorum-guard says so.
        if draft.bare().set.spec.replicas.is_some_and(|count| count < 0) {
            return None;
        }
        let before = draft.listed();
        if draft.cluster().is_none() && before.is_empty() && draft.present().is_empty() {
            return None;
        }
        let listed = before.iter().any(is_flag);
        let old = old_document(review);
        // None at a creation, and where it did not run rqlite.
        let old_set = old.and_then(SetDocument::rqlite).map(Arc::as_ref);
        let mut ask = Ask::of(draft.bare(), old_set, settings, listed);
        let mut settled = draft.settle(&wanted(&draft, &ask, &before));
        let refused = settled.refused.iter().find(|(item, _)| is_flag(item)).map(|(_, error)| error.to_string());
        if let (Some(reason), true) = (refused, draft.template_changes()) {
            // Never the grace period without the flag.
            draft = INJECTOR.draft(review)?;
            settled = draft.settle(&[]);
            ask = Ask::Blocked(Obstacle::Template(reason));
        }
        let old_ask = old.filter(|_| !listed && matches!(ask, Ask::Blocked(_))).map(|old| old_ask(old, settings));
        Some(Decision { ask, settled, listed, old_ask, old_replicas: old.map(old_replicas), draft })
    }

    /// The new object's only rqlite container, as its author wrote it.
    pub(crate) fn node(&self) -> Option<&Node> {
        self.draft.cluster()?.sole_node()
    }

    /// The new object, as its author wrote it; none if it does not run rqlite.
    pub(crate) fn set(&self) -> Option<&RqliteSet> {
        self.draft.cluster()
    }

    pub(crate) fn replicas(&self) -> u32 {
        self.set().map_or(0, |set| set.replicas)
    }

    /// What is not there may start, what nobody asks for may go.
    pub(crate) fn template_changes(&self) -> bool {
        self.draft.template_changes()
    }

    /// The old object has no injected flag for the same reason, so it was told before.
    pub(crate) fn told_before(&self, obstacle: &Obstacle) -> bool {
        match &self.old_ask {
            Some(Ask::Blocked(old)) => obstacle.is_same_reason(old),
            Some(Ask::Given | Ask::Wanted { .. }) | None => false,
        }
    }

    /// The Kubernetes path of the rqlite container.
    pub(crate) fn path(&self) -> String {
        self.path_at(None)
    }

    /// The Kubernetes path of what shows the obstacle, as its author wrote it, else of the rqlite container.
    pub(crate) fn path_of(&self, obstacle: &Obstacle) -> String {
        let line = self.node().and_then(|node| node.launch.line.as_ref());
        let place = line.and_then(|line| match obstacle.refusal() {
            Some(error) => line.place_at(error.token?),
            None if matches!(obstacle, Obstacle::AnyFlag(_)) => line.place_of(line.unreadable_flag()?),
            None => line.place(obstacle.flag()?),
        });
        self.path_at(place)
    }

    fn path_at(&self, place: Option<Place>) -> String {
        let Some(node) = self.node() else { return "spec.template.spec.containers".to_owned() };
        node.place.path(place)
    }

    pub(crate) fn creates(&self) -> bool {
        self.draft.creates()
    }

    pub(crate) fn into_patch(self) -> Option<String> {
        self.draft.into_patch()
    }
}

fn wanted(draft: &Draft, ask: &Ask, before: &[Item]) -> Vec<Item> {
    let seconds = before.iter().find_map(|item| match item {
        Item::Grace { seconds } => Some(*seconds),
        Item::Flag { .. } | Item::Volume { .. } | Item::Mount { .. } | Item::Probe { .. } => None,
    });
    match (ask, draft.cluster().and_then(|set| set.sole_node())) {
        (Ask::Wanted { .. }, Some(node)) => ask::items(node, seconds),
        _ => Vec::new(),
    }
}

/// Beside itself, so that nothing in it is a change.
fn old_ask(old: &SetDocument, settings: Settings) -> Ask {
    let bare = INJECTOR.bare(old);
    Ask::of(&bare, bare.rqlite.as_deref(), settings, false)
}

fn old_replicas(old: &SetDocument) -> u32 {
    old.set.spec.count()
}

fn old_document(review: &Review) -> Option<&SetDocument> {
    match &review.subject {
        Subject::Set { old, .. } => old.as_ref(),
        Subject::Scale { .. }
        | Subject::Eviction { .. }
        | Subject::Autoscaler { .. }
        | Subject::Needed { .. }
        | Subject::Other => None,
    }
}

pub(crate) fn is_flag(item: &Item) -> bool {
    matches!(item, Item::Flag { .. })
}
