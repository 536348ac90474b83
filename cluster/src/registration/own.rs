//! The entries for policies that are not built in: one per match, as the module describes it, with its own conditions.
//! Nothing is known of what such a policy guards, so nothing is added but what never may be sent.

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;
use kubernetes::admission::Phase;

use super::cel;
use super::entry::{FailurePolicy, WebhookEntry, condition, operation_names};
use super::{Registered, RequestMatch, SUFFIX};

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
            rule: rule(matched),
            conditions: own.chain([condition("quorate.dev/not-vital", cel::not_vital())]).collect(),
        }
    };
    policy.matches.iter().enumerate().map(entry).collect()
}

/// The number goes before the policy's name: `a-2` may be another policy.
fn name(policy: &str, index: usize) -> String {
    match index {
        0 => format!("{policy}{SUFFIX}"),
        _ => format!("match-{}.{policy}{SUFFIX}", index + 1),
    }
}

fn rule(matched: &RequestMatch) -> RuleWithOperations {
    let with = |resource: &String| match matched.sub_resources.as_slice() {
        [] => vec![resource.clone()],
        several => several.iter().map(|sub_resource| format!("{resource}/{sub_resource}")).collect(),
    };
    RuleWithOperations {
        api_groups: Some(wildcard_alone(&matched.groups)),
        api_versions: Some(vec!["*".to_owned()]),
        operations: Some(operation_names(&matched.operations)),
        resources: Some(matched.resources.iter().flat_map(with).collect()),
        scope: Some("*".to_owned()),
    }
}

/// The API server refuses a group beside `*`.
fn wildcard_alone(groups: &[String]) -> Vec<String> {
    if groups.iter().any(|group| group == "*") { vec!["*".to_owned()] } else { groups.to_vec() }
}
