//! Puts what is asked for into the new object, as far as it may be there now. Says nothing: what is missing afterwards,
//! the rules find.

use quorate_sdk::injection::{Draft, Item};
use quorate_sdk::{Review, SetDocument};

use crate::ask;
use crate::moment::{Due, Moment};
use crate::obstacle::Obstacle;
use crate::plan::{INJECTOR, Plan, topic_of};
use crate::settings::Settings;
use crate::topic::{Start, Topic};

/// What became of a review's object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mutation {
    /// RFC 6902, JSON text; None where nothing changes.
    pub patch: Option<String>,
    pub obstacles: Vec<(&'static Topic, Obstacle)>,
}

impl Mutation {
    /// Of a creation or an update; `old` is None at a creation.
    pub fn of(review: &Review, old: Option<&SetDocument>, new: &SetDocument, settings: &Settings) -> Self {
        let mut draft = Draft::of(INJECTOR, old, new);
        let Some(set) = draft.bare().rqlite.clone() else { return Mutation::default() };
        let asked = ask::of_set(&new.set.metadata, settings);
        let moment = Moment::of(review, old, &set, draft.template_changes());
        let plan = Plan::of(&draft, &set, &asked, &moment);
        let mut obstacles = plan.obstacles.clone();
        obstacles.extend(put(&mut draft, &plan, &moment));
        Mutation { patch: draft.into_patch(), obstacles }
    }
}

fn put(draft: &mut Draft, plan: &Plan, moment: &Moment) -> Vec<(&'static Topic, Obstacle)> {
    let settled = draft.settle(&plan.items());
    let mut refused = settled.refused;
    if starts_without_pods(&settled.pending, moment) {
        let starting = settled.pending.into_iter().filter_map(|item| draft.put(&item).err().map(|error| (item, error)));
        refused.extend(starting.collect::<Vec<_>>());
        settled.leaving.iter().for_each(|item| draft.take_out(item));
    }
    let mut obstacles = Vec::new();
    for (topic, items) in &plan.wanted {
        let Some((_, error)) = refused.iter().find(|(item, _)| items.contains(item)) else { continue };
        // All of an ask or nothing: a certificate without its key keeps rqlited from starting.
        items.iter().for_each(|item| draft.take_out(item));
        obstacles.push((*topic, Obstacle::Template(error.to_string())));
    }
    obstacles
}

/// Node TLS starts at zero replicas without waiting for a change of the template, and then all else may start with it.
fn starts_without_pods(pending: &[Item], moment: &Moment) -> bool {
    let node_tls = |item: &Item| topic_of(item).is_some_and(|topic| topic.start == Start::NodeTls);
    !moment.template_changes && moment.due(Start::NodeTls) == Due::Now && pending.iter().any(node_tls)
}
