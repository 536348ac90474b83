//! Every denial of every case of the policies, and where its remedy leads: each step that it names is carried out on the case's own objects
//! and facts, and judged again. It never ends in a denial of the same rule, in a launch that rqlited refuses, or in a step without end.
//! A remedy whose words no carrier knows fails: a new message needs its carrier (`steps.rs`).
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

mod carry;
mod edit;
mod launch;
mod membership;
mod phrase;
mod steps;

use kubernetes::manifest::StatefulSet;
use quorate_cases::Case;
use quorate_native_tests::evaluate::{Evaluated, Finding, evaluate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::workspace;
use rqlite::cluster::RqliteSet;
use serde_json::Value;

use crate::steps::{Step, steps};

/// Steps that a way down may have; nine voters to one are four.
const MOST_STEPS: usize = 8;

#[test]
fn a_remedy_that_is_followed_leads_out() {
    let (mut failures, mut followed) = (Vec::new(), 0);
    for policy in quorate_cases::built_in() {
        for case in quorate_cases::load(&workspace().join("policies").join(policy)) {
            let input = world_of(policy, &case);
            for finding in evaluate(&input).denials().filter(|finding| finding.policy() == policy) {
                let place = format!("{policy}/{}/{}", case.rule, case.name);
                failures.extend(follow(&input, finding).into_iter().map(|what| format!("--- {place}: {what}")));
                followed += 1;
            }
        }
    }
    assert!(followed > 150, "only {followed} denials found");
    assert!(failures.is_empty(), "{} of {followed}\n{}", failures.len(), failures.join("\n"));
}

fn world_of(policy: &'static str, case: &Case) -> EvaluationInput {
    let facts = serde_json::from_str(&case.facts).unwrap();
    let mut input = EvaluationInput::new(case.review.clone(), case.related.clone(), facts);
    input.mutates = case.mutates;
    input.with_settings(policy, case.settings.clone())
}

/// What is wrong with the remedy of a denial.
fn follow(input: &EvaluationInput, finding: &Finding) -> Vec<String> {
    let told = format!("{}\n  remedy: {}", finding.message, finding.remedy);
    let steps = match steps(&finding.remedy) {
        Ok(steps) if steps.is_empty() => return vec![format!("no step in it: {told}")],
        Ok(steps) => steps,
        Err(words) => return vec![format!("no carrier knows `{words}`: {told}")],
    };
    let wrong = |step: &Step| carried(input, finding, step, 0).err().map(|what| format!("{what}\n  of: {told}"));
    steps.iter().filter_map(wrong).collect()
}

/// Carries one step out and judges what it leads to; of a way that goes on, the next step too.
fn carried(input: &EvaluationInput, finding: &Finding, step: &Step, depth: usize) -> Result<(), String> {
    let Some(there) = (step.carry)(input, &step.words, finding) else {
        return if step.elsewhere { Ok(()) } else { Err(format!("`{}` cannot be carried out", step.words)) };
    };
    if there.review == input.review
        && there.related == input.related
        && there.facts == input.facts
        && there.mutates == input.mutates
    {
        return Err(format!("`{}` asks for what is there", step.words));
    }
    let evaluated = evaluate(&there);
    let others = others_of(input, finding);
    if let Some(again) = denied_again(&evaluated, finding, &others) {
        // Bringing nodes back is a step on the way: what was asked for may be too much all the same.
        let next = (step.goes_on && again.remedy != finding.remedy && depth < MOST_STEPS).then(|| steps(&again.remedy));
        return match next {
            Some(Ok(next)) if !next.is_empty() => {
                next.iter().try_for_each(|step| carried(&there, again, step, depth + 1))
            }
            _ => Err(format!("after `{}` it is denied again: {} || {}", step.words, again.message, again.remedy)),
        };
    }
    if refused(&evaluated.object) && !refused(&input.review["request"]["object"]) {
        return Err(format!("after `{}` rqlited refuses the launch", step.words));
    }
    match (step.then)(input, &there, &step.words, finding) {
        Some(onward) => {
            let evaluated = evaluate(&onward);
            let Some(again) = denied_again(&evaluated, finding, &others) else { return Ok(()) };
            if depth >= MOST_STEPS {
                return Err(format!("`{}` never ends", step.words));
            }
            let next = steps(&again.remedy).map_err(|words| format!("no carrier knows `{words}`"))?;
            next.iter().take(1).try_for_each(|step| carried(&onward, again, step, depth + 1))
        }
        None => Ok(()),
    }
}

/// What this rule denies besides, by the beginning of its message: each has a remedy of its own.
fn others_of(input: &EvaluationInput, finding: &Finding) -> Vec<String> {
    let evaluated = evaluate(input);
    let others = evaluated.denials().filter(|other| other.rule == finding.rule && other.message != finding.message);
    others.map(|other| subject(other).to_owned()).collect()
}

fn denied_again<'j>(evaluated: &'j Evaluated, finding: &Finding, others: &[String]) -> Option<&'j Finding> {
    evaluated.denials().find(|again| again.rule == finding.rule && !others.iter().any(|other| other == subject(again)))
}

fn subject(finding: &Finding) -> &str {
    finding.message.split(": ").next().unwrap_or_default()
}

/// rqlited of that release would exit at once.
fn refused(object: &Value) -> bool {
    let Ok(set) = serde_json::from_value::<StatefulSet>(object.clone()) else { return false };
    let nodes = RqliteSet::detect(&set).map(|set| set.nodes).unwrap_or_default();
    nodes.iter().any(|node| node.launch.line.as_ref().is_some_and(|line| !line.parses()))
}
