//! What mutation does: twice is once, git applied again is what runs, and rqlited takes the launch that comes out.

use kubernetes::manifest::StatefulSet;
use proptest::prelude::*;
use quorate_native_tests::change::{edited, edits};
use quorate_native_tests::evaluate::{evaluate, mutate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::run::Broken;
use quorate_native_tests::set::{Set, set};
use rqlite::cluster::{Node, RqliteSet};
use serde_json::{Value, json};

use crate::hold;
use quorate_native_tests::request::known;

/// A new set, or an update of one that runs as Quorate made it.
fn inputs() -> impl Strategy<Value = EvaluationInput> {
    (known(set()), prop_oneof![Just(None), edits().prop_map(Some)]).prop_map(|((set, facts), edits)| {
        let facts = facts.json(&set);
        match edits {
            None => EvaluationInput::create(&set.json(), &facts),
            Some(edits) => {
                let live = mutate(&EvaluationInput::create(&set.json(), &json!({ "version": 1 })));
                EvaluationInput::update(&live, &edited(&set, &edits).json(), &facts)
            }
        }
    })
}

#[test]
fn mutating_twice_is_mutating_once() {
    hold("mutate-twice", 70, &inputs(), |input| {
        let once = mutate(input);
        let again = with_object(input, &once);
        let twice = mutate(&again);
        if once == twice {
            return Ok(());
        }
        Err(Broken::new(
            format!("the second mutation changes the object: {}", difference(&once, &twice, "")),
            [("once", input.clone()), ("twice", again)],
        ))
    });
}

#[test]
fn the_manifest_from_git_gives_the_live_template_again() {
    let sets = known(set());
    hold("git-again", 40, &sets, |(set, facts)| {
        let git = set.json();
        let created = EvaluationInput::create(&git, &json!({ "version": 1 }));
        let mut live = mutate(&created);
        // A set that ran before Quorate was asked has nothing to lose.
        live["status"] = git["status"].clone();
        let input = EvaluationInput::update(&live, &git, &facts.json(set));
        let again = mutate(&input);
        let template = |set: &Value| set["spec"]["template"].clone();
        let evaluated = evaluate(&input);
        if template(&again) != template(&live) {
            let what = difference(&template(&live), &template(&again), "");
            return Err(Broken::new(
                format!("git over the live set changes {what}"),
                [("create", created), ("again", input)],
            ));
        }
        if evaluated.denied() && !evaluate(&created).denied() {
            return Err(Broken::new(
                format!("git over the live set is denied: {}", evaluated.told()),
                [("again", input)],
            ));
        }
        Ok(())
    });
}

#[test]
fn rqlited_takes_what_was_injected() {
    hold("injected-launch", 60, &inputs(), |input| {
        let before = &input.review["request"]["object"];
        let after = mutate(input);
        let (Some(old), Some(new)) = (sole(before), sole(&after)) else {
            let changed = before["spec"]["template"]["spec"] != after["spec"]["template"]["spec"];
            let what = "something is injected into a set that has not one rqlite container";
            return if changed { Err(Broken::new(what, [("input", input.clone())])) } else { Ok(()) };
        };
        let changed = old.container != new.container;
        let refused = |node: &Node| node.launch.line.as_ref().is_some_and(|line| !line.parses());
        match (changed, refused(&old), refused(&new)) {
            (true, true, _) => {
                Err(Broken::new("a launch that rqlited refuses gets something injected", [("input", input.clone())]))
            }
            (true, false, true) => {
                Err(Broken::new("what was injected makes rqlited refuse the launch", [("input", input.clone())]))
            }
            _ => Ok(()),
        }
    });
}

#[test]
fn what_changes_nothing_is_neither_judged_nor_patched() {
    hold("unchanged", 30, &known(set()), |(set, facts)| {
        let old = set.json();
        let mut new = old.clone();
        new["metadata"]["labels"] = json!({ "team": "db" });
        new["metadata"]["finalizers"] = json!(["x"]);
        new["status"] = json!({ "replicas": 1 });
        let input = EvaluationInput::update(&old, &new, &facts.json(set));
        let evaluated = evaluate(&input);
        if evaluated.findings.is_empty() && !evaluated.patched {
            return Ok(());
        }
        Err(Broken::new(evaluated.told(), [("input", input)]))
    });
}

#[test]
fn a_restart_is_never_denied() {
    hold("restart", 40, &known(set()), |(set, facts)| {
        // A wrong value is not judged, and a set of no such count exists.
        if set.count() < 0 {
            return Ok(());
        }
        let new = Set { restarted: 1, ..set.clone() };
        let input = EvaluationInput::update(&set.json(), &new.json(), &facts.json(set));
        let evaluated = evaluate(&input);
        if evaluated.denied() { Err(Broken::new(evaluated.told(), [("input", input)])) } else { Ok(()) }
    });
}

fn sole(set: &Value) -> Option<Node> {
    let set: StatefulSet = serde_json::from_value(set.clone()).expect("a generated set is one");
    RqliteSet::detect(&set)?.sole_node().cloned()
}

fn with_object(input: &EvaluationInput, object: &Value) -> EvaluationInput {
    let mut input = input.clone();
    input.review["request"]["object"] = object.clone();
    input
}

/// Where two values differ first, by its path.
fn difference(left: &Value, right: &Value, path: &str) -> String {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys());
            let found = keys.map(|key| (key, &left[key.as_str()], &right[key.as_str()])).find(|(_, a, b)| a != b);
            found.map_or(String::new(), |(key, a, b)| difference(a, b, &format!("{path}/{key}")))
        }
        _ => format!("{path}: {left} against {right}"),
    }
}
