//! The steps down as commands for a shell.
//! Which steps there are is rqlite's matter.

use rqlite::scaling::{Ids, NextStep, PathStep};

use crate::args::ObjectName;

/// Where they are carried out.
pub(super) struct CommandTarget<'p> {
    pub(super) set: &'p ObjectName,
    /// Where a node answers HTTP: `http://localhost:4001`.
    pub(super) base: &'p str,
}

impl CommandTarget<'_> {
    /// `DELETE /remove` takes one node at a time and answers 200 for an unknown id too (rqlite.io/docs/clustering), so `/nodes` has the
    /// last word.
    pub(super) fn commands(&self, step: &PathStep) -> Vec<String> {
        let ObjectName { namespace, name } = self.set;
        match step {
            PathStep::EndSelfRemoval => vec![format!(
                "# first set -raft-cluster-remove-shutdown=false in {namespace}/{name}, and wait for the rollout: two voters that remove \
                 themselves can block each other for good"
            )],
            PathStep::Arrive(count) => vec![self.scale(*count)],
            PathStep::Next(NextStep::ScaleThenRemove { target, remove }) => {
                [vec![self.scale(*target)], self.removals(remove), vec![self.look()]].concat()
            }
            PathStep::Next(NextStep::RemoveDead { dead, target }) => {
                [self.removals(dead), vec![self.look(), self.scale(*target)]].concat()
            }
            PathStep::Next(NextStep::RemoveFirst { remove }) => [self.removals(remove), vec![self.look()]].concat(),
            PathStep::Next(
                NextStep::Wait { .. } | NextStep::JoinFirst { .. } | NextStep::BringBack { .. } | NextStep::Stay,
            ) => {
                vec![self.look()]
            }
        }
    }

    fn scale(&self, count: u32) -> String {
        let ObjectName { namespace, name } = self.set;
        format!("kubectl -n {namespace} scale statefulset {name} --replicas={count}")
    }

    fn removals(&self, ids: &Ids) -> Vec<String> {
        let id = |name: &String| if ids.guessed { format!("<id of {name}>") } else { name.clone() };
        let one = |name: &String| format!("curl -X DELETE '{}/remove' -d '{{\"id\":\"{}\"}}'", self.base, id(name));
        ids.named.iter().rev().map(one).collect()
    }

    fn look(&self) -> String {
        format!("curl '{}/nodes?nonvoters&ver=2'", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_scales_removes_one_by_one_and_looks() {
        let set = ObjectName { namespace: "db".to_owned(), name: "rqlite".to_owned() };
        let place = CommandTarget { set: &set, base: "http://rqlite-0.rqlite-svc-internal:4001" };
        let remove = Ids::of(["rqlite-3", "rqlite-4"].map(str::to_owned).into_iter(), 2);
        assert_eq!(
            place.commands(&PathStep::Next(NextStep::ScaleThenRemove { target: 3, remove })),
            [
                "kubectl -n db scale statefulset rqlite --replicas=3",
                "curl -X DELETE 'http://rqlite-0.rqlite-svc-internal:4001/remove' -d '{\"id\":\"rqlite-4\"}'",
                "curl -X DELETE 'http://rqlite-0.rqlite-svc-internal:4001/remove' -d '{\"id\":\"rqlite-3\"}'",
                "curl 'http://rqlite-0.rqlite-svc-internal:4001/nodes?nonvoters&ver=2'",
            ]
        );
    }
}
