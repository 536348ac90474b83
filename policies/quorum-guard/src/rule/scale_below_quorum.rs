//! Refuses that so many voters leave at once that those which stay cannot decide.
//! Not scaling to zero (`scale_to_zero`), which stops the cluster on purpose.

use quorate_sdk::{Finding, Rule};
use rqlite::change::Change;
use rqlite::scaling::{Basis, Bound, Cluster, Down, Outcome, Way, departures};

use crate::basis;
use crate::claimed::Claimed;
use crate::transition::{Transition, Via};
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
///
/// ## When the value is unknown
/// With a view of the membership that names a leader, its voters count, and those of them that answer. Without one, every ordinal
/// of the old object is taken to be a voter that answers, and whatever has a claim or was in the last known membership a voter too;
/// self-removal then counts for nothing. The message says what was assumed. A removal that nobody could see is not believed:
/// give the membership, or use break-glass. A role that cannot be read is a voter's, a removal flag that cannot be read is off.
pub(crate) const RULE: Rule =
    Rule { id: "scale-below-quorum", summary: "fewer voters stay than the quorum of the cluster as it is now" };

/// Judges the ordinals that leave, where some stay.
pub(crate) fn judge(transition: &Transition, cluster: &Cluster) -> Option<Finding> {
    let change = &transition.change;
    let leaving = change.leaving();
    if leaving.is_empty() || change.new.is_empty() {
        return None;
    }
    let down = Down::of(cluster, &leaving);
    let finding = match down.outcome {
        Outcome::NoVoterLeaves => return None,
        Outcome::Holds(bound) => holds(change, cluster, &down, bound),
        Outcome::LostAlready => lost_already(change, cluster, &down),
        Outcome::Breaks => breaks(transition, cluster, &down),
    };
    Some(finding.field(words::field(change)))
}

fn holds(change: &Change, cluster: &Cluster, down: &Down, bound: Bound) -> Finding {
    let names = words::names(&down.leaving);
    let strangers = cluster.strangers_leaving(&change.leaving());
    let what = match bound {
        Bound::Strict if strangers > 0 => {
            let dead = down.leaving.count.saturating_add(strangers);
            format!(
                "{}, and {dead} of them {} (the leaving pods may be {}, which match no pod)",
                words::tolerance(down.after.spare()),
                if dead == 1 { "stays as a dead voter" } else { "stay as dead voters" },
                words::names(&cluster.strangers())
            )
        }
        Bound::Strict if down.remove_themselves => {
            format!("{} until {names} removed itself from the cluster", words::tolerance(down.after.spare()))
                .replace("itself", words::verb(&down.leaving, "itself", "themselves"))
        }
        Bound::Strict => {
            let dead = words::verb(&down.leaving, "stays as a dead voter", "stay as dead voters");
            format!("{}, and {names} {dead}", words::tolerance(down.after.spare()))
        }
        Bound::Relaxed | Bound::Sequential => {
            let own = words::verb(&down.leaving, "removes itself when it stops", "remove themselves when they stop");
            format!("it holds only because {names} {own}")
        }
    };
    let remedy = if strangers > 0 {
        "see in `/nodes` which nodes stopped, and remove those (`DELETE /remove`)".to_owned()
    } else if down.remove_themselves {
        format!("check `/nodes` for {names} afterwards, and remove what is still listed (`DELETE /remove`)")
    } else {
        format!("remove {names} from the cluster (`DELETE /remove`), then check `/nodes`")
    };
    let numbers = words::leaves(down.after);
    RULE.warn(format!("{} {numbers}: {what}{}", words::counts(change), basis::assumed(cluster))).remedy(remedy)
}

fn lost_already(change: &Change, cluster: &Cluster, down: &Down) -> Finding {
    let standing = words::answering(down.before);
    let basis = basis::of(cluster);
    RULE.warn(format!("{} while only {standing}: no reachable voter leaves{basis}", words::counts(change)))
        .remedy("when you recover by `peers.json`, list exactly the nodes that survive")
}

