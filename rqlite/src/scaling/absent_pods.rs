//! Which pods of a set do not count among the voters that answer, and why.
//! What a view says of their nodes is not asked here.

use crate::change::{self, Ordinals};
use crate::facts::Pod;
use crate::scaling::current_state::CurrentState;

/// Pods by what is known against them. No ordinal is on its way out and silent at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AbsentPods {
    /// Terminating: drained, restarted, or dropped.
    pub terminating: Ordinals,
    /// Another admission let them go a moment ago.
    pub reserved: Ordinals,
    /// Own ordinals without a pod; none where pods are not known.
    pub missing: Ordinals,
    /// Not ready, or their rqlited does not run.
    pub unready: Ordinals,
    /// Pods beyond the set's own ordinals.
    pub beyond: Ordinals,
}

impl AbsentPods {
    pub(super) fn of(current: &CurrentState) -> Self {
        let facts = current.facts();
        let pods = || facts.pods.iter().flatten();
        let ordinal = |pod: &Pod| change::ordinal(current.set, &pod.name);
        let where_ =
            |is: &dyn Fn(&Pod) -> bool| -> Ordinals { pods().filter(|pod| is(pod)).filter_map(ordinal).collect() };
        let terminating = where_(&|pod| pod.terminating);
        let let_go = facts.leaving.iter().filter(|entry| {
            let named = pods().find(|pod| pod.name == entry.name);
            named.is_none_or(|pod| entry.is(pod))
        });
        let let_go: Ordinals = let_go.filter_map(|entry| change::ordinal(current.set, &entry.name)).collect();
        let reserved = let_go.without(&terminating);
        let out = terminating.with(&reserved);
        let known = change::pod_ordinals(current.set, facts);
        let missing = known.as_ref().map_or_else(Ordinals::default, |known| current.running.without(known));
        let unready = where_(&|pod| pod.ready == Some(false) || pod.running == Some(false));
        AbsentPods {
            missing: missing.without(&out),
            unready: unready.without(&out),
            beyond: known.unwrap_or_default().without(&current.running),
            terminating,
            reserved,
        }
    }

    /// Pods that stop whatever this request does.
    pub fn on_the_way_out(&self) -> Ordinals {
        self.terminating.with(&self.reserved)
    }

    /// Pods that do not answer, as far as pods tell it.
    pub fn silent(&self) -> Ordinals {
        self.missing.with(&self.unready)
    }
}
