//! Refuses that so many voters leave at once that those which stay cannot decide.
//! Not scaling to zero (`scale_to_zero`), which stops the cluster on purpose.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::change::{OrdinalChange, Ordinals};
use rqlite::quorum::Quorum;
use rqlite::scaling::{
    ClusterState, Ids, MembershipSource, NextStep, ScaleDown, ScaleDownBound, ScaleDownOutcome, lowest_safe,
    stop_sequence,
};

use crate::claimed_voters::ClaimedVoters;
use crate::membership_source;
use crate::rule::scale_while_scaling;
use crate::transition::{Transition, TransitionRequest};
use crate::words;

/// ## What it refuses
/// Lowering the replicas of a voter set, or moving `spec.ordinals.start`, so that fewer voters stay than the quorum of the
/// cluster *as it is now*: 3 -> 1, 5 -> 2, 9 -> 4, by `kubectl scale`, `kubectl apply`, Helm or an autoscaler alike.
/// 3 -> 2, 5 -> 3 and 9 -> 5 pass with a warning that names the dead voters they leave behind.
///
/// The next step down is refused as well while the nodes dropped before are still voters.
///
/// ## Why
/// Stopping a pod does not take its node out of the Raft configuration: it stays a voter that never answers. The quorum is
/// more than half of all *configured* voters, so 3 -> 1 leaves 1 of 3 where 2 must agree. The cluster then neither reads
/// consistently nor writes, and cannot be repaired by API, because a removal needs a leader as well
/// (rqlite.io/docs/clustering/general-guidelines, "Dealing with failure").
///
/// `-raft-cluster-remove-shutdown=true` is no way around it. Where several pods stop together and the leader is one of them,
/// only its own removal is certain: it exits at once, the others find no leader for longer than they try. 3 -> 1 with that flag and
/// `podManagementPolicy: Parallel` lost the quorum in 11 of 25 runs (measured on rqlited 10.2.7); 5 -> 3 and 4 -> 2 in none of 20.
/// Where they stop one by one (`OrderedReady`), a preStop `sleep` of 3 s gives the others time for an election, and a grace period of at
/// least 12 s more gives each the time to remove itself: then 5 -> 1 passes while a leader is seen.
///
/// ## Example
/// ```text
/// $ kubectl -n db scale statefulset rqlite --replicas=1
/// replicas 3 -> 1 leaves 1 of 3 voters, quorum is 2
/// ```
///
/// ## Instead
/// Go down in steps, and remove the nodes of each step before the next one:
/// ```sh
/// kubectl -n db scale statefulset rqlite --replicas=3        # from 5
/// curl -X DELETE http://rqlite-0.rqlite-svc-internal:4001/remove -d '{"id":"rqlite-4"}'
/// curl -X DELETE http://rqlite-0.rqlite-svc-internal:4001/remove -d '{"id":"rqlite-3"}'
/// curl 'http://rqlite-0.rqlite-svc-internal:4001/nodes?nonvoters&ver=2'   # they are gone: /remove answers 200 for any id
/// ```
/// From two voters to one, remove the node first, while it still runs, and scale then.
/// Terminating pods do not count as answering, so wait until they are back.
///
/// ## When the value is unknown
/// With a view of the membership that names a leader, its voters count; of these, those answer that are reachable and not terminating.
/// Without one, every ordinal of the old object counts as a voter, and so does every node with a claim or in the last known membership.
/// Of the object's own ordinals those answer whose pods are not known to be missing or not ready. Self-removal does not count then.
/// The message says what was assumed. A removal that nobody could see does not count: give the membership, or use break-glass.
/// A set whose role cannot be read counts as voters. A removal flag that cannot be read counts as off, and so does one beside `-auth`:
/// whether the node's user may remove cannot be seen.
pub(crate) const RULE: Rule = Rule::new(
    "scale-below-quorum",
    "fewer voters stay than the quorum of the cluster as it is now",
    Severity::Critical,
    Judges::Change,
);

