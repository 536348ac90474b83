//! The entries for policies that are not built in: one per match, as the module describes it, with its own conditions.
//! Nothing is known of what such a policy guards, so nothing is added but what never may be sent.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;
use kubernetes::admission::{Operation, Phase};

use super::cel;
use super::entry::{FailurePolicy, Selectors, WebhookEntry, condition, operation_names};
use super::{Narrowed, Registered, RequestMatch, SUFFIX};

pub(super) fn entries(policies: &[Registered], phase: Phase) -> Vec<WebhookEntry> {
    let own = policies.iter().filter(|policy| !policy.built_in && policy.phases.contains(&phase));
    own.flat_map(|policy| of_policy(policy, phase)).collect()
}

fn of_policy(policy: &Registered, phase: Phase) -> Vec<WebhookEntry> {
    let refuses = policy.fails && phase == Phase::Validate;
    let unreachable = if refuses { FailurePolicy::Fail } else { FailurePolicy::Ignore };
    let entry = |(index, matched): (usize, &RequestMatch)| {
        let own = matched.conditions.iter().map(|(name, expression)| condition(name, expression.clone()));
        WebhookEntry {
            name: name(&policy.name, index),
            failure_policy: unreachable,
            rule: rule(matched, policy.narrowed.operations.as_ref()),
            conditions: own.chain([condition("quorate.dev/not-vital", cel::not_vital())]).collect(),
            selectors: selectors(&policy.narrowed, matched),
        }
    };
    policy.matches.iter().enumerate().map(entry).filter(|entry| asks(&entry.rule)).collect()
}

/// The number goes before the policy's name: `a-2` may be another policy.
fn name(policy: &str, index: usize) -> String {
    match index {
        0 => format!("{policy}{SUFFIX}"),
        _ => format!("match-{}.{policy}{SUFFIX}", index + 1),
    }
}

/// A rule without an operation asks for nothing.
fn asks(rule: &RuleWithOperations) -> bool {
    rule.operations.as_ref().is_some_and(|operations| !operations.is_empty())
}

/// Of a sub-resource the object that is sent has none of its parent's labels: the engine selects those itself.
fn selectors(narrowed: &Narrowed, matched: &RequestMatch) -> Selectors {
    let whole = matched.sub_resources.is_empty() && !matched.resources.iter().any(|resource| resource.contains('/'));
    Selectors {
        namespaces: narrowed.namespace_selector.clone(),
        exclude_namespaces: narrowed.exclude_namespaces.clone(),
        objects: narrowed.object_selector.clone().filter(|_| whole),
    }
}

fn rule(matched: &RequestMatch, narrowed: Option<&BTreeSet<Operation>>) -> RuleWithOperations {
    let operations: Vec<Operation> =
        matched.operations.iter().copied().filter(|asked| narrowed.is_none_or(|only| only.contains(asked))).collect();
    let with = |resource: &String| match matched.sub_resources.as_slice() {
        [] => vec![resource.clone()],
        several => several.iter().map(|sub_resource| format!("{resource}/{sub_resource}")).collect(),
    };
    RuleWithOperations {
        api_groups: Some(wildcard_alone(&matched.groups)),
        api_versions: Some(wildcard_alone(&matched.versions)),
        operations: Some(operation_names(&operations)),
        resources: Some(matched.resources.iter().flat_map(with).collect()),
        scope: Some("*".to_owned()),
    }
}

/// The API server refuses a group or a version beside `*`.
fn wildcard_alone(names: &[String]) -> Vec<String> {
    if names.iter().any(|name| name == "*") { vec!["*".to_owned()] } else { names.to_vec() }
}
