//! Refuses a full stop that takes the data with it, and a retention policy that deletes the claims of pods that are leaving.
//! Not how many voters stay: at zero none does, on purpose.

use kubernetes::annotation::{ALLOW_DELETION, ALLOWED};
use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::change::{self, Ordinals};
use rqlite::scaling::{ClusterState, ToZero, deletes_when_scaled, to_come_back};

use crate::transition::Transition;
use crate::words;

/// ## What it refuses
/// - Scaling a voter set to zero when its data would go with the pods: the data directory is on an `emptyDir` or under no mount,
///   or `persistentVolumeClaimRetentionPolicy.whenScaled` is `Delete`.
/// - Setting `whenScaled: Delete` while pods of the set are leaving: their claims are deleted as soon as the pods are gone.
///
/// A scale to zero that keeps the data passes, with a warning that names the ordinals to come back to: all of them.
///
/// ## Why
/// A cluster whose pods all stop comes back when all of them do, over their own claims; a majority of blank disks instead can elect
/// an *empty* leader, and the one node that kept the data follows it (measured on rqlited 10.2.7: 4 of 10 and 7 of 10 starts).
/// With `-raft-cluster-remove-shutdown` it is arbitrary which voter is the last: 3 -> 0 -> 1 was usable in 1 of 6 runs, 3 -> 0 -> 3 in 25 of 25.
///
/// ## Example
/// ```yaml
/// spec:
///   replicas: 0          # was 3
///   persistentVolumeClaimRetentionPolicy:
///     whenScaled: Delete # deletes rqlite-file-rqlite-0, -1 and -2
/// ```
///
/// ## Instead
/// Set `whenScaled: Retain`, or take a backup first (`curl http://rqlite-0.rqlite-svc-internal:4001/db/backup -o backup.sqlite3`)
/// and delete the set on purpose (`quorate.dev/allow-deletion: "true"`).
/// Come back with all ordinals whose data is a member's: `kubectl scale statefulset rqlite --replicas=3`.
///
/// ## When the value is unknown
/// A data directory that cannot be read is taken to be on the set's claims; without any claim template it goes with the pod.
pub(crate) const RULE: Rule =
    Rule::new("scale-to-zero", "a full stop takes the data with it", Severity::Critical, Judges::Change);

/// Evaluates the last pods' leaving, and a retention policy that is turned to `Delete` while pods leave.
pub(crate) fn evaluate(transition: &Transition, cluster: &ClusterState) -> Option<Finding> {
    let change = &transition.change;
    if change.new.is_empty() && !change.old.is_empty() {
        return Some(to_zero(transition, cluster).field("spec.replicas"));
    }
    delete_claims_of_leaving(transition)
}

fn to_zero(transition: &Transition, cluster: &ClusterState) -> Finding {
    let counts = words::counts(&transition.change);
    let form = |one, many| words::form(transition.change.old.count(), one, many);
    match ToZero::of(cluster.current_state(), transition.next) {
        ToZero::DataGoesWithPods => RULE
            .deny(format!(
                "{counts} deletes the data of {}: it lies on no claim and goes with the {}",
                form("the only node", "all nodes"),
                form("pod", "pods")
            ))
            .remedy(format!("take a backup, and delete the set on purpose (`{ALLOW_DELETION}: \"{ALLOWED}\"`)")),
        ToZero::ClaimsDeleted => RULE
            .deny(format!(
                "{counts} deletes the {}: whenScaled is `Delete`",
                form("claim of the only node", "claims of all nodes")
            ))
            .remedy("set persistentVolumeClaimRetentionPolicy.whenScaled to `Retain` first"),
        ToZero::DataStays => {
            let all = to_come_back(cluster);
            let several = all.count() > 1;
            let removes = if several && transition.removed_themselves() {
                "; a part of them may have removed itself"
            } else {
                ""
            };
            let who = words::span(transition.next, &all);
            RULE.warn(format!(
                "{counts} stops the cluster; it comes back only with {}{who}{removes}",
                if several { "all of " } else { "" }
            ))
            .remedy(return_of(transition, cluster, &all))
        }
    }
}

/// How to ask for all of them again. `spec.ordinals` asks for one run of them.
fn return_of(transition: &Transition, cluster: &ClusterState, all: &Ordinals) -> String {
    let own = &transition.change.old;
    let further = all.without(own);
    // Where pods start in order and the first one waits for a leader, a count alone brings none of them back.
    let first = words::ordered_start(transition, all);
    let come = if first.is_some() { "ask for " } else { "come back with " };
    let ask = |ordinals: &Ordinals| {
        let lowest = ordinals.lowest().unwrap_or_default();
        let reach = ordinals.highest().map_or(0, |highest| (highest - lowest).saturating_add(1));
        let asked = change::first_ordinal(transition.next);
        let start = if asked == lowest { String::new() } else { format!(" from spec.ordinals.start {lowest}") };
        if first.is_some() {
            format!("{}{start}", words::number_of(reach, "replica"))
        } else {
            format!("--replicas={reach}{start}")
        }
    };
    let blank = between(all).without(&cluster.claimed_at_all());
    let dropped = || words::span(transition.next, &further);
    let own_is_one_run = own.runs().count() == 1;
    let way = match (further.is_empty() || !own_is_one_run, blank.is_empty()) {
        (true, true) => format!("{come}{}, and keep every claim until then", ask(all)),
        (true, false) => format!(
            "let {} run first, with {}: no count brings back {} without {}",
            words::span(transition.next, &blank),
            ask(all),
            words::span(transition.next, all),
            words::form(blank.count(), "it", "them")
        ),
        (false, true) => format!(
            "{come}{}, and keep every claim until then; or, if {} left the cluster before, delete the claims and {come}{}",
            ask(all),
            dropped(),
            ask(own)
        ),
        (false, false) => format!(
            "verify in `/nodes` that {} left the cluster and delete the claims; then {come}{}",
            dropped(),
            ask(own)
        ),
    };
    first.unwrap_or_default() + &way
}

/// Ordinals in the gaps of these.
fn between(ordinals: &Ordinals) -> Ordinals {
    let ends = ordinals.lowest().zip(ordinals.highest());
    let whole =
        ends.map_or_else(Ordinals::default, |(lowest, highest)| Ordinals::from(lowest..highest.saturating_add(1)));
    whole.without(ordinals)
}

fn delete_claims_of_leaving(transition: &Transition) -> Option<Finding> {
    let turned = deletes_when_scaled(transition.next) && transition.old().is_some_and(|old| !deletes_when_scaled(old));
    if !turned {
        return None;
    }
    let leaving = transition.change.leaving().with(&still_there(transition));
    let running = transition.old().map_or(0, |old| u32::try_from(old.status.replicas).unwrap_or(0));
    let more = running > transition.change.old.count();
    if leaving.is_empty() && !more {
        return None;
    }
    let who = match leaving.count() {
        0 => format!("{}: the claims of those that leave are deleted", words::still_run(running)),
        1 => format!("{} leaves: its claim is deleted", words::span(transition.next, &leaving)),
        _ => format!("{} leave: their claims are deleted", words::span(transition.next, &leaving)),
    };
    let finding = RULE.deny(format!("whenScaled is set to `Delete` while {who}"));
    Some(finding.field("spec.persistentVolumeClaimRetentionPolicy.whenScaled").remedy("set it when no pod is leaving"))
}

/// Pods outside of the old ordinals that are still there.
pub(super) fn still_there(transition: &Transition) -> Ordinals {
    let pods = change::pod_ordinals(transition.next, transition.facts()).unwrap_or_default();
    pods.without(&transition.change.old)
}
