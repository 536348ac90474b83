//! Refuses an eviction that would leave too few voters answering; the drain tries again.
//! Not other ways for a pod to end: deletions of pods are not judged.

use quorate_sdk::review::Parent;
use quorate_sdk::{Finding, Rule};
use rqlite::change::{self, Ordinals};
use rqlite::cluster::RqliteSet;
use rqlite::facts::Facts;
use rqlite::scaling::{Before, Cluster, Data};

use crate::basis;
use crate::claimed::Claimed;
use crate::words;

/// ## What it refuses
/// `pods/eviction` (`kubectl drain`, the cluster autoscaler) of a voter, when the reachable voters without it and without pods that are
/// terminating already are fewer than the quorum. The answer is 429, and the drain tries again.
///
/// On ephemeral data the last reachable voter of two or more is never evicted: the data would be gone.
///
/// ## Why
/// A drain of two nodes at a time evicts two pods within a second. A PodDisruptionBudget stops that only where there is one, and it counts
/// Ready pods, not voters: a node that was dropped and never removed is still a voter.
///
/// ## Example
/// ```text
/// $ kubectl drain node-b
/// evicting rqlite-1 leaves 1 of 3 voters, quorum is 2
/// ```
///
/// ## Instead
/// Wait until the pod evicted before is back and Ready. A PodDisruptionBudget with `maxUnavailable: 1` belongs to every voter set.
///
/// ## When the value is unknown
/// Voters and who of them answers are read as for scaling; voters that only their claims speak for are named, since a refusal that
/// rests on them ends with the claims. Where a refusal could never end (two voters or fewer, a view whose voters have lost the
/// quorum already, a pod that is no reachable voter) the eviction passes with a warning.
pub(crate) const RULE: Rule =
    Rule { id: "eviction-below-quorum", summary: "an eviction leaves fewer voters than the quorum" };

/// Judges the eviction of a pod.
pub(crate) fn judge(pod: &str, parent: &Parent, facts: &Facts) -> Option<Finding> {
    let set = match parent {
        Parent::Found(document) => &document.set,
        Parent::Absent => return None,
        Parent::Unknown => {
            let message = format!("evicting {pod}, but the StatefulSet behind it was not given");
            return Some(Finding::not_judged(message).remedy("give it with --parent"));
        }
    };
    let rqlite = RqliteSet::recognise(set)?;
    let ordinal = change::ordinal(set, pod)?;
    let before = Before::new(set, Some(&rqlite), change::ordinals(set), Data::of(set, &rqlite), facts);
    before.votes(None).then(|| voter(pod, ordinal, &Cluster::of(&before)))?
}

fn voter(pod: &str, ordinal: u32, cluster: &Cluster) -> Option<Finding> {
    let standing = cluster.standing();
    let after = cluster.after(&terminating(cluster).with(&Ordinals::first(ordinal, 1)));
    let leaves = format!("evicting {pod} {}", words::leaves(after));
    let last = after.reachable == 0 && standing.voters >= 2 && cluster.before().data == Data::WithPod;
    if !cluster.is_reachable_voter(ordinal) {
        return Some(RULE.warn(format!("evicting {pod}, which is no reachable voter: {}", words::answering(standing))));
    }
    if last {
        let message = format!(
            "evicting {pod} stops the last reachable of {}, and their data goes with the pods",
            words::voters(standing.voters)
        );
        return Some(RULE.deny(message).retry().remedy("bring another voter back first, or take a backup"));
    }
    if cluster.is_lost() {
        return Some(
            RULE.warn(format!("evicting {pod} while only {}: the quorum is lost already", words::answering(standing))),
        );
    }
    if standing.voters <= 2 {
        return Some(
            RULE.warn(format!("{leaves}: writes stop until it is back"))
                .remedy("run three voters, so that one may be drained"),
        );
    }
    if after.holds() {
        return None;
    }
    let wait = "wait until the voters that are down or terminating are back; the drain tries again";
    let basis = basis::of(cluster);
    let from_memory = !cluster.has_view() && standing.voters > cluster.before().running.count();
    let finding = match Claimed::of(cluster) {
        Some(claimed) => {
            RULE.deny(format!("{leaves}{}{basis}", claimed.message)).remedy(format!("{}{wait}", claimed.remedy))
        }
        None if from_memory => RULE
            .deny(format!("{leaves}{basis}"))
            .remedy(format!("let Quorate see the membership if some of them were removed; else {wait}")),
        None => RULE.deny(format!("{leaves}{basis}")).remedy(wait),
    };
    Some(finding.retry())
}

/// Pods that are terminating already, as far as known; where no view tells who answers, those too that are not ready.
fn terminating(cluster: &Cluster) -> Ordinals {
    let before = cluster.before();
    let silent = |ready: bool| !ready && !cluster.has_view();
    let pods = before.facts().pods.iter().flatten().filter(|pod| pod.terminating || silent(pod.ready));
    pods.filter_map(|pod| change::ordinal(before.set, &pod.name)).collect()
}
