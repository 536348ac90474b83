//! Refuses an eviction that would leave too few voters answering; the drain tries again.
//! Not other ways for a pod to end: deletions of pods are not judged.

use kubernetes::related::Related;
use quorate_sdk::{Finding, Judges, Rule, SetDocument, Severity};
use rqlite::change::{self, Ordinals};
use rqlite::facts::Facts;
use rqlite::scaling::{ClusterState, CurrentState, DataLocation, Eviction, EvictionOutcome, MembershipSource};

use crate::claimed_voters::ClaimedVoters;
use crate::membership_source;
use crate::words;

/// ## What it refuses
/// `pods/eviction` (`kubectl drain`, the cluster autoscaler) of a voter, when the reachable voters without it, and without pods that
/// are terminating already, are fewer than the quorum. The answer is 429, and the drain tries again.
///
/// - With `-raft-cluster-remove-shutdown=true` a node of the set's own ordinals that removed itself still counts, as long as its claim is
///   bound, or claims are not known: it comes back.
/// - While a rollout is unfinished one more counts as gone: the controller goes on to its next pod, unless one that it has replaced is down.
///   A pod that a drain evicted is no rollout: where both revisions are the same, it comes back as it was.
/// - With that flag, an eviction is also refused while a leader has lost its quorum and has not stepped down yet; that takes a second.
/// - On ephemeral data, the eviction of the last reachable voter of two or more is refused, also where the others removed themselves:
///   the data would be gone.
///
/// ## Why
/// A drain of two nodes at a time evicts two pods within a second. A PodDisruptionBudget stops that only where there is one, and it counts
/// Ready pods, not voters: a node that was dropped and never removed is still a voter. Where each node removes itself when it stops, every
/// eviction leaves a smaller cluster that seems whole: drains went through 3 -> 2 -> 1 -> 0 in 32 of 32 runs, and never came back
/// where the last node did not (measured on rqlited 10.2.7 and 9.4.5).
///
/// ## Example
/// ```text
/// $ kubectl drain node-b
/// evicting rqlite-1 leaves 1 of 3 voters, quorum is 2
/// ```
///
/// ## Instead
/// Wait until the pod evicted before is back and Ready. A PodDisruptionBudget with `maxUnavailable: 1` belongs to every voter set.
/// A voter that no pod of the set brings back is removed (`DELETE /remove`). One whose node is gone for good is removed too; then its claim
/// and its pod are deleted, and it comes back blank on another node.
///
/// ## When the value is unknown
/// Which voters there are, and which of them answer, is decided as for scaling. Voters that are known by their claims alone are named: such
/// a refusal ends when the claims are deleted. Without a view, a pod that is not ready may be a voter that answers, unless the others that
/// are ready are a quorum. Where a refusal could never end, the eviction passes with a warning: at most two replicas, with no more voters in
/// a leader's view (without one: in the last known membership); a view whose voters have lost the quorum already; a pod that is no reachable
/// voter, or beyond the set's own ordinals.
pub(crate) const RULE: Rule = Rule::new(
    "eviction-below-quorum",
    "an eviction leaves fewer voters than the quorum",
    Severity::Critical,
    Judges::Live,
);

/// Evaluates the eviction of a pod.
pub(crate) fn evaluate(pod: &str, parent: &Related<Box<SetDocument>>, facts: &Facts) -> Option<Finding> {
    let set = match parent {
        Related::Found(document) => document,
        Related::Absent => return None,
        Related::Unknown(_) => {
            let message = format!("evicting {pod}, but the StatefulSet behind it was not given");
            return Some(Finding::not_judged(message).retry(None));
        }
    };
    let rqlite = set.rqlite()?;
    let set = &set.set;
    let ordinal = change::ordinal(set, pod)?;
    let current = CurrentState::new(set, Some(rqlite), change::ordinals(set), DataLocation::of(set, rqlite), facts);
    current.votes(None).then(|| voter(pod, ordinal, &Eviction::of(&ClusterState::of(&current), ordinal)))?
}

