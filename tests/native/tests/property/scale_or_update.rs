//! The same change made in two ways: through `statefulsets/scale`, and by an update of the set itself.

use quorate_native_tests::evaluate::evaluate;
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::run::Broken;
use quorate_native_tests::set::{Set, set};

use crate::hold;
use quorate_native_tests::request::known;

#[test]
fn a_scale_is_judged_as_the_update_that_does_the_same() {
    let cases = (known(set()), 0_i64..10);
    hold("scale-is-apply", 70, &cases, |((set, facts), to)| {
        if set.count() < 0 {
            return Ok(());
        }
        let facts = facts.json(set);
        let (old, new) = (set.json(), Set { replicas: Some(*to), ..set.clone() }.json());
        let (scale, apply) = (EvaluationInput::scale(&old, *to, &facts), EvaluationInput::update(&old, &new, &facts));
        let (scaled, applied) = (evaluate(&scale), evaluate(&apply));
        // A strategy above the tolerance is a defect of shape: through a Scale it is a warning.
        let words = |evaluated: &quorate_native_tests::evaluate::Evaluated| {
            let mut words = evaluated.words(&["quorum-guard", "bootstrap-expect-lock"]);
            words.retain(|word| !word.ends_with("/rollout-above-tolerance"));
            words
        };
        if words(&scaled) == words(&applied) {
            return Ok(());
        }
        let what = format!("by scale {}\nby apply {}", scaled.told(), applied.told());
        Err(Broken::new(what, [("scale", scale), ("apply", apply)]))
    });
}
