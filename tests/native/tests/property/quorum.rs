//! Order among verdicts: a lower target is never safer than a higher one, and knowing of more danger never turns a denial into an
//! admission. And a target that a denial names is admitted.

use proptest::prelude::*;
use quorate_native_tests::evaluate::{Evaluated, Finding, evaluate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::facts::{Facts, Node, Pod, View};
use quorate_native_tests::run::Broken;
use quorate_native_tests::set::{Set, Status, set};

use crate::hold;
use quorate_native_tests::request::{GeneratedRequest, Request, any_request, known};

const BELOW: &str = "quorum-guard/scale-below-quorum";

#[test]
fn a_lower_target_is_never_safer() {
    let cases = (known(set()), 1_i64..9, 1_i64..9);
    hold("lower-is-never-safer", 70, &cases, |((set, facts), one, other)| {
        let (low, high) = (*one.min(other), *one.max(other));
        if low == high || high >= set.count() {
            return Ok(());
        }
        let input = |to| EvaluationInput::scale(&set.json(), to, &facts.json(set));
        let (lower, higher) = (evaluate(&input(low)), evaluate(&input(high)));
        if higher.denied_by(BELOW).is_some() && !lower.denied() {
            let what = format!("to {high}: {}\nto {low}: {}", higher.told(), lower.told());
            return Err(Broken::new(what, [("lower", input(low)), ("higher", input(high))]));
        }
        Ok(())
    });
}

/// What is learned of one pod that stays, or of its node.
#[derive(Debug, Clone, Copy)]
enum Learned {
    Pod(usize, Pod),
    Node(usize),
}

fn learned() -> impl Strategy<Value = Learned> {
    let worse = prop_oneof![Just(Pod::Missing), Just(Pod::NotReady), Just(Pod::Terminating), Just(Pod::Stopped)];
    prop_oneof![
        (0_usize..9, worse).prop_map(|(index, pod)| Learned::Pod(index, pod)),
        (0_usize..9).prop_map(Learned::Node)
    ]
}

#[test]
fn more_danger_never_turns_a_denial_into_an_admission() {
    let cases = (
        known(set()),
        prop_oneof![(0_i64..9).prop_map(Request::Scale), (0_usize..9).prop_map(Request::Evict)],
        learned(),
    );
    hold("danger", 70, &cases, |((set, facts), request, learned)| {
        let asked = GeneratedRequest { set: set.clone(), facts: facts.clone(), request: request.clone() };
        let Some(worse) = worsened(&asked, *learned) else { return Ok(()) };
        let worse = GeneratedRequest { facts: worse, ..asked.clone() };
        let (before, after) = (evaluate(&asked.input()), evaluate(&worse.input()));
        // Where a view shows that the quorum is lost, a request passes if no node that answers leaves.
        let lost = worse.facts.view.as_ref().is_some_and(|view| 2 * view.reachable() <= view.voters());
        if before.denied() && !after.denied() && !lost && !explains(&asked, *learned) {
            let what = format!("{learned:?}\nbefore: {}\nafter: {}", before.told(), after.told());
            return Err(Broken::new(what, [("before", asked.input()), ("after", worse.input())]));
        }
        Ok(())
    });
}

/// Of one revision, a pod that is gone is the one that the status lacks: no rollout takes another. Where its node does not answer, nothing
/// else is news.
fn explains(asked: &GeneratedRequest, learned: Learned) -> bool {
    let gone = matches!(learned, Learned::Pod(_, Pod::Missing | Pod::Terminating));
    let (Learned::Pod(index, _) | Learned::Node(index)) = learned;
    let silent = |view: &View| view.nodes.get(index) != Some(&Node::Voter);
    asked.set.status == Status::OneFewer && gone && asked.facts.view.as_ref().is_some_and(silent)
}

/// The facts with that known besides; None where it is no news, or is about who leaves.
fn worsened(asked: &GeneratedRequest, learned: Learned) -> Option<Facts> {
    let mut facts = asked.facts.clone();
    let index = match learned {
        Learned::Pod(index, _) | Learned::Node(index) => index,
    };
    let stays = match &asked.request {
        Request::Scale(to) => i64::try_from(index).is_ok_and(|index| index < *to && index < asked.set.count()),
        Request::Evict(evicted) => {
            *evicted != index && i64::try_from(index).is_ok_and(|index| index < asked.set.count())
        }
        Request::Create | Request::Update(_) | Request::Delete => false,
    };
    match learned {
        Learned::Pod(_, pod) => {
            let known = facts.pods.as_mut()?.get_mut(index)?;
            (stays && *known == Pod::Ready).then(|| *known = pod)?;
        }
        Learned::Node(_) => {
            let node = facts.view.as_mut()?.nodes.get_mut(index)?;
            (stays && *node == Node::Voter).then(|| *node = Node::DeadVoter)?;
        }
    }
    Some(facts)
}

#[test]
fn a_target_that_a_denial_names_is_admitted() {
    hold("named-target", 70, &any_request(), |asked| {
        let evaluated = evaluate(&asked.input());
        for finding in evaluated.denials().filter(|finding| finding.policy() == "quorum-guard") {
            let Some(target) = named(finding) else { continue };
            let there = arrived(asked, target);
            let follows = evaluate(&there);
            if follows.denied_by(&finding.rule).is_some() || refuses_transition(&follows) {
                let what = format!("{}\nat {target}: {}", evaluated.told(), follows.told());
                return Err(Broken::new(what, [("denied", asked.input()), ("followed", there)]));
            }
        }
        Ok(())
    });
}

/// Of a count that a remedy names, no rule on transitions has anything to say.
fn refuses_transition(evaluated: &Evaluated) -> bool {
    evaluated.denials().any(|finding| {
        ["scale-below-quorum", "scale-up-without-leader"].iter().any(|rule| finding.rule.ends_with(rule))
    })
}

/// `scale to 3 …`, `create it with replicas 3 …`: what comes first in the remedy.
fn named(finding: &Finding) -> Option<i64> {
    let starts = ["scale to ", "create it with replicas ", "create it again with replicas "];
    let rest = starts.iter().find_map(|start| finding.remedy.strip_prefix(start))?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The same request, to that count and nothing else.
fn arrived(asked: &GeneratedRequest, target: i64) -> EvaluationInput {
    let facts = asked.facts.json(&asked.set);
    let at = Set { replicas: Some(target), ..asked.set.clone() };
    match asked.request {
        Request::Create => EvaluationInput::create(&at.json(), &facts),
        Request::Update(_) | Request::Delete => EvaluationInput::update(&asked.set.json(), &at.json(), &facts),
        Request::Scale(_) | Request::Evict(_) => EvaluationInput::scale(&asked.set.json(), target, &facts),
    }
}