fn voter(pod: &str, ordinal: u32, eviction: &Eviction) -> Option<Finding> {
    let cluster = &eviction.cluster;
    let answering = words::answering(eviction.before);
    let leaves = format!("evicting {pod} {}", words::leaves(eviction.after));
    Some(match eviction.outcome {
        EvictionOutcome::Holds => return None,
        EvictionOutcome::NoReachableVoter => {
            let terminating = cluster.absent().terminating.contains(ordinal);
            let what = if terminating { "is terminating already" } else { "is no reachable voter" };
            // A set of no replicas has no voters of its own.
            let why = if eviction.before.voters == 0 { String::new() } else { format!(": {answering}") };
            RULE.warn(format!("evicting {pod}, which {what}{why}"))
        }
        EvictionOutcome::Beyond => {
            let own = cluster.current_state().running.count();
            let replicas = words::number_of(own, "replica");
            RULE.warn(format!("evicting {pod}, which lies beyond the {replicas} of the set and is leaving already"))
        }
        EvictionOutcome::LostAlready => {
            RULE.warn(format!("evicting {pod} while only {answering}: the quorum is lost already"))
        }
        EvictionOutcome::FewReplicas => RULE
            .warn(format!("{leaves}: writes stop until it is back"))
            .remedy("run three voters, so that one may be drained"),
        EvictionOutcome::LastData => {
            let last = match eviction.before.voters {
                1 => "the only voter that answers, and the data of all goes with the pods".to_owned(),
                more => format!("the last reachable of {}, and their data goes with the pods", words::voters(more)),
            };
            RULE.deny(format!("evicting {pod} stops {last}"))
                .retry(None)
                .remedy("bring another voter back first, or take a backup and use break-glass")
        }
        EvictionOutcome::WithinLease => RULE
            .deny(format!("evicting {pod} while {answering} and its leader has not stepped down yet: a node that removes itself now can block the cluster for good"))
            .retry(None)
            .remedy("wait a second; the drain tries again"),
        EvictionOutcome::Breaks => breaks(&leaves, ordinal, eviction),
    })
}

fn breaks(leaves: &str, ordinal: u32, eviction: &Eviction) -> Finding {
    let cluster = &eviction.cluster;
    let absent = words::absent(cluster, &Ordinals::first(ordinal, 1));
    let (rollout, returning, basis) = (rollout(eviction), returning(eviction), membership_source::of(cluster));
    let steps = steps(ordinal, eviction);
    let (claims, remedy) = match ClaimedVoters::of(cluster) {
        None => (String::new(), steps.join("; ")),
        // Only the drain's own tries are left.
        Some(claimed) if steps.len() == 1 => {
            (claimed.message, format!("{}{}", claimed.remedy.trim_end_matches("else "), steps.join("; ")))
        }
        Some(claimed) => (claimed.message, claimed.remedy + &steps.join("; ")),
    };
    RULE.deny(format!("{leaves}{absent}{rollout}{returning}{claims}{basis}")).retry(None).remedy(remedy)
}

fn rollout(eviction: &Eviction) -> &'static str {
    if eviction.rollout { ", as the next pod of the unfinished rollout counts as gone" } else { "" }
}

fn returning(eviction: &Eviction) -> String {
    let back = eviction.cluster.pods(&eviction.returning);
    if back.is_empty() {
        return String::new();
    }
    format!(", where {} {} while away", words::names(&back), words::verb(&back, "counts", "count"))
}

/// What ends the refusal: whoever comes back is waited for, whoever cannot is removed.
fn steps(ordinal: u32, eviction: &Eviction) -> Vec<String> {
    let cluster = &eviction.cluster;
    let (dead, away) = (cluster.dead(), cluster.silent().without(&Ordinals::first(ordinal, 1)));
    let mut steps = Vec::new();
    if cluster.has_view() && !dead.is_empty() {
        let leader = if cluster.source == MembershipSource::Leader { "" } else { "once a node is leader, " };
        steps.push(format!(
            "{leader}remove {}, which no pod of the set brings back (`DELETE /remove`)",
            words::names(&dead)
        ));
    }
    if let Some((voters, pods)) = cluster.left_over() {
        let (who, nobody) = (words::names(&voters), "which no pod of the set brings back");
        let own = cluster.current_state().running.without(cluster.configured());
        // Pods that are leaving may be some of them, and so may the set's own that are not listed.
        let told = if own.is_empty() && pods.count() >= voters.count {
            format!("remove {who}, {nobody} (`DELETE /remove`)")
        } else {
            format!(
                "see in `/nodes` which of {who} {} runs, and remove that, {nobody}",
                words::names(&cluster.pods(&pods))
            )
        };
        steps.push(told);
    }
    if !cluster.has_view()
        && eviction.before.voters > cluster.current_state().running.count()
        && cluster.claimed().is_empty()
    {
        steps.push("let Quorate see the membership if some of them were removed".to_owned());
    }
    let pods = cluster.pods(&away);
    if !pods.is_empty() {
        steps.push(format!("wait until {} {} back", words::names(&pods), words::verb(&pods, "is", "are")));
    } else if eviction.rollout {
        steps.push("wait until the rollout has ended".to_owned());
    }
    steps.push("the drain tries again".to_owned());
    let gone = cluster.pods(&away.without(&cluster.answering()));
    if cluster.source == MembershipSource::Leader && !gone.is_empty() {
        let claim = if cluster.current_state().data == DataLocation::WithPod { "" } else { "claim and " };
        steps.push(format!(
            "one that is gone for good is removed from the cluster (`DELETE /remove`), then its {claim}pod deleted"
        ));
    }
    steps
}
