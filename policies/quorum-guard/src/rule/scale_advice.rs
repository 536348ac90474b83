//! Says what is unwise about a new number of voters, and what could not be seen. Refuses nothing.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::cluster::RqliteSet;
use rqlite::discovery::Discovery;
use rqlite::quorum::{Quorum, failures_tolerated, quorum};
use rqlite::scaling::{ClusterState, ScaleUp, leads_over_two};

use crate::transition::Transition;
use crate::words;

/// ## What it says
/// - An even number of voters tolerates no more failures than one voter less; two tolerate none.
/// - More than nine voters make every write wait for five others and more.
/// - No more voters answer than the quorum needs: no failure is tolerated while new nodes join.
/// - Two voters that remove themselves when they stop can block each other for good, also in a scale-down from more voters to one.
/// - A growth was admitted without a view of the membership, or without the StatefulSet behind the Scale.
///
/// ## Why
/// rqlite.io/docs/clustering/general-guidelines recommends 3, 5, 7 or 9 voters, and read-only nodes beyond. Two voters with
/// `-raft-cluster-remove-shutdown=true`: when one dies and the other, the leader, is stopped within its lease, it has removed itself in a log
/// that it cannot commit; neither can be elected again, with all disks intact (measured on rqlited 8.43.4, 9.4.5 and 10.2.7).
///
/// ## Example
/// ```text
/// $ kubectl -n db scale statefulset rqlite --replicas=4
/// replicas 3 -> 4: 4 voters tolerate 1 failure, as 3 do
/// ```
///
/// ## Instead
/// Scale to the next odd number; put reads on a read-only pool (`-raft-non-voter=true`). Before a scale-down that passes through two voters, set
/// `-raft-cluster-remove-shutdown=false`, and wait for the rollout. Best while five or more run: of three, a rollout leaves two as well.
///
/// ## When the value is unknown
/// The warning says what is not known.
pub(crate) const RULE: Rule = Rule::new(
    "scale-advice",
    "what is unwise about a number of voters, or was not seen",
    Severity::Low,
    Judges::Change,
);

/// rqlite.io/docs/clustering/general-guidelines: 3, 5, 7 or 9.
const MOST_VOTERS: u32 = 9;

/// Evaluates ordinals that come, and two voters that are left or led over.
pub(crate) fn evaluate(transition: &Transition, cluster: &ClusterState) -> Vec<Finding> {
    let change = &transition.change;
    let (old, new) = (change.old.count(), change.new.count());
    let mut findings = Vec::new();
    if change.coming().is_empty() && change.leaving().is_empty() || old == 0 {
        return findings;
    }
    let counts = words::counts(change);
    if new > old {
        findings.extend(number(&counts, old, new));
    }
    if !change.coming().is_empty() {
        findings.extend(joining(&counts, transition, cluster));
    }
    let removes = || {
        cluster.current_state().all_remove_themselves()
            || transition.next_rqlite.as_deref().is_some_and(RqliteSet::removes_itself)
    };
    if leads_over_two(change) && removes() {
        let two = if new == 2 { "two voters" } else { "the way leads over two voters, and two" };
        findings.push(
            RULE.warn(format!(
                "{counts}: {two} with `-raft-cluster-remove-shutdown=true` can block each other for good"
            ))
            .remedy("set `-raft-cluster-remove-shutdown=false` first"),
        );
    }
    findings.into_iter().map(|finding| finding.field(words::field(change))).collect()
}

fn number(counts: &str, old: u32, new: u32) -> Vec<Finding> {
    let mut findings = Vec::new();
    if old == 1 && new == 2 {
        let message =
            format!("{counts}: both are then needed for the quorum of {}, so no failure is tolerated", quorum(new));
        findings.push(RULE.warn(message).remedy("scale to 3"));
    } else if new.is_multiple_of(2) {
        let tolerated = failures_tolerated(new);
        let failures = words::number_of(tolerated, "failure");
        let message = format!("{counts}: {new} voters tolerate {failures}, as {} do", new - 1);
        let (less, more) = (new - 1, new.saturating_add(1));
        let less = if less == old { format!("keep {less}") } else { format!("scale to {less}") };
        let remedy = if more > MOST_VOTERS { less } else { format!("{less} or scale to {more}") };
        findings.push(RULE.warn(message).remedy(remedy));
    }
    if new > MOST_VOTERS {
        let message =
            format!("{counts}: with more than {MOST_VOTERS} voters every write waits for {} of them", quorum(new));
        findings.push(RULE.warn(message).remedy("add read-only nodes (`-raft-non-voter=true`) in a set of their own"));
    }
    findings
}

fn joining(counts: &str, transition: &Transition, cluster: &ClusterState) -> Option<Finding> {
    let up = ScaleUp::of(cluster, &transition.change.coming());
    if up.denial.is_some() || up.blank.is_empty() {
        return None;
    }
    let spare = up.before.reachable != up.before.quorum_size();
    let until = if can_join(transition) && joined(&up).failure_tolerance() > 0 {
        " until the new nodes have joined"
    } else {
        ""
    };
    let tolerance = format!("no failure is tolerated{until}");
    if cluster.has_view() {
        return (!spare).then(|| RULE.warn(format!("{counts} while {}: {tolerance}", words::answering(up.before))));
    }
    let why = cluster.current_state().facts().unseen.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    let unseen = "whether there is a leader to join was not seen";
    let message = if spare {
        format!("{counts} without a view of the membership{why}: {unseen}")
    } else {
        let counted = words::counted(up.before);
        format!("{counts} {counted}, without a view of the membership{why}: {tolerance}, and {unseen}")
    };
    Some(RULE.warn(message).remedy("check `/nodes` first"))
}

/// Once all that come answer as voters.
fn joined(up: &ScaleUp) -> Quorum {
    let (blank, returning) = (up.blank.count(), up.returning.count());
    Quorum {
        voters: up.before.voters.saturating_add(blank),
        reachable: up.before.reachable.saturating_add(blank).saturating_add(returning),
    }
}

/// New nodes look for the others: with neither discovery nor `-join`, each makes a cluster of its own.
fn can_join(transition: &Transition) -> bool {
    let nodes = transition.next_rqlite.iter().flat_map(|rqlite| &rqlite.nodes);
    nodes.map(|node| &node.discovery).all(|discovery| *discovery != Discovery::None)
}

/// A Scale whose StatefulSet could not be had: growth passes, no change passes, a decrease is not judged.
pub(crate) fn without_parent(from: i32, to: i32) -> Option<Finding> {
    let counts = format!("replicas {from} -> {to}");
    let finding = match to.cmp(&from) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Greater => RULE.warn(format!(
            "{counts}, but the StatefulSet behind it was not given: whether new pods find a leader was not judged"
        )),
        std::cmp::Ordering::Less => {
            Finding::not_judged(format!("{counts}, but the StatefulSet behind it was not given")).retry(None)
        }
    };
    Some(finding.field("spec.replicas"))
}