/// Evaluates the ordinals that leave, where some stay.
pub(crate) fn evaluate(transition: &Transition, cluster: &ClusterState) -> Option<Finding> {
    let change = &transition.change;
    let leaving = change.leaving();
    if leaving.is_empty() || change.new.is_empty() {
        return None;
    }
    let down = ScaleDown::of(cluster, &leaving);
    let finding = match down.outcome {
        ScaleDownOutcome::NoVoterLeaves => return None,
        ScaleDownOutcome::Holds(bound) => holds(change, cluster, &down, bound),
        ScaleDownOutcome::LostAlready => lost_already(change, cluster, &down),
        ScaleDownOutcome::Breaks => breaks(transition, cluster, &down),
    };
    Some(finding.field(words::field(change)))
}

fn holds(change: &OrdinalChange, cluster: &ClusterState, down: &ScaleDown, bound: ScaleDownBound) -> Finding {
    let unlisted = cluster.pods(&cluster.unlisted_leaving(&change.leaving()));
    let names = words::names(&down.leaving);
    let unmatched_voters = cluster.unmatched_voters_leaving(&change.leaving());
    let what = match bound {
        ScaleDownBound::Strict if unmatched_voters > 0 => {
            let dead = down.leaving.count.saturating_add(unmatched_voters);
            format!(
                "{}, and {dead} of them {} (the leaving pods may be {}, which match no pod)",
                words::tolerance(down.after.failure_tolerance()),
                if dead == 1 { "stays as a dead voter" } else { "stay as dead voters" },
                words::names(&cluster.unmatched_voters())
            )
        }
        ScaleDownBound::Strict if down.leaving.is_empty() => {
            let dead = words::verb(&unlisted, "may stay as a dead voter", "may stay as dead voters");
            format!("{}, and {} {dead}", words::tolerance(down.after.failure_tolerance()), words::names(&unlisted))
        }
        ScaleDownBound::Strict if down.remove_themselves => {
            let until = if gains(down) { " until" } else { ", also once" };
            let itself = words::verb(&down.leaving, "itself", "themselves");
            format!(
                "{}{until} {names} removed {itself} from the cluster",
                words::tolerance(down.after.failure_tolerance())
            )
        }
        ScaleDownBound::Strict => {
            let dead = words::verb(&down.leaving, "stays as a dead voter", "stay as dead voters");
            format!("{}, and {names} {dead}", words::tolerance(down.after.failure_tolerance()))
        }
        ScaleDownBound::Relaxed | ScaleDownBound::Sequential => {
            let own = words::verb(&down.leaving, "removes itself when it stops", "remove themselves when they stop");
            format!("it holds only because {names} {own}")
        }
    };
    let remedy = if unmatched_voters > 0 {
        "see in `/nodes` which nodes stopped, and remove those (`DELETE /remove`)".to_owned()
    } else if down.remove_themselves {
        format!("check `/nodes` for {names} afterwards, and remove what is still listed (`DELETE /remove`)")
    } else {
        format!("remove {} from the cluster (`DELETE /remove`), then check `/nodes`", words::nodes(&down.leaving))
    };
    let numbers = words::leaves(down.after);
    RULE.warn(format!("{} {numbers}: {what}{}", words::counts(change), membership_source::assumed(cluster)))
        .remedy(remedy)
}

/// The removal of those that leave raises the tolerance.
fn gains(down: &ScaleDown) -> bool {
    let voters = down.after.voters.saturating_sub(down.leaving.count);
    Quorum { voters, ..down.after }.failure_tolerance() > down.after.failure_tolerance()
}

fn lost_already(change: &OrdinalChange, cluster: &ClusterState, down: &ScaleDown) -> Finding {
    let standing = words::answering(down.before);
    let basis = membership_source::of(cluster);
    RULE.warn(format!("{} while only {standing}: no reachable voter leaves{basis}", words::counts(change)))
        .remedy("when you recover by `peers.json`, list exactly the nodes that survive")
}

