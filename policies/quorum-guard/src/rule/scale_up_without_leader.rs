//! Refuses blank pods that would find no leader to join.
//! Not pods that return with their data: they are the cure for a lost quorum.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::change::Ordinals;
use rqlite::scaling::{
    ClaimedOrdinals, ClusterState, DataLocation, FromZero, MembershipSource, ScaleUp, ScaleUpDenial,
};
use rqlite::value::Value;

use crate::membership_source;
use crate::transition::{Transition, TransitionRequest};
use crate::words;

/// ## What it refuses
/// - New pods with blank disks while the cluster is leaderless or too few voters answer. A node of the set counts as leader
///   only by its own answer: for a second after it died its followers still name it.
/// - From zero replicas, and by a creation over the claims of an earlier set: an ordinal without a claim beside ordinals that have
///   one; and, with `-raft-cluster-remove-shutdown`, leaving out an ordinal that has one, unless the last trusted membership does not
///   list it.
///
/// An ordinal returns with its data when its claim is bound and its node is in the Raft configuration (if that could be read); it always
/// may. A claim counts as bound also when its `volumeName`, `dataSource` or `dataSourceRef` says that it will be filled.
///
/// ## Why
/// A node with a blank disk that finds no leader counts the others that look for one; as soon as `-bootstrap-expect` of them have met
/// they form a cluster of their own: empty, Ready, and behind the same Service as the old one. 5 new pods beside a
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
/// A claim that is Pending for lack of a pod (a restored one is, with `WaitForFirstConsumer`) may hold data: where a blank ordinal
/// would be refused, it is a warning from zero and at a creation. Without claims an ordinal is blank. Without a view blank ordinals are refused only when the set's pods are known and none is
/// ready; else they pass with a warning. From zero, unknown claims pass with a warning.
pub(crate) const RULE: Rule = Rule::new(
    "scale-up-without-leader",
    "blank pods come where they find no leader to join",
    Severity::High,
    Judges::Live,
);

/// Evaluates the ordinals that come.
pub(crate) fn evaluate(transition: &Transition, cluster: &ClusterState) -> Option<Finding> {
    let change = &transition.change;
    let coming = change.coming();
    if coming.is_empty() {
        return None;
    }
    let finding = if change.old.is_empty() { from_zero(transition, cluster) } else { up(transition, cluster) };
    finding.map(|finding| finding.field(words::field(change)))
}

fn up(transition: &Transition, cluster: &ClusterState) -> Option<Finding> {
    let up = ScaleUp::of(cluster, &transition.change.coming());
    let counts = words::counts(&transition.change);
    let blank = words::names(&cluster.ids_of(&up.blank));
    let Some(denial) = up.denial else { return may_bootstrap(transition, &up, &counts) };
    if transition.via == TransitionRequest::Recreation && up.blank.without(&unbound(cluster)).is_empty() {
        let message = format!(
            "{counts} brings {blank} over claims that are Pending: without data they come blank, and no leader was seen"
        );
        let first = transition.change.old.count();
        return Some(RULE.warn(message).remedy(format!("create it with replicas {first}, then scale")));
    }
    if up.blank.without(&may_return(cluster)).is_empty() {
        let message =
            format!("{counts} brings {blank} over claims that may hold a member's data, and no leader was seen");
        return Some(
            RULE.warn(message).remedy("verify that these claims hold the data of members, as restored ones do"),
        );
    }
    let why = match denial {
        ScaleUpDenial::Leaderless => {
            let unconfirmed = membership_source::unconfirmed(cluster);
            format!(", and {}", unconfirmed.unwrap_or_else(|| "no node names a leader to join".to_owned()))
        }
        ScaleUpDenial::QuorumLost => {
            let absent = words::absent(cluster, &Ordinals::default());
            format!(" while {}{absent}{}", words::answering(up.before), membership_source::of(cluster))
        }
        ScaleUpDenial::NoneReady => format!(", and no pod of the set is ready{}", membership_source::of(cluster)),
    };
    let finding = RULE.deny(format!("{counts} brings {blank} blank{why}"));
    let out = cluster.absent().on_the_way_out();
    let leftovers = transition.via == TransitionRequest::Recreation && transition.change.old.without(&out).is_empty();
    Some(if leftovers {
        let pods = cluster.pods(&transition.change.old);
        let gone = format!("wait until {} {} gone", words::names(&pods), words::verb(&pods, "is", "are"));
        finding.retry(None).remedy(format!("{gone}, then create it"))
    } else if up.passing {
        finding.retry(None).remedy("wait until the pods that are on their way out are back, then grow")
    } else if denial == ScaleUpDenial::Leaderless && up.before.has_quorum() {
        finding.retry(None).remedy(format!("{}, then grow", words::ELECTION))
    } else {
        let over = if cluster.current_state().data == DataLocation::WithPod { "" } else { " over their own claims" };
        finding.remedy(format!("bring the cluster's own nodes back{over} until one is leader, then grow"))
    })
}

