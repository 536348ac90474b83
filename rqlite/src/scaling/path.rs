//! The whole way down to a count, step by step: each step as it would be admitted once the steps before it are done.
//! Plans; carries nothing out.

#[cfg(test)]
mod tests;

use crate::change::{self, Change, Ordinals};
use crate::cluster::RqliteSet;
use crate::facts::Facts;
use crate::manifest::StatefulSet;
use crate::scaling::before::{Before, Data};
use crate::scaling::cluster::Cluster;
use crate::scaling::down::Down;
use crate::scaling::way::Way;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// What has to come before, and its commands.
    Way { way: Way, commands: Vec<String> },
    /// The count that was asked for can be reached now.
    Arrive { command: String },
}

/// What is known between two steps.
struct Halt<'a> {
    set: StatefulSet,
    rqlite: &'a RqliteSet,
    facts: Facts,
    running: Ordinals,
}

/// The steps from the set as it is to `to` replicas, in order. Ends early at a step behind which nothing can be foreseen: voters that have to
/// come back, or no way by what is known. `base` is where a node answers HTTP: `http://localhost:4001`.
pub fn path_down(
    set: &StatefulSet,
    rqlite: &RqliteSet,
    facts: &Facts,
    to: u32,
    namespace: &str,
    base: &str,
) -> Vec<PathStep> {
    let mut halt = Halt { set: set.clone(), rqlite, facts: facts.clone(), running: change::ordinals(set) };
    let mut steps = Vec::new();
    // Each step lowers the count or removes a voter.
    while steps.len() < LONGEST {
        let step = halt.step(to, namespace, base);
        let goes_on = halt.take(&step, to);
        steps.push(step);
        if !goes_on {
            break;
        }
    }
    steps
}

/// Steps; 64 voters halve six times, and each half needs one removal.
const LONGEST: usize = 32;

impl Halt<'_> {
    fn step(&self, to: u32, namespace: &str, base: &str) -> PathStep {
        let data = Data::of(&self.set, self.rqlite);
        let before = Before::new(&self.set, Some(self.rqlite), self.running.clone(), data, &self.facts);
        let cluster = Cluster::of(&before);
        let first = self.running.lowest().unwrap_or_default();
        let change = Change { old: self.running.clone(), new: Ordinals::first(first, to) };
        if Down::of(&cluster, &change.leaving()).allowed() {
            let name = change::name(&self.set);
            return PathStep::Arrive {
                command: format!("kubectl -n {namespace} scale statefulset {name} --replicas={to}"),
            };
        }
        let way = Way::down(&cluster, &change);
        let commands = way.commands(&cluster, namespace, base);
        PathStep::Way { way, commands }
    }

    /// Takes the step as done; false: nothing can be foreseen behind it.
    fn take(&mut self, step: &PathStep, to: u32) -> bool {
        let PathStep::Way { way, .. } = step else { return false };
        match way {
            Way::ScaleThenRemove { target, remove: ids } | Way::RemoveDead { dead: ids, target } => {
                self.running = Ordinals::first(self.running.lowest().unwrap_or_default(), *target);
                self.remove(&ids.named) && *target > to
            }
            Way::RemoveFirst { remove } => self.remove(&remove.named),
            Way::Wait { .. } | Way::JoinFirst { .. } | Way::BringBack { .. } | Way::Stay => false,
        }
    }

    /// Without a view a removal would not be seen, so that nothing can be said of the next step.
    fn remove(&mut self, ids: &[String]) -> bool {
        let Some(view) = &mut self.facts.membership else { return false };
        view.members.retain(|member| !ids.contains(&member.id));
        !ids.is_empty()
    }
}