fn breaks(transition: &Transition, cluster: &ClusterState, down: &ScaleDown) -> Finding {
    let change = &transition.change;
    let counts = words::counts(change);
    let claimed = ClaimedVoters::of(cluster);
    let claims = claimed.as_ref().map_or("", |claimed| &claimed.message);
    let message = if cluster.is_lost() {
        format!("{counts} stops {} while only {}{claims}", stopped(cluster, change), words::answering(down.before))
    } else {
        let (numbers, absent) = (words::leaves(down.after), words::absent(cluster, &change.leaving()));
        format!("{counts} {numbers}{absent}{}{claims}", lost_by(cluster, change, down))
    } + &membership_source::of(cluster);
    let way = remedy(transition, cluster, down);
    let finding = RULE.deny(message).remedy(claimed.map_or(String::new(), |claimed| claimed.remedy) + &way);
    if down.passing { finding.retry(None) } else { finding }
}

/// Who stops while the quorum is lost. The list of a minority may be old: who is not in it is not called a voter.
fn stopped(cluster: &ClusterState, change: &OrdinalChange) -> String {
    let leaving = change.leaving();
    let listed = cluster.listed_leaving(&leaving).iter().any(|voter| voter.reachable);
    let unlisted = cluster.pods(&cluster.unlisted_leaving(&leaving));
    if listed || unlisted.is_empty() {
        return "reachable voters".to_owned();
    }
    let which = words::verb(&unlisted, "which is", "which are");
    format!("{}, {which} in no entry of a list that may be old,", words::names(&unlisted))
}

/// Where pods stop one by one, the one whose stop is one too many.
fn lost_by(cluster: &ClusterState, change: &OrdinalChange, down: &ScaleDown) -> String {
    if !down.remove_themselves || !cluster.current_state().stops_one_by_one() {
        return String::new();
    }
    let steps = stop_sequence(cluster, &change.leaving());
    let lost = steps.iter().find(|step| !step.after.has_quorum());
    lost.map_or(String::new(), |step| format!(", lost when {} stops one by one with the others", step.id))
}

/// A way down that this installation would admit.
fn remedy(transition: &Transition, cluster: &ClusterState, down: &ScaleDown) -> String {
    let change = &transition.change;
    if let Some((old, new)) = change.old.lowest().zip(change.new.lowest()).filter(|(old, new)| old != new)
        && transition.via != TransitionRequest::Recreation
    {
        if !change.coming().is_empty() {
            return format!("keep spec.ordinals.start at {old}: {new} replaces pods by others, with other claims");
        }
        let same_start = OrdinalChange { old: change.old.clone(), new: Ordinals::first(old, change.new.count()) };
        return match lowest_safe(cluster, &same_start) {
            Some(target) => format!("keep spec.ordinals.start at {old} and scale to {target}"),
            None => format!("keep spec.ordinals.start at {old}, where pods leave from the highest ordinal on"),
        };
    }
    let way = match NextStep::down(cluster, change) {
        NextStep::Wait { pods } => {
            let are = words::verb(&pods, "is", "are");
            format!("wait until {} {are} back, then {}", words::names(&pods), once_back(transition, cluster))
        }
        NextStep::ScaleThenRemove { target, remove } => scale_then_remove(transition, cluster, down, target, &remove),
        NextStep::RemoveDead { dead, target } => {
            format!("remove the dead {} from the cluster, then {} {target}", words::names(&dead), to(transition))
        }
        NextStep::RemoveFirst { remove } => remove_first(transition, cluster, &remove),
        NextStep::JoinFirst { only } => {
            let (names, last) = (words::names(&only), words::verb(&only, "the last voter", "the last voters"));
            format!(
                "let a node that stays become a voter first (see `/nodes`), as rqlited does not remove {last}, {names}; or use break-glass"
            )
        }
        NextStep::BringBack { missing } => bring_back(cluster, &missing),
        NextStep::Stay => stay(cluster, down),
    };
    if scale_while_scaling::is_in_progress(transition) { format!("once the last step has ended, {way}") } else { way }
}

