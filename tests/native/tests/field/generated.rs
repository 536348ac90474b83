//! The smallest cases of generated inputs, each with the most similar ones, and the reviews of reports from production.

use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

use crate::field;
use crate::row::{Row, all_right, recorded};

const BELOW: &str = "quorum-guard/scale-below-quorum";
const EVICTION: &str = "quorum-guard/eviction-below-quorum";
const NO_LEADER: &str = "quorum-guard/scale-up-without-leader";
const REMOVED: &str = "bootstrap-expect-lock/bootstrap-expect-removed";
const MISMATCH: &str = "bootstrap-expect-lock/bootstrap-expect-mismatch";
const CHANGED: &str = "bootstrap-expect-lock/bootstrap-expect-changed";

/// The facts with one key of one pod otherwise.
fn with_pod(input: &EvaluationInput, name: &str, key: &str, value: Value) -> EvaluationInput {
    let mut input = input.clone();
    let pods = input.facts["pods"].as_array_mut().unwrap();
    pods.iter_mut().filter(|pod| pod["name"] == name).for_each(|pod| pod[key] = value.clone());
    input
}

fn without_pod(input: &EvaluationInput, name: &str) -> EvaluationInput {
    let mut input = input.clone();
    input.facts["pods"].as_array_mut().unwrap().retain(|pod| pod["name"] != name);
    input
}

#[test]
fn scaling_of_generated_worlds() {
    let Some(fuzz) = field().map(|field| field.join("fuzz")) else { return };
    let case = |name: &str| recorded(&fuzz.join(name), "review.json", "facts.json");
    let leaderless = case("leaderless-unlisted");
    let dead = case("down-over-a-dead-pod");
    let terminating = case("down-over-a-terminating-pod");
    all_right(&[
        Row::denied("down-over-a-dead-pod", dead.clone(), BELOW),
        Row::allowed("  all ready", with_pod(&dead, "a-1", "ready", json!(true))),
        Row::denied("down-over-a-terminating-pod", terminating.clone(), BELOW).retry(true),
        Row::allowed(
            "  one terminating of five, two leave",
            with_pod(&with_pod(&terminating, "a-1", "terminating", json!(false)), "a-0", "terminating", json!(false)),
        ),
        Row::denied("leaderless-unlisted", leaderless.clone(), BELOW).says("no node names a leader").says("a-2"),
        Row::allowed("  a-2 missing", without_pod(&leaderless, "a-2")),
        Row::denied("  a-2 not ready", with_pod(&leaderless, "a-2", "ready", json!(false)), BELOW),
        Row::denied("node-id-behind-a-variable", case("node-id-behind-a-variable"), BELOW).never_says("localhost"),
        Row::denied("rm-without-exec", case("rm-without-exec"), BELOW),
        Row::allowed("rollout-at-zero", case("rollout-at-zero")),
    ]);
}

#[test]
fn evictions_of_generated_worlds() {
    let Some(fuzz) = field().map(|field| field.join("fuzz")) else { return };
    let evict = recorded(&fuzz.join("eviction-not-ready"), "review.json", "facts.json");
    all_right(&[
        Row::denied("eviction-not-ready", evict.clone(), EVICTION).retry(true),
        Row::allowed("  not running", with_pod(&evict, "a-1", "running", json!(false))),
        Row::allowed("  missing", without_pod(&evict, "a-1")),
        Row::allowed("  both others ready", with_pod(&evict, "a-2", "ready", json!(true))),
    ]);
}

#[test]
fn creations_of_generated_worlds() {
    let Some(fuzz) = field().map(|field| field.join("fuzz")) else { return };
    let case = |name: &str| recorded(&fuzz.join(name), "review.json", "facts.json");
    let again = case("recreation-without-pods");
    let advise = again.clone().with_settings("remove-on-shutdown", json!({ "persistentVoters": "advise" }));
    let all_six = |mut input: EvaluationInput| {
        input.review["request"]["object"]["spec"]["replicas"] = json!(6);
        input
    };
    all_right(&[
        Row::allowed("malformed-at-recreation", case("malformed-at-recreation")).warns(MISMATCH).without(NO_LEADER),
        Row::allowed("named-build-calendar-tag", case("named-build-calendar-tag"))
            .warns("remove-on-shutdown/not-injected")
            .patched(false),
        Row::allowed("pool-over-claims", case("pool-over-claims")).without(NO_LEADER).without(MISMATCH),
        Row::denied("recreation-with-rm", case("recreation-with-rm"), NO_LEADER),
        Row::allowed("  all six", all_six(case("recreation-with-rm"))),
        Row::denied("recreation-without-pods", again.clone(), NO_LEADER).says("delete"),
        Row::allowed("  advise", advise).warns(NO_LEADER),
        Row::allowed("  all six", all_six(again)),
    ]);
}

