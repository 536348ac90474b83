//! The calls that a set brings about: each operation on it and on what belongs to it, in both phases.
//! Asserts nothing about what they cost.

use kubernetes::admission::{Phase, Request};
use kubernetes::related::{Reason, Related};
use quorate_facts::{found, prepared_from_text};
use quorate_fixtures::review;
use serde_json::{Value, json};

use crate::counted::Call;
use crate::lists;

/// What is known of the cluster in all of them.
const FACTS: &str = include_str!("../../docs/examples/facts.json");

/// Every call that some policy judges, by a name; `set` makes the set with that many replicas.
pub(crate) fn all(set: impl Fn(u32) -> Value) -> Vec<(String, Call)> {
    let mut changed = set(3);
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("rqlite/rqlite:10.3.0");
    changed["metadata"]["annotations"]["quorate.dev/auth-secret"] = json!("others");
    let create = |object: Value| review::of_change(None, Some(&object));
    let update = |old: Value, new: Value| review::of_change(Some(&old), Some(&new));
    let delete = |object: Value| review::of_change(Some(&object), None);
    let of_set = [
        ("CREATE", create(set(3))),
        ("UPDATE of nothing", update(set(3), set(3))),
        ("UPDATE of the count", update(set(3), set(1))),
        ("UPDATE of the template", update(set(3), changed)),
        ("UPDATE that brings them", update(lists::base(3), set(3))),
        ("UPDATE that takes them", update(set(3), lists::base(3))),
        ("DELETE", delete(set(3))),
    ];
    let mut calls = Vec::new();
    for (name, review) in of_set {
        if review["request"]["operation"] != "DELETE" {
            calls.push((format!("{name}, mutated"), call(&review, Phase::Mutate, None)));
        }
        calls.push((name.to_owned(), call(&review, Phase::Validate, None)));
    }
    let autoscaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a", "namespace": "db"},
        "spec": {"minReplicas": 1, "maxReplicas": 3,
                 "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "rqlite"}},
    });
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "rqlite", "namespace": "db"}});
    let beside = [
        ("scale", review::scale("db", "rqlite", 3, 1), set(3)),
        ("eviction", review::eviction("db", "rqlite-0"), set(3)),
        ("autoscaler", create(autoscaler), set(3)),
        ("DELETE of the Service", delete(service), json!({"items": [set(3)]})),
    ];
    let of_parent =
        |(name, review, parent): (&str, _, _)| (name.to_owned(), call(&review, Phase::Validate, Some(&parent)));
    calls.extend(beside.into_iter().map(of_parent));
    calls
}

fn call(review: &Value, phase: Phase, parent: Option<&Value>) -> Call {
    let request = Request::decode(review.to_string().as_bytes()).unwrap();
    let parent = parent.map_or(Related::Unknown(Reason::NotGiven), |parent| found(&parent.to_string()));
    let prepared = prepared_from_text(&request, &parent, FACTS);
    Call { phase, request, prepared }
}
