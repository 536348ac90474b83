//! One review decided: what is asked for, and what became of it in the new object. The rules put it into words.

use std::sync::Arc;

use kubernetes::manifest::Place;
use quorate_sdk::injection::{Injector, Item, Reconciled, TemplateEditor};
use quorate_sdk::{Review, SetDocument, Subject};
use rqlite::cluster::{Node, RqliteSet};

use crate::flag_request::{self, FlagRequest};
use crate::identity::{POLICY, TOKEN};
use crate::obstacle::FlagObstacle;
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
    editor: TemplateEditor,
    pub(crate) request: FlagRequest,
    pub(crate) reconciled: Reconciled,
    /// The old object has the flag from us.
    pub(crate) listed: bool,
    /// The old object, read the same way, where it has no flag from us and the new one gets none; none at a creation.
    old_request: Option<FlagRequest>,
    /// None at a creation.
    pub(crate) old_replicas: Option<u32>,
}

impl Decision {
    /// None where the review is none of ours: no StatefulSet, not rqlite's, or unchanged.
    pub(crate) fn of(review: &Review, settings: Settings) -> Option<Self> {
        if review.unchanged() {
            return None;
        }
        let mut editor = INJECTOR.editor(review)?;
        // The API server refuses a negative count, and quorum-guard says so.
        if editor.uninjected().set.spec.replicas.is_some_and(|count| count < 0) {
            return None;
        }
        let before = editor.listed();
        if editor.cluster().is_none() && before.is_empty() && editor.present().is_empty() {
            return None;
        }
        let listed = before.iter().any(is_flag);
        let old = old_document(review);
        // None at a creation, and where it did not run rqlite.
        let old_set = old.and_then(SetDocument::rqlite).map(Arc::as_ref);
        let mut request = FlagRequest::of(editor.uninjected(), old_set, settings, listed);
        let mut reconciled = editor.reconcile(&wanted(&editor, &request, &before));
        let refused = reconciled.refused.iter().find(|(item, _)| is_flag(item)).map(|(_, error)| error.to_string());
        if let (Some(reason), true) = (refused, editor.template_changes()) {
            // Never the grace period without the flag.
            editor = INJECTOR.editor(review)?;
            reconciled = editor.reconcile(&[]);
            request = FlagRequest::Blocked(FlagObstacle::Template(reason));
        }
        let old_request =
            old.filter(|_| !listed && matches!(request, FlagRequest::Blocked(_))).map(|old| old_request(old, settings));
        Some(Decision { request, reconciled, listed, old_request, old_replicas: old.map(old_replicas), editor })
    }

    /// The new object's only rqlite container, as its author wrote it.
    pub(crate) fn node(&self) -> Option<&Node> {
        self.editor.cluster()?.sole_node()
    }

    /// The new object, as its author wrote it; none if it does not run rqlite.
    pub(crate) fn set(&self) -> Option<&RqliteSet> {
        self.editor.cluster()
    }

    pub(crate) fn replicas(&self) -> u32 {
        self.set().map_or(0, |set| set.replicas)
    }

    /// What is not there may start, what nobody asks for may go.
    pub(crate) fn template_changes(&self) -> bool {
        self.editor.template_changes()
    }

    /// The old object has no injected flag for the same reason, so it was told before.
    pub(crate) fn told_before(&self, obstacle: &FlagObstacle) -> bool {
        match &self.old_request {
            Some(FlagRequest::Blocked(old)) => obstacle.is_same_reason(old),
            Some(FlagRequest::Given | FlagRequest::Wanted { .. }) | None => false,
        }
    }

    /// The Kubernetes path of the rqlite container.
    pub(crate) fn path(&self) -> String {
        self.path_at(None)
    }

    /// The Kubernetes path of what shows the obstacle, as its author wrote it, else of the rqlite container.
    pub(crate) fn path_of(&self, obstacle: &FlagObstacle) -> String {
        let line = self.node().and_then(|node| node.launch.line.as_ref());
        let place = line.and_then(|line| match obstacle.refusal() {
            Some(error) => line.place_at(error.token?),
            None if matches!(obstacle, FlagObstacle::AnyFlag(_)) => line.place_of(line.unreadable_flag()?),
            None => line.place(obstacle.flag()?),
        });
        self.path_at(place)
    }

    fn path_at(&self, place: Option<Place>) -> String {
        let Some(node) = self.node() else { return "spec.template.spec.containers".to_owned() };
        node.place.path(place)
    }

    pub(crate) fn creates(&self) -> bool {
        self.editor.creates()
    }

    pub(crate) fn into_patch(self) -> Option<String> {
        self.editor.into_patch()
    }
}

fn wanted(editor: &TemplateEditor, request: &FlagRequest, before: &[Item]) -> Vec<Item> {
    let seconds = before.iter().find_map(|item| match item {
        Item::Grace { seconds } => Some(*seconds),
        Item::Flag { .. } | Item::Volume { .. } | Item::Mount { .. } | Item::Probe { .. } => None,
    });
    match (request, editor.cluster().and_then(|set| set.sole_node())) {
        (FlagRequest::Wanted { .. }, Some(node)) => flag_request::items(node, seconds),
        _ => Vec::new(),
    }
}

/// Beside itself, so that nothing in it is a change.
fn old_request(old: &SetDocument, settings: Settings) -> FlagRequest {
    let uninjected = INJECTOR.uninjected(old);
    FlagRequest::of(&uninjected, uninjected.rqlite.as_deref(), settings, false)
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
        | Subject::DependencyDeletion { .. }
        | Subject::Other => None,
    }
}

pub(crate) fn is_flag(item: &Item) -> bool {
    matches!(item, Item::Flag { .. })
}