fn breaks(transition: &Transition, cluster: &Cluster, down: &Down) -> Finding {
    let change = &transition.change;
    let counts = words::counts(change);
    let claimed = Claimed::of(cluster);
    let claims = claimed.as_ref().map_or("", |claimed| &claimed.message);
    let message = if cluster.has_view() && !down.before.holds() {
        format!("{counts} stops reachable voters while only {}{claims}", words::answering(down.before))
    } else {
        format!("{counts} {}{}{claims}", words::leaves(down.after), lost_by(cluster, change, down))
    } + &basis::of(cluster);
    let way = remedy(transition, cluster, down);
    RULE.deny(message).remedy(claimed.map_or(String::new(), |claimed| claimed.remedy) + &way)
}

/// Where pods stop one by one, the one whose stop is one too many.
fn lost_by(cluster: &Cluster, change: &Change, down: &Down) -> String {
    if !down.remove_themselves || !cluster.before().stops_one_by_one() {
        return String::new();
    }
    let steps = departures(cluster, &change.leaving());
    let lost = steps.iter().find(|step| !step.after.holds());
    lost.map_or(String::new(), |step| format!(", lost when {} stops one by one with the others", step.id))
}

/// A way down that this installation would admit.
fn remedy(transition: &Transition, cluster: &Cluster, down: &Down) -> String {
    let change = &transition.change;
    if let Some((old, new)) = change.old.lowest().zip(change.new.lowest()).filter(|(old, new)| old != new)
        && transition.via != Via::Recreation
    {
        return format!("keep spec.ordinals.start at {old}: {new} replaces pods by others, with other claims");
    }
    let unseen = match (cluster.basis, &cluster.before().facts().unseen) {
        (Basis::Led, _) => None,
        (Basis::Leaderless, _) => Some("get a leader back (no node names one that could remove it)"),
        (Basis::Remembered | Basis::Count, None) => {
            Some("give the membership (none was given, so no removal can be seen)")
        }
        (Basis::Remembered | Basis::Count, Some(_)) => {
            Some("let Quorate see it (no node could be asked: docs/operations.md)")
        }
    };
    let going = words::nodes(&down.leaving);
    let to = if transition.via == Via::Recreation { "create it with replicas" } else { "scale to" };
    match (Way::down(cluster, change), unseen) {
        (Way::ScaleThenRemove { target, .. }, None) if down.remove_themselves => {
            format!("{to} {target}, wait until the leaving nodes are gone from `/nodes`, remove what stays, then go on")
        }
        (Way::ScaleThenRemove { target, remove }, None) if remove.is_empty() => {
            format!("{to} {target}, remove the nodes of the pods that left from the cluster, then go on")
        }
        (Way::ScaleThenRemove { target, remove }, None) => {
            format!("{to} {target}, remove {} from the cluster, then go on", words::names(&remove))
        }
        (Way::ScaleThenRemove { target, remove }, Some(unseen)) => {
            let names = words::nodes(&remove);
            format!("{to} {target}; to go lower remove {names} and {unseen}, or use break-glass")
        }
        (Way::RemoveDead { dead, target }, _) => {
            format!("remove the dead {} from the cluster, then {to} {target}", words::names(&dead))
        }
        (Way::RemoveFirst { remove }, None) if remove.is_empty() => format!(
            "see in `/nodes` which nodes the leaving pods run ({} matches none of them by its id or address), remove those while they \
             still run (`DELETE /remove`), then {to} {}",
            words::names(&cluster.strangers()),
            change.new.count()
        ),
        (Way::RemoveFirst { remove }, None) => {
            let (names, runs) = (words::names(&remove), words::verb(&remove, "it still runs", "they still run"));
            format!("remove {names} from the cluster while {runs} (`DELETE /remove`), then {to} {}", change.new.count())
        }
        (Way::BringBack { missing }, _) => {
            let (names, they) = (words::names(&missing), words::verb(&missing, "it is", "they are"));
            let removable = down.before.holds() && cluster.basis == Basis::Led;
            let cure =
                if removable { "remove what is gone for good (`DELETE /remove`)" } else { "recover by `peers.json`" };
            format!("bring {names} back first; unless {they} coming back, {cure}")
        }
        (Way::RemoveFirst { .. } | Way::Stay, unseen) => {
            let unseen = unseen.unwrap_or("give the membership (those that leave match no node of it)");
            format!("no lower count is safe: remove {going} first and {unseen}, or use break-glass")
        }
    }
}
