//! Refuses blank pods that would find no leader to join.
//! Not pods that return with their data: they are the cure for a lost quorum.

use quorate_sdk::{Finding, Rule};
use rqlite::scaling::{Cluster, Denial, FromZero, Up};
use rqlite::value::Value;

use crate::basis;
use crate::transition::Transition;
use crate::words;

/// ## What it refuses
/// - New pods with blank disks while the cluster is leaderless or too few voters answer.
/// - From zero replicas: an ordinal without a claim beside ordinals that have one; and, with `-raft-cluster-remove-shutdown`,
///   leaving out an ordinal that has one.
///
/// An ordinal returns, and always may, when its claim is bound and its node is in the configuration, where that could be read.
///
/// ## Why
/// A node with a blank disk that finds no leader counts the others that look for one; as soon as `-bootstrap-expect` of them have met
/// they found a cluster of their own: empty, Ready, and behind the same Service as the old one. 5 new pods beside a
/// leaderless cluster did exactly that (measured on rqlited 10.2.7; rqlite/rqlite cluster/bootstrap.go).
///
/// ## Example
/// ```text
/// $ kubectl -n db scale statefulset rqlite --replicas=5    # 2 of 3 voters are down
/// replicas 3 -> 5 brings rqlite-3 and rqlite-4 blank while 1 of 3 voters answers, quorum is 2
/// ```
///
/// ## Instead
/// Bring the cluster's own nodes back first, over their own claims, until `/readyz` says `leader ok`; then grow.
/// From zero, scale to exactly the old count, then grow.
///
/// ## When the value is unknown
/// Without claims an ordinal is blank. Without a view blank ordinals are refused only when the set's pods are known and none is
/// ready; else they pass with a warning. From zero, unknown claims pass with a warning.
pub(crate) const RULE: Rule =
    Rule { id: "scale-up-without-leader", summary: "blank pods come where they find no leader to join" };

/// Judges the ordinals that come.
pub(crate) fn judge(transition: &Transition, cluster: &Cluster) -> Option<Finding> {
    let change = &transition.change;
    let coming = change.coming();
    if coming.is_empty() {
        return None;
    }
    let finding = if change.old.is_empty() { from_zero(transition, cluster) } else { up(transition, cluster) };
    finding.map(|finding| finding.field(words::field(change)))
}

fn up(transition: &Transition, cluster: &Cluster) -> Option<Finding> {
    let up = Up::of(cluster, &transition.change.coming());
    let counts = words::counts(&transition.change);
    let blank = words::names(&cluster.ids_of(&up.blank));
    let Some(denial) = up.denial else { return may_bootstrap(transition, &up, &counts) };
    let why = match denial {
        Denial::Leaderless => ", and no node names a leader to join".to_owned(),
        Denial::QuorumLost => format!(" while {}{}", words::answering(up.before), basis::of(cluster)),
        Denial::NoneReady => format!(", and no pod of the set is ready{}", basis::of(cluster)),
    };
    Some(
        RULE.deny(format!("{counts} brings {blank} blank{why}"))
            .remedy("bring the cluster's own nodes back over their own claims until one is leader, then grow"),
    )
}

/// New pods run the new template: its `-bootstrap-expect` is what they wait for.
fn may_bootstrap(transition: &Transition, up: &Up, counts: &str) -> Option<Finding> {
    let nodes = transition.next_rqlite.iter().flat_map(|rqlite| &rqlite.nodes);
    let expects = nodes.filter_map(|node| match node.expect.as_ref().map(|expect| &expect.value) {
        Some(Value::Known(expect)) => Some(*expect),
        Some(Value::Deferred(source)) => transition.facts().held_by(source)?.parse().ok(),
        Some(Value::Malformed(_)) | None => None,
    });
    let expect = expects.filter(|expect| *expect > 0).min()?;
    let blank = up.blank.count();
    (expect <= i64::from(blank)).then(|| {
        let pods = if blank == 1 { "1 blank pod".to_owned() } else { format!("{blank} blank pods") };
        RULE.warn(format!("{counts} brings {pods}, and `-bootstrap-expect` is {expect}: should they find no leader, they found a second cluster"))
            .remedy(format!("grow by fewer than {expect} at a time, or watch `/nodes` while they join"))
    })
}

fn from_zero(transition: &Transition, cluster: &Cluster) -> Option<Finding> {
    let change = &transition.change;
    let counts = words::counts(change);
    match FromZero::of(cluster, &change.new) {
        FromZero::Creation | FromZero::All => None,
        FromZero::Unknown => Some(
            RULE.warn(format!("{counts}: whether these ordinals have their claims is not known"))
                .remedy("bring back exactly the ordinals that ran before"),
        ),
        FromZero::Blank { blank, kept } => Some(
            RULE.deny(format!(
                "{counts} brings {} blank beside the claims of {}, and nobody is leader",
                words::names(&cluster.ids_of(&blank)),
                words::names(&cluster.ids_of(&kept)),
            ))
            .remedy(format!("bring back exactly the old ordinals ({kept}), then grow")),
        ),
        FromZero::LeftOut { missing, kept } => {
            let missing = cluster.ids_of(&missing);
            let count = words::verb(&missing, "which still counts", "which still count");
            let missing = words::names(&missing);
            let all = format!("bring back all of {}", words::names(&cluster.ids_of(&kept)));
            let finding = if cluster.before().all_remove_themselves() {
                RULE.deny(format!("{counts} leaves out {missing}: the nodes removed themselves when they stopped, and any of them may be the last voter"))
            } else {
                RULE.warn(format!("{counts} leaves out {missing}, {count} for the quorum"))
            };
            Some(finding.remedy(all))
        }
    }
}
