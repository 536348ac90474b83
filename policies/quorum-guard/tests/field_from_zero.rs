//! Inputs of strangers, read where they lie; not there, this says so and passes.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test: what is not there fails it, or is said")]

use std::fs;
use std::path::{Path, PathBuf};

use quorate_sdk::cases::{Case, load, render};
use quorum_guard::QuorumGuard;
use serde_json::{Value, json};

fn inputs() -> Option<PathBuf> {
    let field = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/field");
    if !field.is_dir() {
        eprintln!("SKIPPED: {} is not there", field.display());
        return None;
    }
    Some(field)
}

/// The first words of each finding: `deny scale-up-without-leader`.
#[track_caller]
fn judged(review: &Path, facts: &Path, expected: &[&str]) {
    let mut case: Case = load(Path::new(env!("CARGO_MANIFEST_DIR"))).remove(0);
    case.review = serde_json::from_str::<Value>(&fs::read_to_string(review).unwrap()).unwrap();
    case.facts = fs::read_to_string(facts).unwrap();
    (case.parent, case.settings) = (None, json!({}));
    let text = render("p", &case.run_native::<QuorumGuard>());
    let findings: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with("deny") || line.starts_with("warn"))
        .filter_map(|line| Some(line.split(':').next()?.replace("p/", "")))
        .collect();
    assert_eq!(findings, expected, "{}\n{text}", review.display());
}

#[test]
fn generated_worlds_are_judged_rightly() {
    let Some(field) = inputs() else { return };
    for (name, expected) in [
        ("recreation-with-rm", &["deny scale-up-without-leader"] as &[&str]),
        // Without self-removal; the flag is injected before.
        ("recreation-without-pods", &["warn scale-up-without-leader"]),
        ("pool-over-claims", &[]),
        ("malformed-at-recreation", &[]),
    ] {
        let world = field.join("fuzz").join(name);
        judged(&world.join("review.json"), &world.join("facts.json"), expected);
    }
}

#[test]
fn restored_claims_that_wait_for_their_pods_are_no_blank_ones() {
    let Some(field) = inputs() else { return };
    let claims = field.join("platform/f10");
    let (five, three) = (claims.join("velero-create.json"), claims.join("velero-create3.json"));
    judged(&five, &claims.join("velero-facts-pending.json"), &[]);
    judged(&five, &claims.join("velero-facts.json"), &[]);
    judged(&three, &claims.join("velero-facts-pending.json"), &[]);
}
