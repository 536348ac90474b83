//! Puts what is asked for into the new object, as far as it may be there now. Says nothing: what is missing afterwards,
//! the rules find.

use quorate_sdk::injection::{Item, TemplateEditor};
use quorate_sdk::{Review, SetDocument};

use crate::credential_kind::{CredentialKind, StartCondition};
use crate::credential_request;
use crate::mount_plan::{INJECTOR, MountPlan, kind_of};
use crate::obstacle::MountObstacle;
use crate::settings::Settings;
use crate::start_window::{Due, StartWindow};

/// What became of a review's object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mutation {
    /// RFC 6902, JSON text; None where nothing changes.
    pub patch: Option<String>,
    pub obstacles: Vec<(&'static CredentialKind, MountObstacle)>,
}

impl Mutation {
    /// Of a creation or an update; `old` is None at a creation.
    pub fn of(review: &Review, old: Option<&SetDocument>, new: &SetDocument, settings: &Settings) -> Self {
        let mut editor = TemplateEditor::of(INJECTOR, old, new);
        let Some(set) = editor.uninjected().rqlite.clone() else { return Mutation::default() };
        let asked = credential_request::of_set(&new.set.metadata, settings);
        let start_window = StartWindow::of(review, old, &set, editor.template_changes());
        let plan = MountPlan::of(&editor, &set, &asked, &start_window);
        let mut obstacles = plan.obstacles.clone();
        obstacles.extend(put(&mut editor, &plan, &start_window));
        Mutation { patch: editor.into_patch(), obstacles }
    }
}

fn put(
    editor: &mut TemplateEditor,
    plan: &MountPlan,
    start_window: &StartWindow,
) -> Vec<(&'static CredentialKind, MountObstacle)> {
    let reconciled = editor.reconcile(&plan.items());
    let mut refused = reconciled.refused;
    if starts_without_pods(&reconciled.pending, start_window) {
        let starting =
            reconciled.pending.into_iter().filter_map(|item| editor.put(&item).err().map(|error| (item, error)));
        refused.extend(starting.collect::<Vec<_>>());
        reconciled.leaving.iter().for_each(|item| editor.take_out(item));
    }
    let mut obstacles = Vec::new();
    for (topic, items) in &plan.wanted {
        let Some((_, error)) = refused.iter().find(|(item, _)| items.contains(item)) else { continue };
        // All of an ask or nothing: a certificate without its key keeps rqlited from starting.
        items.iter().for_each(|item| editor.take_out(item));
        obstacles.push((*topic, MountObstacle::Template(error.to_string())));
    }
    obstacles
}

/// Node TLS starts at zero replicas without waiting for a change of the template, and then all else may start with it.
fn starts_without_pods(pending: &[Item], start_window: &StartWindow) -> bool {
    let node_tls = |item: &Item| kind_of(item).is_some_and(|topic| topic.start == StartCondition::NodeTls);
    !start_window.template_changes
        && start_window.due(StartCondition::NodeTls) == Due::Now
        && pending.iter().any(node_tls)
}
