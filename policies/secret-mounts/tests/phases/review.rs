//! A manifest with a launch and asks, and both phases of the policy on it. Asserts nothing but that the mutation says nothing.

use kubernetes::admission::Phase;
use kubernetes::related::{Reason, Related};
use kubernetes::verdict::Level;
use quorate_cases::{Case, Verdict};
use quorate_fixtures::review;
use quorate_fixtures::set::rqlite_set;
use secret_mounts::SecretMounts;
use serde_json::{Value, json};

const NOTHING_KNOWN: &str = r#"{"version": 1}"#;

fn review(phase: Phase, old: &Value, new: &Value) -> Verdict {
    let review = review::of_change(Some(old).filter(|old| !old.is_null()), Some(new));
    let nothing_behind = Related::Unknown(Reason::NothingBehind);
    Case::of(review.clone(), nothing_behind, NOTHING_KNOWN.to_owned()).run_phase::<SecretMounts>(phase, &review)
}

/// The object after the mutating phase; `old` null at a creation.
#[track_caller]
pub(crate) fn mutated(old: &Value, new: &Value) -> Value {
    let verdict = review(Phase::Mutate, old, new);
    assert!(verdict.findings.is_empty(), "{:?}", verdict.findings);
    verdict.object.unwrap_or_else(|| new.clone())
}

/// The denials of the validating phase: `rule: message`.
pub(crate) fn validated(old: &Value, new: &Value) -> Vec<String> {
    let findings = review(Phase::Validate, old, new).findings;
    let denied = findings.into_iter().filter(|finding| finding.level == Level::Deny);
    denied.map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
}

/// In the shape of the official 3-node manifest, as the API server stores it: defaults written out.
pub(crate) fn manifest(launch: &Value, asks: &[(&str, &str)]) -> Value {
    let mut set = rqlite_set(3);
    set["metadata"]["annotations"] = json!({"team": "data"});
    for (key, value) in asks {
        set["metadata"]["annotations"][format!("quorate.dev/{key}")] = json!(value);
    }
    let container = &mut set["spec"]["template"]["spec"]["containers"][0];
    container["image"] = json!("rqlite/rqlite:9.1.3");
    container["startupProbe"] = json!({"exec": {"command": ["true"]}});
    // The launch alone says what is run.
    container.as_object_mut().unwrap().remove("args");
    for (key, value) in launch.as_object().unwrap() {
        container[key] = value.clone();
    }
    set
}
