//! Names the price of the flag where it is injected: three voters, a count that is too low by now, a preStop hook of unknown length.
//! Says nothing where there is no price.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::role::Role;

use crate::decision::{Decision, is_flag};
use crate::flag_request::{FlagRequest, SHORTEST_GRACE_SECONDS};
use crate::identity::TOKEN;
use crate::obstacle::{FEWEST_VOTERS, FlagObstacle};
use crate::rule::not_injected;

/// ## What it says
/// What an injected `-raft-cluster-remove-shutdown=true` costs:
///
/// - in three voters, when it is injected or the count becomes three: a voter that dies within the lease of a leader that is
///   being stopped can leave two nodes deadlocked;
/// - when the set has fewer than three voters by now: the flag stays, since taking it out would restart every pod;
/// - when the manifest does not tell how long a preStop hook takes: the grace period is then 30 s, which may be too short. Not said
///   where the author gives more than 30 s.
/// ## Why
/// While one of three voters is restarted, the cluster has two. If one of these dies abruptly and the other is asked to stop
/// within its leader lease (500 ms), it has already written its own removal to its log: neither can be elected again, even with
/// both disks back (measured on rqlited 8.43.4, 9.4.5 and 10.2.7; without the flag the same event heals by itself). On the
/// other side is what the flag prevents: voters that are gone for good but still counted.
/// ## Example
/// ```yaml
/// spec:
///   replicas: 3
///   template:
///     spec:
///       containers:
///         - name: rqlite
///           image: rqlite/rqlite:10.2.7
///           args: ["-disco-mode=dns", "-disco-config={\"name\":\"rqlite-headless\"}", "-bootstrap-expect=3"]
/// ```
/// ## Instead
/// Run five voters, or decline:
/// ```yaml
/// args: ["-raft-cluster-remove-shutdown=false", "-disco-mode=dns", "-bootstrap-expect=3"]
/// ```
/// ## When the value is unknown
/// A role that cannot be read is a voter's. A preStop hook that cannot be read counts as none, and this rule says so.
pub(crate) const RULE: Rule = Rule::new(
    "injected",
    "names the price of an injected -raft-cluster-remove-shutdown=true",
    Severity::Low,
    Judges::Object,
);

pub(crate) fn evaluate(decision: &Decision) -> Vec<Finding> {
    let FlagRequest::Wanted { despite } = &decision.request else { return Vec::new() };
    let started = decision.reconciled.started().any(is_flag);
    if !started && !decision.listed {
        return Vec::new();
    }
    let hook = started.then(|| unknown_hook(decision)).flatten();
    cost(decision, despite.as_ref(), started).into_iter().chain(hook).collect()
}

fn cost(decision: &Decision, despite: Option<&FlagObstacle>, started: bool) -> Option<Finding> {
    let becomes = started || decision.old_replicas != Some(FEWEST_VOTERS);
    let finding = match despite {
        Some(obstacle @ FlagObstacle::Count(_)) => too_few(obstacle),
        _ if becomes && decision.replicas() == FEWEST_VOTERS && decision.node()?.role == Role::Voter => three(),
        _ => return None,
    };
    Some(finding.field(decision.path()))
}

fn three() -> Finding {
    let message = format!(
        "`{TOKEN}` in {FEWEST_VOTERS} voters: one that dies while a leader is being stopped can leave the other two deadlocked"
    );
    RULE.warn(message).remedy("run 5 voters, or decline with `-raft-cluster-remove-shutdown=false`")
}

fn too_few(obstacle: &FlagObstacle) -> Finding {
    RULE.warn(format!("{}; the injected `{TOKEN}` stays", not_injected::found(obstacle)))
        .remedy("run 3 voters or more, or decline with `-raft-cluster-remove-shutdown=false`")
}

fn unknown_hook(decision: &Decision) -> Option<Finding> {
    let shutdown = &decision.node()?.shutdown;
    // Its author has reckoned with the hook.
    if shutdown.pre_stop_seconds.is_some() || shutdown.grace_seconds > SHORTEST_GRACE_SECONDS {
        return None;
    }
    let message = format!("`{TOKEN}` needs 25 s after preStop, and how long preStop takes cannot be read");
    let field = format!("{}.lifecycle.preStop", decision.path());
    Some(
        RULE.warn(message)
            .field(field)
            .remedy("set `terminationGracePeriodSeconds` to its length + 25 s, and above 30"),
    )
}
