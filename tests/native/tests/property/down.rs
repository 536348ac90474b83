//! Every step down of plain voters against the model: admitted iff the voters that answer and stay are a quorum, or it is lost by what a view
//! names and nobody who answers leaves; with self-removal and a leader also by the relaxed and the sequential bound.

use std::ops::Range;

use proptest::prelude::*;
use quorate_native_tests::evaluate::{Verdict, evaluate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::facts::{Facts, Node, Pod};
use quorate_native_tests::run::Broken;
use quorate_native_tests::set::{Data, Set, Status, plain};

use crate::hold;
use crate::model::{Cluster, Names, ViewKind, pod, quorum, removal_counts, removes_itself};
use quorate_native_tests::request::known;

const RULE: &str = "quorum-guard/scale-below-quorum";

#[test]
fn a_step_down_is_admitted_as_the_model_says() {
    let sets = plain().prop_map(|mut set| {
        (set.data, set.scaled) = (Data::Template, None);
        set.status = Status::Finished;
        set
    });
    let cases = (known(sets), 1_i64..9);
    hold("down", 90, &cases, |((set, facts), to)| {
        let count = usize::try_from(set.count()).unwrap_or(0);
        // What left earlier and still has pods is another rule's.
        let mut facts = facts.clone();
        facts.pods.iter_mut().flatten().skip(count).for_each(|pod| *pod = Pod::Missing);
        if *to >= set.count() {
            return Ok(());
        }
        let Some(admitted) = model(set, &facts, *to) else { return Ok(()) };
        let input = EvaluationInput::scale(&set.json(), *to, &facts.json(set));
        let evaluated = evaluate(&input);
        let right =
            if admitted { evaluated.verdict() == Verdict::Allowed } else { evaluated.denied_by(RULE).is_some() };
        if right {
            return Ok(());
        }
        let expected = if admitted { "admitted" } else { "denied" };
        Err(Broken::new(
            format!("{} -> {to}, expected {expected}: {}", set.count(), evaluated.told()),
            [("input", input)],
        ))
    });
}

/// Whether it is admitted; None where the facts leave it open.
fn model(set: &Set, facts: &Facts, to: i64) -> Option<bool> {
    let indexes = usize::try_from(to).unwrap_or(0)..usize::try_from(set.count()).unwrap_or(0);
    let leaving: Names = indexes.clone().map(|index| set.pod(index)).collect();
    let cluster = Cluster::of(set, facts, &leaving);
    let nodes = facts.view.as_ref().map(|view| view.nodes.as_slice()).unwrap_or_default();
    let unlisted = indexes.clone().any(|index| nodes.get(index).is_none_or(|node| *node == Node::Unlisted));
    let unmatched = facts.view.as_ref().is_some_and(|view| view.foreign.contains(&true));
    if cluster.kind != ViewKind::None && unlisted && unmatched {
        return None;
    }
    if cluster.kind == ViewKind::Leaderless && nodes.contains(&Node::NonVoter) {
        return None;
    }
    let may_answer = |name: &String| {
        let hidden = cluster.kind == ViewKind::Leaderless && !cluster.listed.contains(name);
        cluster.answering.contains(name) || hidden && pod(set, facts, name) != Some(Pod::Missing)
    };
    if cluster.is_lost() {
        return Some(!leaving.iter().any(may_answer));
    }
    if cluster.kind == ViewKind::Led && !leaving.iter().any(|name| cluster.listed.contains(name)) {
        return Some(true);
    }
    if cluster.stay(&leaving) >= quorum(cluster.voters.len()) {
        return Some(true);
    }
    let removal = removes_itself(set, facts, &leaving)? && removal_counts(set) && cluster.kind == ViewKind::Led;
    if !removal || cluster.reachable.len() < quorum(cluster.voters.len()) {
        // Nobody who answers leaves while the quorum is not lost by the view alone: left to the rule.
        return leaving.iter().any(may_answer).then_some(false);
    }
    let busy = leaving.iter().any(|name| pod(set, facts, name) == Some(Pod::Terminating));
    removed_in_time(set, &cluster, &leaving, indexes, busy)
}

/// The relaxed bound where they stop at once, the sequential one where they stop one by one; left open where one is on its way already,
/// which stops at the same time as the first.
fn removed_in_time(set: &Set, cluster: &Cluster, leaving: &Names, indexes: Range<usize>, busy: bool) -> Option<bool> {
    let names = indexes.rev().map(|index| set.pod(index));
    let voting: Vec<String> = names.filter(|name| cluster.voters.contains(name)).collect();
    let (mut voters, mut reachable) = (cluster.voters.len(), cluster.reachable.len());
    let one_by_one = voting.len() == 1 || !set.parallel && set.pre_stop && set.grace.is_none_or(|grace| grace >= 30);
    if !one_by_one {
        return Some(cluster.stay(leaving) >= quorum(voters - 1));
    }
    if busy {
        return None;
    }
    for _ in voting.iter().filter(|name| cluster.reachable.contains(*name)) {
        (voters, reachable) = (voters - 1, reachable - 1);
        if reachable < quorum(voters) {
            return Some(false);
        }
    }
    Some(true)
}
