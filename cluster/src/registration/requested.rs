//! What all built-in policies together ask for: of a resource the union of their operations, and whether any of them refuses.
//! Policies of one's own are registered each for itself (`own`).

use kubernetes::admission::{Operation, Phase};
use kubernetes::request::Resource;

use super::entry::FailurePolicy;
use super::{Registered, RequestMatch};

pub(super) struct RequestedRules<'a> {
    built_in: Vec<&'a Registered>,
}

impl<'a> RequestedRules<'a> {
    pub(super) fn by(policies: &'a [Registered]) -> Self {
        Self { built_in: policies.iter().filter(|policy| policy.built_in).collect() }
    }

    /// The operations on the resource in this phase; None if nobody asks for any. Refused when we are down is only what some policy
    /// could deny: with all of them in `mode: warn`, nothing.
    pub(super) fn of(&self, phase: Phase, resource: Resource) -> Option<(Vec<Operation>, FailurePolicy)> {
        let mut operations = Vec::new();
        let mut unreachable = FailurePolicy::Ignore;
        for policy in self.built_in.iter().filter(|policy| policy.phases.contains(&phase)) {
            for rule in policy.matches.iter().filter(|rule| concerns(rule, resource)) {
                operations.extend(rule.operations.iter().copied());
                if policy.fails {
                    unreachable = FailurePolicy::Fail;
                }
            }
        }
        (!operations.is_empty()).then_some((operations, unreachable))
    }
}

fn concerns(rule: &RequestMatch, resource: Resource) -> bool {
    let lists = |list: &[String], wanted: &str| list.iter().any(|item| item == wanted);
    lists(&rule.groups, resource.group)
        && lists(&rule.resources, resource.plural)
        && match resource.sub_resource {
            Some(sub_resource) => lists(&rule.sub_resources, sub_resource),
            None => rule.sub_resources.is_empty(),
        }
}