/// Ordinals that may return by the list of a cluster without a leader: a listed one over a claim that is Pending, as a restored one is,
/// and one with a bound claim that an old list may lack.
fn may_return(cluster: &ClusterState) -> Ordinals {
    if cluster.source != MembershipSource::Leaderless {
        return Ordinals::default();
    }
    let listed = cluster.claimed_at_all().within(cluster.configured());
    listed.with(&cluster.data_claims().unwrap_or_default())
}

/// New pods run the new template: its `-bootstrap-expect` is what they wait for.
fn may_bootstrap(transition: &Transition, up: &ScaleUp, counts: &str) -> Option<Finding> {
    let nodes = transition.next_rqlite.iter().flat_map(|rqlite| &rqlite.nodes);
    let expects = nodes.filter_map(|node| node.expect.as_ref()).filter_map(|expect| match &expect.value {
        Value::Known(number) => Some(*number),
        Value::Deferred(source) => expect.number_by(transition.facts().held_by(source)?),
        Value::Malformed(_) => None,
    });
    let expect = expects.filter(|expect| *expect > 0).min()?;
    let blank = up.blank.count();
    (expect <= i64::from(blank)).then(|| {
        let pods = words::number_of(blank, "blank pod");
        let (found, remedy) = match expect {
            1 => ("each founds a cluster of its own", "watch `/nodes` while they join".to_owned()),
            2 => ("they found a second cluster", "grow by 1 at a time, or watch `/nodes` while they join".to_owned()),
            _ => {
                let remedy = format!("grow by fewer than {expect} at a time, or watch `/nodes` while they join");
                ("they found a second cluster", remedy)
            }
        };
        RULE.warn(format!(
            "{counts} brings {pods}, and `-bootstrap-expect` is {expect}: should they find no leader, {found}"
        ))
        .remedy(remedy)
    })
}

/// Ordinals with a claim that is not bound.
fn unbound(cluster: &ClusterState) -> Ordinals {
    cluster.claimed_at_all().without(&cluster.data_claims().unwrap_or_default())
}

fn from_zero(transition: &Transition, cluster: &ClusterState) -> Option<Finding> {
    let counts = from_nothing(transition);
    match FromZero::of(cluster, &transition.change.new) {
        FromZero::Creation => None,
        FromZero::Unknown => Some(
            RULE.warn(format!("{counts}: whether these ordinals have their claims is not known"))
                .remedy("bring back exactly the ordinals that ran before"),
        ),
        FromZero::Over(claims) => over(transition, cluster, &claims, &counts).or_else(|| in_order(transition, &counts)),
    }
}

/// All have their data, and the first one that starts waits for the others.
fn in_order(transition: &Transition, counts: &str) -> Option<Finding> {
    let first = words::ordered_start(transition, &transition.change.new)?;
    let message = format!("{counts} starts one pod after the other, each when the one before it is ready");
    Some(RULE.warn(message).remedy(format!("{first}scale up")))
}

/// `replicas 0 -> 3`; of a set that is created there is no old count.
fn from_nothing(transition: &Transition) -> String {
    match transition.via {
        TransitionRequest::Recreation => format!("replicas {}", transition.change.new.count()),
        TransitionRequest::Update | TransitionRequest::Scale => words::counts(&transition.change),
    }
}

fn over(transition: &Transition, cluster: &ClusterState, claims: &ClaimedOrdinals, counts: &str) -> Option<Finding> {
    let names = |ordinals: &Ordinals| words::names(&cluster.ids_of(ordinals));
    let ClaimedOrdinals { kept, blank, left_out, .. } = claims;
    if !blank.is_empty() && !kept.is_empty() {
        return Some(
            RULE.deny(format!(
                "{counts} brings {} blank beside the claims of {}, and nobody is leader",
                names(blank),
                names(kept)
            ))
            .remedy(steps_back(transition, &cluster.claimed_at_all())),
        );
    }
    if !left_out.is_empty() {
        let missing = cluster.ids_of(left_out);
        let without = format!("{counts} leaves out {}", words::names(&missing));
        if transition.removed_themselves() {
            let message = format!(
                "{without}: the nodes removed themselves when they stopped, and any of them may be the last voter"
            );
            return Some(
                RULE.deny(message)
                    .remedy(format!("{}; else use break-glass", both_remedies(transition, cluster, left_out))),
            );
        }
        let count = words::verb(&missing, "which still counts", "which still count");
        let back = both_remedies(transition, cluster, left_out);
        let last = if transition.may_have_removed_themselves() {
            "; if nodes removed themselves when they stopped, any of them may be the last voter"
        } else {
            ""
        };
        return Some(RULE.warn(format!("{without}, {count} for the quorum{last}")).remedy(back));
    }
    beside_pending(transition, cluster, claims, counts)
}

