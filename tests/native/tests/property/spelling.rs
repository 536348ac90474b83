//! What is written otherwise and means the same gets the same answer, and turning one into the other is no edit.

use proptest::prelude::*;
use quorate_native_tests::change::{edited, edits};
use quorate_native_tests::evaluate::{Evaluated, evaluate};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::facts::Facts;
use quorate_native_tests::launch::{Shape, respelled};
use quorate_native_tests::run::Broken;
use quorate_native_tests::set::{OtherContainers, Set, set};
use serde_json::Value;

use crate::hold;
use quorate_native_tests::request::known;

/// A set, the same otherwise written, facts.
fn pairs() -> impl Strategy<Value = (Set, Set, Facts)> {
    known(set()).prop_flat_map(|(set, facts)| {
        let launches = respelled(&set.launch);
        (Just(set), launches, Just(facts)).prop_map(|(set, launch, facts)| {
            let other = Set { launch, ..set.clone() };
            (set, other, facts)
        })
    })
}

/// A negative count is not judged, however it is written.
fn readable(set: &Set) -> bool {
    set.count() >= 0 && !matches!(set.launch.shape, Shape::Variable | Shape::VariableMap)
}

#[test]
fn a_new_spelling_is_no_edit() {
    hold("respelled", 60, &pairs(), |(old, new, facts)| {
        let plain = readable(old) && old.launch.shape.is_plain();
        let input = EvaluationInput::update(&old.json(), &new.json(), &facts.json(old));
        let evaluated = evaluate(&input);
        let lock = evaluated.denials().find(|finding| finding.policy() != "secret-mounts");
        match lock {
            Some(_) if plain => Err(Broken::new(evaluated.told(), [("input", input)])),
            _ => Ok(()),
        }
    });
}

#[test]
fn spelling_and_order_change_no_answer() {
    let cases = (pairs(), edits(), any::<bool>());
    hold("spelling", 40, &cases, |((set, other, facts), edits, create)| {
        if !readable(set) {
            return Ok(());
        }
        let facts = facts.json(set);
        let input = |set: &Set| {
            if *create {
                EvaluationInput::create(&set.json(), &facts)
            } else {
                EvaluationInput::update(&set.json(), &edited(set, edits).json(), &facts)
            }
        };
        // An edit may set what the one has already and the other writes otherwise.
        let restarts = |set: &Set| edited(set, edits).json()["spec"]["template"] != set.json()["spec"]["template"];
        if restarts(set) != restarts(other) {
            return Ok(());
        }
        alike(input(set), input(other), &[])
    });
}

#[test]
fn containers_in_another_order_change_no_answer() {
    hold("containers", 20, &(known(set()), edits()), |((set, facts), edits)| {
        let set = Set { beside: OtherContainers::Sidecars, ..set.clone() };
        let facts = facts.json(&set);
        let turned = |set: &Set| {
            let mut set = set.json();
            let list = set["spec"]["template"]["spec"]["containers"].as_array_mut().expect("a list");
            list.reverse();
            set
        };
        let new = edited(&set, edits);
        if new.count() < 0 || set.count() < 0 {
            return Ok(());
        }
        let one = EvaluationInput::update(&set.json(), &new.json(), &facts);
        let other = EvaluationInput::update(&turned(&set), &turned(&new), &facts);
        alike(one, other, &[])
    });
}

#[test]
fn a_script_that_does_nothing_but_exec_is_read_as_its_argv() {
    hold("exec-is-argv", 40, &(known(set()), edits()), |((set, facts), edits)| {
        if !set.launch.shape.is_plain() || set.launch.flags.iter().any(|flag| flag.name == "node-id") {
            return Ok(());
        }
        let shaped = |set: &Set, shape| {
            let mut set = set.clone();
            set.launch.shape = shape;
            set.json()
        };
        let new = edited(set, edits);
        // An edit of the shape would take the one or the other away.
        if new.launch.shape != set.launch.shape || new.count() < 0 || set.count() < 0 {
            return Ok(());
        }
        let facts = facts.json(set);
        // What is injected depends on the shape, and is advised about.
        let input = |shape| EvaluationInput {
            mutates: false,
            ..EvaluationInput::update(&shaped(set, shape), &shaped(&new, shape), &facts)
        };
        alike(input(Shape::CommandServer), input(Shape::Exec), &["quorum-guard", "bootstrap-expect-lock"])
    });
}

#[test]
fn the_order_of_keys_changes_nothing() {
    hold("keys", 10, &(known(set()), edits()), |((set, facts), edits)| {
        let new = edited(set, edits);
        // There an entry of `env` refers to those before it.
        if !readable(set) || !readable(&new) {
            return Ok(());
        }
        let input = EvaluationInput::update(&set.json(), &new.json(), &facts.json(set));
        let mut turned = input.clone();
        for side in ["object", "oldObject"] {
            turned.review["request"][side] = reversed(&turned.review["request"][side]);
        }
        alike(input, turned, &[])
    });
}

/// Values of a list that Kubernetes keys by name, the other way round: `env`.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .rev()
            .map(|(key, field)| {
                let mut field = reversed(field);
                // An entry of `env` may refer to those before it; the generated ones do not.
                if let (true, Some(list)) =
                    (key == "env" || key == "volumeMounts" || key == "volumes", field.as_array_mut())
                {
                    list.reverse();
                }
                (key.clone(), field)
            })
            .collect(),
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn alike(one: EvaluationInput, other: EvaluationInput, policies: &[&str]) -> Result<(), Broken> {
    let (left, right): (Evaluated, Evaluated) = (evaluate(&one), evaluate(&other));
    if left.words(policies) == right.words(policies) {
        return Ok(());
    }
    Err(Broken::new(format!("one: {}\nother: {}", left.told(), right.told()), [("one", one), ("other", other)]))
}
