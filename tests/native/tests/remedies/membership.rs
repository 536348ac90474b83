//! What becomes known when a step was done: nodes removed, brought back, seen. Knows no remedy.

use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

use crate::edit::own_pods;

fn entries(input: &mut EvaluationInput) -> &mut Vec<Value> {
    if !input.facts["membership"].is_array() {
        input.facts["membership"] = json!([]);
    }
    input.facts["membership"].as_array_mut().expect("an array")
}

/// The node of that id, or that runs in that pod.
fn is_of(input: &EvaluationInput, entry: &Value, name: &str) -> bool {
    let pods = input.facts["pods"].as_array().into_iter().flatten();
    let ids: Vec<&Value> = pods.filter(|pod| pod["name"] == name).map(|pod| &pod["nodeId"]).collect();
    let address = entry["addr"].as_str().unwrap_or_default();
    entry["id"] == name || ids.contains(&&entry["id"]) || address.split([':', '.']).next() == Some(name)
}

/// These nodes are in the configuration no more, and whoever is left leads.
pub(crate) fn removed(input: &EvaluationInput, names: &[String]) -> EvaluationInput {
    let mut after = input.clone();
    if after.facts["membership"].is_array() {
        entries(&mut after).retain(|entry| !names.iter().any(|name| is_of(input, entry, name)));
        after = led(&after);
    }
    if let Some(last) = after.facts["lastVoters"].as_array_mut() {
        last.retain(|id| !names.iter().any(|name| id == name));
    }
    after
}

/// Some voter that answers leads.
pub(crate) fn led(input: &EvaluationInput) -> EvaluationInput {
    let mut input = input.clone();
    let leads = input.facts["leader"].as_str().map(str::to_owned);
    let there =
        entries(&mut input).iter().any(|entry| Some(entry["id"].as_str().unwrap_or_default()) == leads.as_deref());
    if there {
        return input;
    }
    let answers = |entry: &Value| entry["voter"] != false && entry["reachable"] == true;
    let leader = entries(&mut input).iter().find(|entry| answers(entry)).map(|entry| entry["id"].clone());
    input.facts["leader"] = leader.clone().unwrap_or(Value::Null);
    for entry in entries(&mut input) {
        entry["leader"] = json!(Some(&entry["id"]) == leader.as_ref());
    }
    input
}

/// A led view of the set's own pods, less these.
pub(crate) fn own_without(input: &EvaluationInput, names: &[String]) -> EvaluationInput {
    let mut after = input.clone();
    after.facts.as_object_mut().expect("an object").remove("unseen");
    let member = |pod: &String| json!({ "id": pod, "addr": format!("{pod}.x:4002"), "voter": true, "reachable": true, "leader": false });
    after.facts["membership"] = own_pods(input).iter().filter(|pod| !names.contains(pod)).map(member).collect();
    after.facts["leader"] = Value::Null;
    led(&removed(&after, names))
}

/// A led view of whom one listed before, less these; where none did, of the set's own pods.
pub(crate) fn seen_without(input: &EvaluationInput, names: &[String]) -> EvaluationInput {
    let voters: Vec<&Value> =
        input.facts["membership"].as_array().into_iter().flatten().filter(|entry| entry["voter"] != false).collect();
    let answer = voters.iter().filter(|entry| entry["reachable"] == true).count();
    if voters.is_empty() || 2 * answer <= voters.len() {
        return own_without(input, names);
    }
    led(&removed(input, names))
}

/// Every pod of the set runs, is ready and stays; its node answers, and one leads. Nodes that no pod of the set brings back stay away.
pub(crate) fn all_back(input: &EvaluationInput) -> EvaluationInput {
    let mut after = input.clone();
    let own = own_pods(input);
    if after.facts["membership"].is_array() {
        for entry in entries(&mut after) {
            if own.iter().any(|pod| is_of(input, entry, pod)) {
                entry["reachable"] = json!(true);
            }
        }
        after = led(&after);
    }
    if let Some(pods) = after.facts["pods"].as_array_mut() {
        for pod in &own {
            match pods.iter_mut().find(|known| known["name"] == *pod) {
                Some(known) => (known["ready"], known["terminating"]) = (json!(true), json!(false)),
                None => pods.push(json!({ "name": pod, "ready": true, "terminating": false })),
            }
        }
        for known in pods.iter_mut().filter_map(Value::as_object_mut) {
            known.remove("running");
        }
    }
    if after.facts["leaving"].is_array() {
        after.facts["leaving"] = json!([]);
    }
    after
}

/// These nodes answer again.
pub(crate) fn back(input: &EvaluationInput, names: &[String]) -> EvaluationInput {
    let mut after = input.clone();
    for entry in entries(&mut after) {
        if names.iter().any(|name| is_of(input, entry, name)) {
            entry["reachable"] = json!(true);
        }
    }
    for pod in after.facts["pods"].as_array_mut().into_iter().flatten() {
        if names.iter().any(|name| pod["name"] == *name || pod["nodeId"] == *name) {
            (pod["ready"], pod["terminating"]) = (json!(true), json!(false));
        }
    }
    led(&after)
}

/// Without the claims of these pods.
pub(crate) fn claims_deleted(input: &EvaluationInput, names: &[String]) -> EvaluationInput {
    let mut input = input.clone();
    if let Some(claims) = input.facts["pvcs"].as_array_mut() {
        claims.retain(|claim| {
            !names.iter().any(|name| claim["name"].as_str().is_some_and(|claim| claim.ends_with(&format!("-{name}"))))
        });
    }
    input
}
