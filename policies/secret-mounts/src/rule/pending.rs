//! Warns of what takes effect later: asked for now, or no longer asked for, while the pod template stays as it is.

use quorate_sdk::injection::InjectionMark;
use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};

use super::not_mounted::{NO_MIXED_MODE, dashed, missing};
use crate::credential_kind::{CredentialKind, StartCondition, of_flag};
use crate::flag_state::gives_any;
use crate::node_tls_steps;
use crate::rule_input::RuleInput;
use crate::start_window::Due;

/// ## What it says
/// An annotation or a setting asks for something, or no longer asks for it, and this update does not change the pod template: it
/// takes effect with the next change. What node TLS asks for no longer, but may not go now, is said here too.
///
/// ## Why
/// A new flag restarts every pod of the set, one by one. An update that changes nothing in the template must not do that
/// without its author's knowledge, and the manifest from git, applied once more, must give the live template.
///
/// ## Example
/// ```text
/// kubectl annotate statefulset rqlite quorate.dev/auth-secret=rqlite-users
/// ```
///
/// ## Instead
/// Nothing is wrong. To have it now:
/// ```text
/// kubectl rollout restart statefulset/rqlite
/// ```
///
/// ## When the value is unknown
/// Whether the template changes is always known. Where pods are unknown, node TLS goes by the set's replicas and status.
pub const RULE: Rule = Rule::new(
    "pending",
    "what is asked for, or no longer, takes effect with the next change of the pod template",
    Severity::Low,
    Judges::Object,
);

pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    coming(input).into_iter().chain(leaving(input)).collect()
}

/// One warning for all that comes with the next change.
fn coming(input: &RuleInput) -> Option<Finding> {
    let waits = |topic: &CredentialKind| input.start_window.due(topic.start) == Due::WithTemplate;
    let mut waiting: Vec<_> = missing(input).into_iter().filter(|(request, _)| waits(request.topic)).collect();
    if !waiting.is_empty() {
        let obstacles = input.obstacles();
        waiting.retain(|(request, _)| !obstacles.iter().any(|(topic, _)| *topic == request.topic));
    }
    let (first, _) = waiting.first()?;
    let flags: Vec<&str> = waiting.iter().flat_map(|(_, flags)| flags.iter().copied()).collect();
    let verb = if flags.len() == 1 { "takes" } else { "take" };
    let finding = RULE
        .warn(format!("{}, now asked for, {verb} effect with the next change of the pod template", dashed(&flags)))
        .field(first.origin.field(first.topic))
        .remedy(restart(input));
    Some(finding)
}

fn restart(input: &RuleInput) -> String {
    format!("to have it now, run `kubectl rollout restart {}`", input.kubectl_name())
}

/// What was injected, is still there, and is not asked for any more: one warning for what goes with the next change, one
/// for node TLS that may not go.
fn leaving(input: &RuleInput) -> Vec<Finding> {
    let asked = |topic: &CredentialKind| {
        input.asked.requests.iter().any(|request| request.topic == topic && !request.flags.is_empty())
            || input.asked.invalid.iter().any(|invalid| invalid.topic == topic)
    };
    let given = |flag: &str| input.set.nodes.iter().any(|node| gives_any(node, flag));
    let left = input.injected.iter().filter_map(flag_of);
    let left = left.filter(|(topic, flag)| !asked(topic) && given(flag));
    let users = input.asked.requests.iter().any(|request| request.topic.key == "auth-secret")
        && !input.asked.lets_everybody_join();
    let (needed, left): (Vec<_>, Vec<_>) = left.partition(|(_, flag)| users && *flag == "join-as");
    let starts = [StartCondition::WithTemplate, StartCondition::NodeTls];
    let stays = starts.into_iter().filter_map(|start| stay(input, start, &left));
    needed.first().map(|_| user_stays()).into_iter().chain(stays).collect()
}

/// Without it no node joins any more.
fn user_stays() -> Finding {
    RULE.warn("`-join-as` stays, though not asked for any more: with `-auth` nodes need it to join each other")
        .remedy("name the user again in `quorate.dev/join-as`, or ask for no users either")
}

fn flag_of(mark: &InjectionMark) -> Option<(&'static CredentialKind, &'static str)> {
    let InjectionMark::Flag { token, .. } = mark else { return None };
    let (name, _) = token.strip_prefix('-')?.split_once('=')?;
    of_flag(name)
}

fn stay(input: &RuleInput, start: StartCondition, left: &[(&CredentialKind, &str)]) -> Option<Finding> {
    let flags: Vec<&str> = left.iter().filter(|(topic, _)| topic.start == start).map(|(_, flag)| *flag).collect();
    let verb = match flags.len() {
        0 => return None,
        1 => "stays",
        _ => "stay",
    };
    let flags = dashed(&flags);
    match input.start_window.due(start) {
        Due::NotNow(reason) => Some(
            RULE.warn(format!("{flags} {verb}, though not asked for any more: {reason}, {NO_MIXED_MODE}"))
                .remedy(node_tls_steps::of(input, reason)),
        ),
        Due::WithTemplate => Some(
            RULE.warn(format!(
                "{flags} {verb} until the next change of the pod template, though not asked for any more"
            ))
            .remedy(restart(input)),
        ),
        Due::Now => None,
    }
}