/// What is admitted once the pods that are on their way out are back.
fn once_back(transition: &Transition, cluster: &ClusterState) -> String {
    let (change, without_stopping) = (&transition.change, cluster.without_stopping());
    let asked = ScaleDown::of(&without_stopping, &change.leaving()).allowed();
    match lowest_safe(&without_stopping, change).filter(|_| !asked) {
        Some(target) => format!("{} {target}", to(transition)),
        None => "try again".to_owned(),
    }
}

fn to(transition: &Transition) -> &'static str {
    if transition.via == TransitionRequest::Recreation { "create it with replicas" } else { "scale to" }
}

/// What has to be there before a removal can be seen; None: it can be.
fn unseen(cluster: &ClusterState) -> Option<&'static str> {
    match (cluster.source, &cluster.current_state().facts().unseen) {
        (MembershipSource::Leader, _) => None,
        (MembershipSource::Leaderless, _) if cluster.is_lost() => {
            Some("get a leader back (no node names one that could remove it)")
        }
        (MembershipSource::Leaderless, _) => Some("wait for a leader (an election takes seconds)"),
        (MembershipSource::LastKnown | MembershipSource::ReplicaCount, None) => {
            Some("give the membership (none was given, so no removal can be seen)")
        }
        (MembershipSource::LastKnown | MembershipSource::ReplicaCount, Some(_)) => {
            Some("let Quorate see it (no node could be asked: docs/operations.md)")
        }
    }
}

fn scale_then_remove(
    transition: &Transition,
    cluster: &ClusterState,
    down: &ScaleDown,
    target: u32,
    remove: &Ids,
) -> String {
    let to = to(transition);
    match unseen(cluster) {
        None if down.remove_themselves => {
            format!("{to} {target}, wait until the leaving nodes are gone from `/nodes`, remove what stays, then go on")
        }
        None if remove.is_empty() => {
            format!("{to} {target}, remove the nodes of the pods that left from the cluster, then go on")
        }
        None => format!("{to} {target}, remove {} from the cluster, then go on", words::names(remove)),
        Some(unseen) => {
            format!("{to} {target}; to go lower remove {} and {unseen}, or use break-glass", words::nodes(remove))
        }
    }
}

fn remove_first(transition: &Transition, cluster: &ClusterState, remove: &Ids) -> String {
    let (to, count) = (to(transition), transition.change.new.count());
    if remove.is_empty() {
        return format!(
            "see in `/nodes` which nodes the leaving pods run ({} matches none of them by its id or address), remove those while they \
             still run (`DELETE /remove`), then {to} {count}",
            words::names(&cluster.unmatched_voters()),
        );
    }
    let (names, runs) = (words::names(remove), words::verb(remove, "it still runs", "they still run"));
    format!("remove {names} from the cluster while {runs} (`DELETE /remove`), then {to} {count}")
}

fn bring_back(cluster: &ClusterState, missing: &Ids) -> String {
    let (names, they) = (words::names(missing), words::verb(missing, "it is", "they are"));
    if let (false, Some(unseen)) = (cluster.has_view(), unseen(cluster)) {
        return format!("bring {names} back first, or {unseen}, or use break-glass");
    }
    let cure = if cluster.is_lost() {
        "recover by `peers.json`"
    } else if cluster.source == MembershipSource::Leader {
        "remove what is gone for good (`DELETE /remove`)"
    } else {
        return format!("{}; else bring {names} back first", words::ELECTION);
    };
    format!("bring {names} back first; unless {they} coming back, {cure}")
}

fn stay(cluster: &ClusterState, down: &ScaleDown) -> String {
    let going = words::nodes(&down.leaving);
    match (cluster.source, unseen(cluster)) {
        (MembershipSource::Leaderless, Some(leader)) => {
            format!("no lower count is safe: {leader}, remove {going} then, or use break-glass")
        }
        (_, unseen) => {
            let unseen = unseen.unwrap_or("give the membership (those that leave match no node of it)");
            format!("no lower count is safe: remove {going} first and {unseen}, or use break-glass")
        }
    }
}
