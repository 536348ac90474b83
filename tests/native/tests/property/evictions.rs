//! Every eviction of a pod of plain voters against the model: an admitted one leaves a quorum of voters that answer, or falls under one of
//! the exceptions that the rule's page lists; a denied one falls under none.

use proptest::prelude::*;
use quorate_native_tests::evaluate::{Verdict, evaluate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::facts::{Claim, Facts, Node, Pod, View};
use quorate_native_tests::run::Broken;
use quorate_native_tests::set::{Data, Set, Status, plain};

use crate::hold;
use crate::model::{Cluster, Names, ViewKind, pod, quorum, removal_counts, removes_itself};
use quorate_native_tests::request::known;

const RULE: &str = "quorum-guard/eviction-below-quorum";

#[test]
fn an_eviction_is_admitted_as_the_model_says() {
    let sets = plain().prop_map(|mut set| {
        set.data = if set.data == Data::Template { Data::Template } else { Data::EmptyDir };
        set
    });
    let cases = (known(sets), 0_usize..9);
    hold("evictions", 80, &cases, |((set, facts), index)| {
        let Some(admitted) = model(set, facts, *index) else { return Ok(()) };
        let input = EvaluationInput::evict(&set.json(), &set.pod(*index), &facts.json(set));
        let evaluated = evaluate(&input);
        let right = if admitted {
            evaluated.verdict() == Verdict::Allowed
        } else {
            evaluated.denied_by(RULE).is_some_and(|denied| denied.retry)
        };
        if right {
            return Ok(());
        }
        let expected = if admitted { "admitted" } else { "denied with retry" };
        Err(Broken::new(format!("expected {expected}: {}", evaluated.told()), [("input", input)]))
    });
}

/// Whether it is admitted; None where the facts leave it open.
fn model(set: &Set, facts: &Facts, index: usize) -> Option<bool> {
    let name = set.pod(index);
    let leaving = Names::from([name.clone()]);
    let mut cluster = Cluster::of(set, facts, &leaving);
    if !cluster.own.contains(&name) {
        // Of data that goes with the pod, it may be the last that answers.
        return (set.data == Data::Template).then_some(true);
    }
    let removal = removes_itself(set, facts, &leaving)?;
    if removal && cluster.kind != ViewKind::None {
        cluster.voters.extend(returning(set, facts));
    }
    if set.data != Data::Template && cluster.kind != ViewKind::Led {
        // What the claims of another time say of a set without templates is left open.
        facts.claims.is_none().then_some(())?;
    }
    let state = pod(set, facts, &name);
    let unmatched = facts.view.as_ref().is_some_and(|view| view.foreign.contains(&true));
    // Nothing changes for one that is on its way out.
    if pod(set, facts, &name) == Some(Pod::Terminating) {
        return None;
    }
    if unmatched && hidden(set, facts) {
        return None;
    }
    let listed = facts.view.as_ref().and_then(|view| view.nodes.get(index)).is_some_and(|node| *node != Node::Unlisted);
    if cluster.kind != ViewKind::None && !listed && (unmatched || cluster.kind == ViewKind::Leaderless) {
        return None;
    }
    let lists_others = |view: &View| view.nodes.iter().any(|node| matches!(node, Node::NonVoter | Node::DeadNonVoter));
    if cluster.kind == ViewKind::Leaderless && facts.view.as_ref().is_some_and(lists_others) {
        return None;
    }
    let quorum = quorum(cluster.voters.len());
    let others = cluster.stay(&leaving);
    if cluster.kind == ViewKind::None {
        match state? {
            Pod::Missing | Pod::Stopped => return Some(true),
            Pod::NotReady if others >= quorum => return Some(true),
            Pod::NotReady | Pod::Unknown => {}
            Pod::Ready | Pod::Terminating => {}
        }
    } else if !cluster.answering.contains(&name) {
        return Some(true);
    }
    let of_more = cluster.voters.len() >= 2 || removal && set.count() >= 2;
    let last = others == 0 && of_more && set.data == Data::EmptyDir;
    let others_on_their_way = facts.pods.iter().flatten().filter(|pod| **pod == Pod::Terminating).count() > 0;
    if last {
        return if others_on_their_way || cluster.kind == ViewKind::None { None } else { Some(false) };
    }
    if cluster.is_lost() {
        return lost(set, cluster.kind, removal);
    }
    // Where nobody leads, what the last view listed counts too.
    let remembered = facts.last.as_ref().filter(|_| cluster.kind != ViewKind::Led).map_or(0, Vec::len);
    if set.count() <= 2 && cluster.listed.len() <= 2 && remembered <= 2 {
        return Some(true);
    }
    let next = usize::from(goes_on(set, facts, &cluster));
    Some(others >= quorum + next)
}

/// The controller takes another pod: its rollout is unfinished, none that it has certainly replaced is out, and the next one is there. Of one
/// revision the rollout was taken back, or a pod was drained: where pods do not tell, any pod may be the one to come, and only the highest
/// one keeps the controller from it.
fn goes_on(set: &Set, facts: &Facts, cluster: &Cluster) -> bool {
    // A node that answers by the view is among the others, whatever is known of its pod.
    let gone = |name: &&String| match pod(set, facts, name) {
        Some(Pod::Terminating) => true,
        Some(Pod::Missing) => !cluster.answering.contains(*name),
        Some(Pod::Ready | Pod::NotReady | Pod::Unknown | Pod::Stopped) | None => false,
    };
    let out = i64::try_from(cluster.own.iter().filter(gone).count()).unwrap_or(i64::MAX);
    let count = set.count().max(0);
    let taken_back = set.status == Status::OneFewer && set.updated() > 0;
    let first = if taken_back { count - 1 } else { (count - set.updated()).max(0) };
    let next = usize::try_from(first - 1).ok().filter(|_| !taken_back).map(|index| set.pod(index));
    if next.as_ref().is_some_and(|next| gone(&next)) {
        return false;
    }
    let replaced = first..count;
    let mut replaced = replaced.filter_map(|index| usize::try_from(index).ok()).map(|index| set.pod(index));
    set.rolls_out(out) && replaced.all(|name| cluster.reachable.contains(&name))
}

/// Own pods that the view does not list, on claims: they restart and come back.
fn returning(set: &Set, facts: &Facts) -> Vec<String> {
    let nodes = facts.view.as_ref().map(|view| view.nodes.as_slice()).unwrap_or_default();
    let unlisted = |index: usize| nodes.get(index).is_none_or(|node| *node == Node::Unlisted);
    if set.data != Data::Template {
        return Vec::new();
    }
    // Where claims are not known, each may have one.
    let has_data = |index: usize| {
        facts.claims.as_ref().is_none_or(|claims| claims.get(index).is_some_and(|claim| *claim == Claim::Bound))
    };
    let own = 0..usize::try_from(set.count()).unwrap_or(0);
    own.filter(|index| has_data(*index) && unlisted(*index)).map(|index| set.pod(index)).collect()
}

/// Some pod matches no entry of the view: one of its own that is not listed, or one beyond the own ordinals. It may be one of the view's nodes that match no pod.
fn hidden(set: &Set, facts: &Facts) -> bool {
    let own = usize::try_from(set.count()).unwrap_or(0);
    let nodes = facts.view.as_ref().map(|view| view.nodes.as_slice()).unwrap_or_default();
    let unlisted = (0..own).any(|index| nodes.get(index).is_none_or(|node| *node == Node::Unlisted));
    unlisted || facts.pods.iter().flatten().skip(own).any(|pod| *pod != Pod::Missing)
}

/// A leader within its lease steps down at once; one that removes itself meanwhile may block the rest. Whether a flag that SIGTERM never
/// reaches is self-removal here is left open.
fn lost(set: &Set, kind: ViewKind, removal: bool) -> Option<bool> {
    match (kind, removal) {
        (ViewKind::Led, true) => removal_counts(set).then_some(false),
        (ViewKind::Led, false) | (ViewKind::Leaderless | ViewKind::None, _) => Some(true),
    }
}