/// Nothing is certain of a claim that is not bound.
fn beside_pending(
    transition: &Transition,
    cluster: &ClusterState,
    claims: &ClaimedOrdinals,
    counts: &str,
) -> Option<Finding> {
    let names = |ordinals: &Ordinals| words::names(&cluster.ids_of(ordinals));
    let ClaimedOrdinals { kept, blank, pending, .. } = claims;
    if kept.is_empty() && !blank.is_empty() {
        let waiting = unbound(cluster);
        let message = format!(
            "{counts} brings {} blank beside the claims of {}, which are Pending and may hold data",
            names(blank),
            names(&waiting)
        );
        return Some(RULE.warn(message).remedy(steps_back(transition, &waiting)));
    }
    if kept.is_empty() || pending.is_empty() {
        return None;
    }
    let message = format!(
        "{counts} brings {} over claims that are Pending, beside the data of {}: without data they come blank, and nobody is leader",
        names(pending),
        names(kept)
    );
    let claimed = cluster.claimed_at_all();
    // All that there is comes: growth waits for a leader, and some of them alone may be no quorum.
    let remedy = if claimed.without(&transition.change.new).is_empty() {
        let form = |one, many| words::form(pending.count(), one, many);
        let (claims, hold) = (form("claim", "claims"), form("holds", "hold"));
        format!("verify that the {claims} of {} {hold} restored data", names(pending))
    } else {
        steps_back(transition, &claimed)
    };
    Some(RULE.warn(message).remedy(remedy))
}

/// The most of these ordinals that can be asked for together, then growth. `spec.ordinals` asks for one run of them.
fn steps_back(transition: &Transition, ordinals: &Ordinals) -> String {
    let lowest = ordinals.lowest().unwrap_or_default();
    let length = ordinals.iter().zip(lowest..).take_while(|(ordinal, next)| ordinal == next).count();
    let run = Ordinals::first(lowest, u32::try_from(length).unwrap_or(u32::MAX));
    let rest = ordinals.without(&run);
    let way = format!("{}, then grow", exactly(transition, &run));
    if rest.is_empty() {
        return way;
    }
    let further = words::span(transition.next, &rest);
    if transition.removed_themselves() {
        return format!("verify that {further} left the cluster and delete the claims; then {way}; or use break-glass");
    }
    format!("{way} (the claims of {further} stand behind a gap)")
}

/// `scale to 3`, `create it with replicas 3`; where another first ordinal is needed, with that.
fn exactly(transition: &Transition, run: &Ordinals) -> String {
    let (lowest, count) = (run.lowest().unwrap_or_default(), run.count());
    let asked = transition.change.new.lowest();
    let moved = asked.is_some_and(|asked| asked != lowest);
    let whose = words::span(transition.next, run);
    match (transition.via, moved) {
        (_, true) => format!("set spec.ordinals.start to {lowest} and replicas to {count} ({whose})"),
        (TransitionRequest::Recreation, false) => format!("create it with replicas {count} ({whose})"),
        (TransitionRequest::Update | TransitionRequest::Scale, false) => format!("scale to {count} ({whose})"),
    }
}

/// All of them, or without the claims of those that are no members any more; never without those of a last voter.
fn both_remedies(transition: &Transition, cluster: &ClusterState, left_out: &Ordinals) -> String {
    let ends = transition.change.new.with(left_out);
    let reach = ends.lowest().zip(ends.highest());
    let run = reach.map_or_else(Ordinals::default, |(low, high)| Ordinals::from(low..high.saturating_add(1)));
    let whole = run.without(&transition.change.new).without(&cluster.claimed_at_all()).is_empty();
    let last = transition.facts().last_voters.as_ref();
    let is_last = |ordinal: u32| {
        let id = cluster.current_state().node_id(ordinal);
        last.is_some_and(|last| id.is_none_or(|id| last.contains(&id)))
    };
    let may_go: Ordinals = left_out.iter().filter(|ordinal| !is_last(*ordinal)).collect();
    let (pvcs, ids) = if may_go.count() == 1 { ("PVC", "its id was") } else { ("PVCs", "their ids were") };
    let removed = format!("delete the {pvcs} of {} if {ids} removed before", words::span(transition.next, &may_go));
    match (whole, may_go.count() == left_out.count()) {
        (true, true) => format!("{}, or {removed}", exactly(transition, &run)),
        (true, false) => exactly(transition, &run),
        (false, true) => removed,
        (false, false) => "bring back exactly the ordinals that ran before".to_owned(),
    }
}
