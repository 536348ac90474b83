//! Which pods go, by request.

use super::*;
use crate::facts::Pod;

fn set(more: &str) -> StatefulSet {
    let container = r#"{"name":"rqlite","image":"rqlite/rqlite:10.2.7","args":["-bootstrap-expect=3"]}"#;
    let template = format!(r#""template":{{"spec":{{"containers":[{container}]}}}}"#);
    let claims = r#""volumeClaimTemplates":[{"metadata":{"name":"data"}}]"#;
    serde_json::from_str(&format!(r#"{{"metadata":{{"name":"rqlite"}},"spec":{{{template},{claims}{more}}}}}"#))
        .unwrap()
}

fn of(replicas: u32) -> StatefulSet {
    set(&format!(r#","replicas":{replicas}"#))
}

fn pods(count: u32) -> Facts {
    let pod = |ordinal| Pod { name: format!("rqlite-{ordinal}"), uid: Some(format!("u{ordinal}")), ..Pod::default() };
    Facts { pods: Some((0..count).map(pod).collect()), ..Facts::default() }
}

fn leaving(reduction: Reduction<'_>, facts: &Facts) -> Vec<Leaving> {
    reduction.pods(RqliteSet::detect(reduction.set()).as_ref(), facts)
}

fn names(reduction: Reduction<'_>, facts: &Facts) -> Vec<String> {
    leaving(reduction, facts).into_iter().map(|pod| pod.name).collect()
}

#[test]
fn an_eviction_takes_its_pod_with_its_uid() {
    let three = of(3);
    let eviction = Reduction::Eviction { set: &three, pod: "rqlite-1" };
    let expected = Leaving { name: "rqlite-1".to_owned(), uid: Some("u1".to_owned()) };
    assert_eq!(leaving(eviction, &pods(3)), [expected]);
    let unknown = Leaving { name: "rqlite-1".to_owned(), uid: None };
    assert_eq!(leaving(eviction, &Facts::default()), [unknown]);
    let fourth = Reduction::Eviction { set: &three, pod: "rqlite-3" };
    assert_eq!(leaving(fourth, &pods(3)), [Leaving { name: "rqlite-3".to_owned(), uid: None }]);
    let other = Reduction::Eviction { set: &three, pod: "web-1" };
    assert_eq!(names(other, &pods(3)), [""; 0]);
}

#[test]
fn a_pod_that_is_terminating_is_not_taken_again() {
    let three = of(3);
    let mut facts = pods(3);
    facts.pods.iter_mut().flatten().for_each(|pod| pod.terminating = pod.name == "rqlite-1");
    assert_eq!(names(Reduction::Eviction { set: &three, pod: "rqlite-1" }, &facts), [""; 0]);
    assert_eq!(names(Reduction::Scale { parent: &three, from: 3, to: 1 }, &facts), ["rqlite-2"]);
}

#[test]
fn a_shrink_and_shifted_ordinals_take_the_pods_that_leave() {
    let (three, two) = (of(3), of(2));
    let update = |old, new| Reduction::Update { old, new, template: false };
    assert_eq!(names(update(&three, &two), &pods(3)), ["rqlite-2"]);
    assert_eq!(names(update(&two, &three), &pods(2)), [""; 0]);
    let shifted = set(r#","replicas":3,"ordinals":{"start":1}"#);
    assert_eq!(names(update(&three, &shifted), &pods(3)), ["rqlite-0"]);
    assert_eq!(names(Reduction::Scale { parent: &three, from: 3, to: 0 }, &pods(3)).len(), 3);
    assert_eq!(names(Reduction::Scale { parent: &three, from: 3, to: 4 }, &pods(3)), [""; 0]);
}

#[test]
fn two_billion_replicas_are_not_counted_out() {
    let all = set(r#","replicas":2000000000"#);
    assert_eq!(names(Reduction::Scale { parent: &all, from: i32::MAX, to: 1 }, &Facts::default()).len(), 256);
}

#[test]
fn a_rollout_takes_the_pods_that_it_stops_first() {
    let old = of(3);
    let rolled = |more: &str| {
        let new = set(&format!(r#","replicas":3{more}"#));
        names(Reduction::Update { old: &old, new: &new, template: true }, &pods(3))
    };
    let strategy = |rolling: &str| format!(r#","updateStrategy":{{"rollingUpdate":{rolling}}}"#);
    assert_eq!(rolled(""), ["rqlite-2"]);
    assert_eq!(rolled(&strategy(r#"{"maxUnavailable":2}"#)), ["rqlite-1", "rqlite-2"]);
    assert_eq!(rolled(&strategy(r#"{"maxUnavailable":2,"partition":2}"#)), ["rqlite-2"]);
    assert_eq!(rolled(&strategy(r#"{"partition":3}"#)), [""; 0]);
    assert_eq!(rolled(r#","updateStrategy":{"type":"OnDelete"}"#), [""; 0]);
    let shrunk = of(2);
    let both = Reduction::Update { old: &old, new: &shrunk, template: true };
    assert_eq!(names(both, &pods(3)), ["rqlite-1", "rqlite-2"]);
    let grown = of(4);
    assert_eq!(names(Reduction::Update { old: &old, new: &grown, template: true }, &pods(3)), [""; 0]);
}

#[test]
fn a_creation_takes_pods_of_an_earlier_set_that_it_does_not_ask_for() {
    let two = of(2);
    assert_eq!(names(Reduction::Recreation { new: &two }, &pods(3)), ["rqlite-2"]);
    assert_eq!(names(Reduction::Recreation { new: &two }, &pods(2)), [""; 0]);
    assert_eq!(names(Reduction::Recreation { new: &two }, &Facts::default()), [""; 0]);
}

#[test]
fn the_deletion_of_a_claim_takes_its_pod() {
    let three = of(3);
    assert_eq!(names(Reduction::Claim { set: &three, claim: "data-rqlite-1" }, &pods(3)), ["rqlite-1"]);
    assert_eq!(names(Reduction::Claim { set: &three, claim: "logs-rqlite-1" }, &pods(3)), [""; 0]);
}

#[test]
fn nobody_counts_on_what_does_not_vote() {
    let pool: StatefulSet = serde_json::from_str(
        r#"{"metadata":{"name":"rqlite"},"spec":{"replicas":3,"template":{"spec":{"containers":
        [{"image":"rqlite/rqlite:10.2.7","args":["-raft-non-voter=true"]}]}}}}"#,
    )
    .unwrap();
    assert_eq!(names(Reduction::Eviction { set: &pool, pod: "rqlite-1" }, &pods(3)), [""; 0]);
    let web: StatefulSet = serde_json::from_str(r#"{"metadata":{"name":"rqlite"},"spec":{"replicas":3}}"#).unwrap();
    assert_eq!(names(Reduction::Eviction { set: &web, pod: "rqlite-1" }, &pods(3)), [""; 0]);
}
