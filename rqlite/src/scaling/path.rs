//! The whole way down to a count, step by step: each step as it would be admitted once the steps before it are done.
//! Plans; carries nothing out.

#[cfg(test)]
mod tests;

use crate::change::{self, OrdinalChange, Ordinals};
use crate::cluster::RqliteSet;
use crate::facts::Facts;
use crate::scaling::cluster_state::ClusterState;
use crate::scaling::current_state::{CurrentState, DataLocation};
use crate::scaling::next_step::{NextStep, leads_over_two};
use crate::scaling::scale_down::ScaleDown;
use crate::value::Value;
use kubernetes::manifest::StatefulSet;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// What has to come before.
    Next(NextStep),
    /// The nodes have to stop removing themselves first: two of them can block each other for good. Where the flag stands is the
    /// manifest's matter.
    EndSelfRemoval,
    /// This count, that was asked for, can be reached now.
    Arrive(u32),
}

/// What is known between two steps.
struct PathState {
    set: StatefulSet,
    rqlite: RqliteSet,
    facts: Facts,
    running: Ordinals,
}

/// The steps from the set as it is to `to` replicas, in order. Ends early at a step behind which nothing can be foreseen: voters that have to
/// come back, or no way by what is known.
pub fn path_down(set: &StatefulSet, rqlite: &RqliteSet, facts: &Facts, to: u32) -> Vec<PathStep> {
    let mut halt =
        PathState { set: set.clone(), rqlite: rqlite.clone(), facts: facts.clone(), running: change::ordinals(set) };
    let mut steps = Vec::new();
    // Each step lowers the count, removes a voter, or ends self-removal.
    while steps.len() < LONGEST {
        let step = halt.step(to);
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

impl PathState {
    fn step(&self, to: u32) -> PathStep {
        let data = DataLocation::of(&self.set, &self.rqlite);
        let current = CurrentState::new(&self.set, Some(&self.rqlite), self.running.clone(), data, &self.facts);
        let cluster = ClusterState::of(&current);
        let first = self.running.lowest().unwrap_or_default();
        let change = OrdinalChange { old: self.running.clone(), new: Ordinals::first(first, to) };
        let allowed = ScaleDown::of(&cluster, &change.leaving()).allowed();
        let next = (!allowed).then(|| NextStep::down(&cluster, &change));
        if next.as_ref().is_none_or(NextStep::shrinks) && current.all_remove_themselves() && leads_over_two(&change) {
            return PathStep::EndSelfRemoval;
        }
        next.map_or(PathStep::Arrive(to), PathStep::Next)
    }

    /// Takes the step as done; false: nothing can be foreseen behind it.
    fn take(&mut self, step: &PathStep, to: u32) -> bool {
        let next = match step {
            PathStep::Next(next) => next,
            PathStep::EndSelfRemoval => return self.end_self_removal(),
            PathStep::Arrive(_) => return false,
        };
        match next {
            NextStep::ScaleThenRemove { target, remove: ids } | NextStep::RemoveDead { dead: ids, target } => {
                self.running = Ordinals::first(self.running.lowest().unwrap_or_default(), *target);
                self.remove(&ids.named) && *target > to
            }
            NextStep::RemoveFirst { remove } => self.remove(&remove.named),
            NextStep::Wait { .. } | NextStep::JoinFirst { .. } | NextStep::BringBack { .. } | NextStep::Stay => false,
        }
    }

    fn end_self_removal(&mut self) -> bool {
        for node in &mut self.rqlite.nodes {
            node.shutdown.remove = Some(Value::Known(false));
            node.shutdown.may_remove = false;
        }
        for pod in self.facts.pods.iter_mut().flatten() {
            pod.remove_on_shutdown = Some(false);
        }
        true
    }

    /// Without a view a removal would not be seen, so that nothing can be said of the next step.
    fn remove(&mut self, ids: &[String]) -> bool {
        let Some(view) = &mut self.facts.membership else { return false };
        view.members.retain(|member| !ids.contains(&member.id));
        !ids.is_empty()
    }
}
