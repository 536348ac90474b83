//! Every recorded review, official manifest and rendered chart, and the verdict that each must get.
//! Reads upstream's files in place and says loudly when they are not there.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use kubernetes::list;
use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::Review;
use quorate_fixtures::review;
use quorate_tests::{NOTHING_BEHIND, builtin, evaluate, stateful_sets, upstream, upstream_sets};
use serde_json::{Value, json};

const NOTHING_KNOWN: &str = r#"{"version": 1}"#;

/// What must come of a recorded review: alone, and with the StatefulSet behind it.
struct Expected {
    /// The file's number.
    number: u32,
    alone: Verdict,
    with_parent: Verdict,
    /// The rules that deny, once the parent is known.
    denied_by: &'static [&'static str],
    patched: bool,
}

const fn allowed(number: u32) -> Expected {
    Expected { number, alone: Verdict::Allowed, with_parent: Verdict::Allowed, denied_by: &[], patched: false }
}

const fn patched(number: u32) -> Expected {
    Expected { patched: true, ..allowed(number) }
}

const fn denied(number: u32, denied_by: &'static [&'static str]) -> Expected {
    Expected { number, alone: Verdict::Denied, with_parent: Verdict::Denied, denied_by, patched: false }
}

/// Denied for one thing, and patched like every update of the template.
const fn denied_and_patched(number: u32, denied_by: &'static [&'static str]) -> Expected {
    Expected { patched: true, ..denied(number, denied_by) }
}

/// A sub-resource or a reference: nothing to judge by without its parent.
const fn needs_parent(number: u32, with_parent: Verdict, denied_by: &'static [&'static str]) -> Expected {
    Expected { number, alone: Verdict::NotJudged, with_parent, denied_by, patched: false }
}

const BELOW_QUORUM: &[&str] = &["quorum-guard/scale-below-quorum"];
const EXPECT_CHANGED: &[&str] = &["bootstrap-expect-lock/bootstrap-expect-changed"];

const REVIEWS: [Expected; 47] = [
    allowed(1), // a Namespace
    allowed(2),
    allowed(3),
    patched(4),                             // the official manifest: -raft-cluster-remove-shutdown goes in
    allowed(5),                             // 3 -> 9: growth
    needs_parent(6, Verdict::Allowed, &[]), // 9 -> 5: the bound
    needs_parent(7, Verdict::Denied, BELOW_QUORUM), // 5 -> 1
    allowed(8),
    allowed(9), // 3 -> 2
    allowed(10),
    denied_and_patched(11, EXPECT_CHANGED), // 3 -> 5 with expect 3 -> 5
    denied_and_patched(12, EXPECT_CHANGED),
    denied_and_patched(13, EXPECT_CHANGED),
    allowed(14), // 14 to 17 change managedFields only
    allowed(15),
    allowed(16),
    allowed(17),
    patched(18), // a restart changes the template
    patched(19), // so does another image
    needs_parent(20, Verdict::Denied, BELOW_QUORUM),
    denied_and_patched(21, EXPECT_CHANGED),
    needs_parent(22, Verdict::Denied, &["quorum-guard/autoscaler-on-voters"]),
    needs_parent(23, Verdict::Allowed, &[]), // one of three voters
    allowed(24),                             // a label
    allowed(25),                             // DELETE of one replica
    patched(26),
    allowed(27), // orphan deletion
    allowed(28), // the garbage collector removes the finalizer
    patched(29),
    denied(30, &["quorum-guard/cluster-deleted"]),
    needs_parent(31, Verdict::Denied, &["quorum-guard/cluster-deleted"]), // a Namespace
    allowed(32),
    allowed(33), // by the namespace controller
    allowed(34),
    allowed(35), // the chart's ConfigMap
    allowed(36), // the chart's upgrade 3 -> 5
    needs_parent(37, Verdict::Denied, BELOW_QUORUM),
    allowed(38),
    allowed(39),
    allowed(40),
    needs_parent(41, Verdict::Denied, &["quorum-guard/cluster-deleted"]), // a voter's claim
    allowed(42),
    needs_parent(43, Verdict::Allowed, &[]), // to zero, on claims
    allowed(44),                             // and back
    denied(45, BELOW_QUORUM),                // ordinals 0 -> 3
    denied(46, BELOW_QUORUM),                // the replicas line removed: 3 -> 1
    allowed(47),                             // orphanDependents
];

