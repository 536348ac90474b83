//! Warns of what takes effect later: asked for now, or no longer asked for, while the pod template stays as it is.

use quorate_sdk::injection::Mark;
use quorate_sdk::{Finding, Rule};

use super::not_mounted::{NO_MIXED_MODE, dashed, missing};
use crate::moment::Due;
use crate::situation::Situation;
use crate::standing::gives_any;
use crate::topic::{Start, Topic, of_flag};
use crate::way;

/// ## What it says
/// An annotation or a setting asks for something, or no longer asks for it, and this update does not change the pod template: it
/// takes effect with the next change. What node TLS asks for no longer, but may not go now, is said here too.
///
/// ## Why
/// A new flag restarts every pod of the set, one by one. An update that changes nothing in the template must not do that behind
/// its author's back, and the manifest from git, applied once more, must give the live template.
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
pub const RULE: Rule = Rule {
    id: "pending",
    summary: "what is asked for, or no longer, takes effect with the next change of the pod template",
};

pub fn judge(situation: &Situation) -> Vec<Finding> {
    coming(situation).into_iter().chain(leaving(situation)).collect()
}

/// One warning for all that comes with the next change.
fn coming(situation: &Situation) -> Option<Finding> {
    let waits = |topic: &Topic| situation.moment.due(topic.start) == Due::WithTemplate;
    let mut waiting: Vec<_> = missing(situation).into_iter().filter(|(ask, _)| waits(ask.topic)).collect();
    if !waiting.is_empty() {
        let obstacles = situation.obstacles();
        waiting.retain(|(ask, _)| !obstacles.iter().any(|(topic, _)| *topic == ask.topic));
    }
    let (first, _) = waiting.first()?;
    let flags: Vec<&str> = waiting.iter().flat_map(|(_, flags)| flags.iter().copied()).collect();
    let verb = if flags.len() == 1 { "takes" } else { "take" };
    let finding = RULE
        .warn(format!("{}, now asked for, {verb} effect with the next change of the pod template", dashed(&flags)))
        .field(first.origin.field(first.topic))
        .remedy(restart(situation));
    Some(finding)
}

fn restart(situation: &Situation) -> String {
    format!("to have it now, run `kubectl rollout restart {}`", situation.kubectl_name())
}

/// What was injected, is still there, and is not asked for any more: one warning for what goes with the next change, one
/// for node TLS that may not go.
fn leaving(situation: &Situation) -> Vec<Finding> {
    let asked = |topic: &Topic| {
        situation.asked.asks.iter().any(|ask| ask.topic == topic && !ask.flags.is_empty())
            || situation.asked.invalid.iter().any(|invalid| invalid.topic == topic)
    };
    let given = |flag: &str| situation.set.nodes.iter().any(|node| gives_any(node, flag));
    let left = situation.injected.iter().filter_map(flag_of);
    let left = left.filter(|(topic, flag)| !asked(topic) && given(flag));
    let users =
        situation.asked.asks.iter().any(|ask| ask.topic.key == "auth-secret") && !situation.asked.lets_everybody_join();
    let (needed, left): (Vec<_>, Vec<_>) = left.partition(|(_, flag)| users && *flag == "join-as");
    let starts = [Start::WithTemplate, Start::NodeTls];
    let stays = starts.into_iter().filter_map(|start| stay(situation, start, &left));
    needed.first().map(|_| user_stays()).into_iter().chain(stays).collect()
}

/// Without it no node joins any more.
fn user_stays() -> Finding {
    RULE.warn("`-join-as` stays, though not asked for any more: with `-auth` nodes need it to join each other")
        .remedy("name the user again in `quorate.dev/join-as`, or ask for no users either")
}

fn flag_of(mark: &Mark) -> Option<(&'static Topic, &'static str)> {
    let Mark::Flag { token, .. } = mark else { return None };
    let (name, _) = token.strip_prefix('-')?.split_once('=')?;
    of_flag(name)
}

fn stay(situation: &Situation, start: Start, left: &[(&Topic, &str)]) -> Option<Finding> {
    let flags: Vec<&str> = left.iter().filter(|(topic, _)| topic.start == start).map(|(_, flag)| *flag).collect();
    let verb = match flags.len() {
        0 => return None,
        1 => "stays",
        _ => "stay",
    };
    let flags = dashed(&flags);
    match situation.moment.due(start) {
        Due::NotNow(reason) => Some(
            RULE.warn(format!("{flags} {verb}, though not asked for any more: {reason}, {NO_MIXED_MODE}"))
                .remedy(way::of(situation, reason)),
        ),
        Due::WithTemplate => Some(
            RULE.warn(format!(
                "{flags} {verb} until the next change of the pod template, though not asked for any more"
            ))
            .remedy(restart(situation)),
        ),
        Due::Now => None,
    }
}