#[test]
fn the_lock_on_generated_worlds() {
    let Some(fuzz) = field().map(|field| field.join("fuzz")) else { return };
    let case = |name: &str| recorded(&fuzz.join(name), "review.json", "facts.json");
    let behind = case("flags-behind-a-variable");
    let new_container = |change: &dyn Fn(&mut Value)| {
        let mut input = behind.clone();
        change(&mut input.review["request"]["object"]["spec"]["template"]["spec"]["containers"][0]);
        input
    };
    let same = new_container(&|container| container["env"][0]["valueFrom"]["configMapKeyRef"]["name"] = json!("a"));
    let named = new_container(&|container| {
        container["env"][0]["name"] = json!("OTHER");
        container["command"][2] = json!("exec rqlited $OTHER /rqlite/file/data");
    });
    let literal = new_container(&|container| container["env"] = json!([{ "name": "RQFLAGS", "value": "-fk" }]));
    let through = {
        let mut input = new_container(&|container| {
            container["env"] = json!([
                { "name": "B", "valueFrom": { "configMapKeyRef": { "name": "peers", "key": "voters" } } },
                { "name": "RQFLAGS", "value": "-disco-mode=dns -bootstrap-expect=$(B)" },
            ]);
        });
        let old = &mut input.review["request"]["oldObject"]["spec"]["template"]["spec"]["containers"][0];
        old["env"] = json!([{ "name": "RQFLAGS", "value": "-disco-mode=dns" }]);
        input
    };
    let whole = |map: &str, behind: &EvaluationInput, side: &str| {
        let mut input = behind.clone();
        let container = &mut input.review["request"][side]["spec"]["template"]["spec"]["containers"][0];
        container["command"] = json!(["rqlited", "$(F1)", "/data"]);
        container["env"] =
            json!([{ "name": "F1", "valueFrom": { "configMapKeyRef": { "name": map, "key": "flags" } } }]);
        input
    };
    let from = |map: &str, behind: &EvaluationInput, side: &str| {
        let mut input = behind.clone();
        let container = &mut input.review["request"][side]["spec"]["template"]["spec"]["containers"][0];
        container["env"] = Value::Null;
        container["envFrom"] = json!([{ "configMapRef": { "name": map } }]);
        input
    };
    let twice = |one: &dyn Fn(&str, &EvaluationInput, &str) -> EvaluationInput, new: &str| {
        one(new, &one("a", &behind, "oldObject"), "object")
    };
    all_right(&[
        Row::allowed("becomes-rqlite", case("becomes-rqlite")).without(CHANGED).without(REMOVED).without(MISMATCH),
        Row::denied("entrypoint-without-arguments", case("entrypoint-without-arguments"), REMOVED),
        Row::denied("flags-behind-a-variable", behind.clone(), CHANGED),
        Row::allowed("  the same ConfigMap", same),
        Row::denied("  another variable", named, CHANGED),
        Row::denied("  a variable that refers to another one", through, CHANGED),
        Row::denied("  a literal without the flag", literal, REMOVED),
        Row::denied("  $(F1) of another ConfigMap", twice(&whole, "b"), CHANGED),
        Row::allowed("  $(F1) of the same ConfigMap", twice(&whole, "a")),
        Row::denied("  envFrom another ConfigMap", twice(&from, "b"), CHANGED),
        Row::allowed("  envFrom the same ConfigMap", twice(&from, "a")),
    ]);
}

#[test]
fn reports_from_production() {
    let Some(field) = field() else { return };
    let drain = recorded(&field.join("platform/f09"), "ev1.json", "dead4.json");
    let velero = |review: &str, facts: &str| recorded(&field.join("platform/f10"), review, facts);
    let terminating = recorded(&field.join("sre/terminating-counts"), "review.json", "facts.json");
    all_right(&[
        Row::denied("f09: a dead voter without a pod", drain.clone(), EVICTION)
            .retry(true)
            .says("rqlite-3")
            .says("remove"),
        Row::denied("  one that terminates", recorded(&field.join("platform/f09"), "ev1.json", "lost.json"), EVICTION)
            .retry(true)
            .says("wait"),
        Row::allowed("f10: pending claims", velero("velero-create.json", "velero-facts-pending.json"))
            .warns(MISMATCH)
            .without(NO_LEADER)
            .says("create it with replicas 3, then scale"),
        Row::allowed("f10: bound claims", velero("velero-create.json", "velero-facts.json"))
            .warns(MISMATCH)
            .without(NO_LEADER),
        Row::allowed("f10: three", velero("velero-create3.json", "velero-facts-pending.json"))
            .without(MISMATCH)
            .without(NO_LEADER),
        Row::denied("terminating-counts", terminating.clone(), BELOW).retry(true),
        Row::allowed("  nothing terminates", with_pod(&terminating, "rqlite-0", "terminating", json!(false))),
    ]);
}