#[test]
fn every_recorded_review_gets_its_verdict() {
    let Some(upstream) = upstream() else { return };
    let reviews = recorded(&upstream.join("reviews"));
    assert_eq!(reviews.len(), REVIEWS.len());
    let mut differences = Vec::new();
    for (expected, (name, review)) in REVIEWS.iter().zip(&reviews) {
        assert!(name.starts_with(&format!("{:02}-", expected.number)), "{name}");
        let alone = evaluate(builtin(), review, &NOTHING_BEHIND, NOTHING_KNOWN);
        let parent = parent_of(review, &reviews);
        let with_parent = evaluate(builtin(), review, &parent.map_or(NOTHING_BEHIND, Related::Found), NOTHING_KNOWN);
        if alone.verdict != expected.alone {
            differences.push(format!("{name} alone: {}", told(&alone)));
        }
        let right = with_parent.verdict == expected.with_parent
            && denying(&with_parent) == expected.denied_by
            && with_parent.patch.is_empty() != expected.patched;
        if !right {
            differences.push(format!("{name} with its parent: {}", told(&with_parent)));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn recorded_reviews_that_change_no_spec_get_no_finding() {
    let Some(upstream) = upstream() else { return };
    let reviews = recorded(&upstream.join("reviews"));
    for number in [14, 15, 16, 17, 24, 28] {
        let (name, review) = &reviews[number - 1];
        let evaluated = evaluate(builtin(), review, &NOTHING_BEHIND, NOTHING_KNOWN);
        assert!(evaluated.findings.is_empty() && evaluated.patch.is_empty(), "{name}: {}", told(&evaluated));
    }
}

#[test]
fn admits_the_creation_of_every_manifest_and_chart() {
    for (name, set) in upstream_sets() {
        let evaluated = evaluate(builtin(), &review::of_change(None, Some(&set)), &NOTHING_BEHIND, NOTHING_KNOWN);
        assert_eq!(evaluated.verdict, Verdict::Allowed, "{name}: {}", told(&evaluated));
    }
}

/// (replicas from, to, whether it is admitted), without any fact.
const SCALES: [(u32, u32, bool); 9] = [
    (3, 1, false),
    (3, 2, true),
    (5, 3, true),
    (5, 2, false),
    (9, 5, true),
    (9, 4, false),
    (3, 9, true),
    (3, 0, true),
    (5, 1, false),
];

#[test]
fn scales_every_voter_set_alike_through_apply_and_through_scale() {
    for (name, set) in upstream_sets().into_iter().filter(|(name, _)| voters_on_claims(name)) {
        for (from, to, admitted) in SCALES {
            let (old, new) = (with_replicas(&set, from), with_replicas(&set, to));
            let applied =
                evaluate(builtin(), &review::of_change(Some(&old), Some(&new)), &NOTHING_BEHIND, NOTHING_KNOWN);
            let scaled =
                evaluate(builtin(), &scale_review(&old, from, to), &Related::Found(old.clone()), NOTHING_KNOWN);
            for (by, evaluated) in [("apply", applied), ("scale", scaled)] {
                let denied = evaluated.verdict == Verdict::Denied;
                assert_eq!(denied, !admitted, "{name} {from} -> {to} by {by}: {}", told(&evaluated));
                assert_ne!(evaluated.verdict, Verdict::NotJudged, "{name} {from} -> {to} by {by}");
            }
        }
    }
}

#[test]
fn admits_the_read_only_pool_from_four_to_zero() {
    let Some(upstream) = upstream() else { return };
    let pools: Vec<Value> = stateful_sets(&upstream.join("chart-2.0.0/voters-3-readonly-4.yaml"))
        .into_iter()
        .filter(|set| set["metadata"]["name"].as_str().is_some_and(|name| name.contains("readonly")))
        .collect();
    assert_eq!(pools.len(), 1);
    for pool in pools {
        let evaluated = evaluate(builtin(), &scale_review(&pool, 4, 0), &Related::Found(pool.clone()), NOTHING_KNOWN);
        assert_eq!(evaluated.verdict, Verdict::Allowed, "{}", told(&evaluated));
        assert!(evaluated.findings.is_empty(), "{}", told(&evaluated));
    }
}

fn recorded(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), json_file(file))).collect()
}

fn json_file(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The StatefulSet that a sub-resource's or an HPA's review is about, from the recordings, at the count that ran then; where a Namespace
/// or a claim is deleted, a list of it.
fn parent_of(review: &Value, reviews: &[(String, Value)]) -> Option<Value> {
    let request = &review["request"];
    if request["kind"]["kind"] == "StatefulSet" {
        return None;
    }
    let name = match request["kind"]["kind"].as_str() {
        Some("Scale") => request["name"].as_str()?.to_owned(),
        Some("Eviction") => request["name"].as_str()?.rsplit_once('-')?.0.to_owned(),
        Some("Namespace" | "PersistentVolumeClaim") if request["operation"] == "DELETE" => "rqlite".to_owned(),
        Some("HorizontalPodAutoscaler") => request["object"]["spec"]["scaleTargetRef"]["name"].as_str()?.to_owned(),
        _ => return None,
    };
    let mut set = reviews.iter().find_map(|(_, other)| {
        let other = &other["request"];
        let same = other["namespace"] == request["namespace"] && other["name"] == name.as_str();
        (same && other["kind"]["kind"] == "StatefulSet").then(|| other["object"].clone())
    })?;
    set["spec"]["ordinals"] = Value::Null;
    // As it stood when the request came: the last update was recorded before the controller had seen it.
    set["status"]["observedGeneration"] = set["metadata"]["generation"].clone();
    set["spec"]["replicas"] = match request["kind"]["kind"].as_str() {
        Some("Scale") => json!(request["oldObject"]["spec"]["replicas"].as_i64().unwrap_or(0)),
        _ => json!(3),
    };
    let listed = matches!(request["kind"]["kind"].as_str(), Some("Namespace" | "PersistentVolumeClaim"));
    let list = || serde_json::from_str(&list::stateful_sets([set.to_string().as_str()])).unwrap();
    Some(if listed { list() } else { set })
}

/// The read-only pool has no quorum, and the ephemeral chart loses its data with its pods: rules of their own.
fn voters_on_claims(name: &str) -> bool {
    !name.contains("readonly") && !name.contains("ephemeral")
}

fn with_replicas(set: &Value, replicas: u32) -> Value {
    let mut set = set.clone();
    set["spec"]["replicas"] = json!(replicas);
    set
}

fn scale_review(set: &Value, from: u32, to: u32) -> Value {
    review::scale("db", set["metadata"]["name"].as_str().unwrap(), from, to)
}

fn denying(review: &Review) -> Vec<&str> {
    review.findings.iter().filter(|f| f.level == Level::Deny).map(|f| f.rule.as_str()).collect()
}

fn told(review: &Review) -> String {
    let lines: Vec<String> = review.findings.iter().map(|f| format!("  {:?} {}", f.level, f.line(""))).collect();
    format!("{:?}, {} operations\n{}", review.verdict, review.patch.operations().len(), lines.join("\n"))
}
