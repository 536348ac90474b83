//! Edits of the objects of a request: counts, ordinals, annotations, volumes. Knows no remedy.

use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

/// The object that is asked for.
pub(crate) fn object(input: &mut EvaluationInput) -> &mut Value {
    &mut input.review["request"]["object"]
}

pub(crate) fn old(input: &EvaluationInput) -> &Value {
    &input.review["request"]["oldObject"]
}

/// The set as it runs: the parent, or the old object.
pub(crate) fn running(input: &EvaluationInput) -> &Value {
    input.related.found().unwrap_or_else(|| old(input))
}

/// The set's name.
pub(crate) fn set_name(input: &EvaluationInput) -> String {
    let request = &input.review["request"];
    let either = if running(input).is_null() { &request["object"] } else { running(input) };
    either["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

fn is_scale(input: &EvaluationInput) -> bool {
    input.review["request"]["subResource"] == "scale"
}

/// The same request to another count.
pub(crate) fn with_count(input: &EvaluationInput, count: i64) -> EvaluationInput {
    let mut input = input.clone();
    let scale = is_scale(&input);
    object(&mut input)["spec"]["replicas"] = json!(count);
    if scale && count == 0 {
        object(&mut input)["spec"] = json!({});
    }
    input
}

/// The count that is asked for.
pub(crate) fn asked(input: &EvaluationInput) -> i64 {
    let absent = i64::from(!is_scale(input));
    input.review["request"]["object"]["spec"]["replicas"].as_i64().unwrap_or(absent)
}

/// After it ran at that count: the same request from there, the pods beyond it gone.
pub(crate) fn from_count(input: &EvaluationInput, count: i64) -> EvaluationInput {
    let mut input = input.clone();
    let finish = |set: &mut Value| {
        set["spec"]["replicas"] = json!(count);
        if set["status"].is_object() {
            set["status"]["replicas"] = json!(count);
        }
    };
    if input.review["request"]["operation"] == "CREATE" {
        let object = input.review["request"]["object"].clone();
        input.review["request"]["operation"] = json!("UPDATE");
        input.review["request"]["oldObject"] = object;
    }
    finish(&mut input.review["request"]["oldObject"]);
    input.related.found_mut().into_iter().for_each(finish);
    let (name, first) = (set_name(&input), first_ordinal(&input));
    let beyond = |pod: &Value| {
        let ordinal =
            pod["name"].as_str().and_then(|pod| pod.strip_prefix(&name)?.strip_prefix('-')?.parse::<i64>().ok());
        ordinal.is_some_and(|ordinal| ordinal >= first + count)
    };
    if let Some(pods) = input.facts["pods"].as_array_mut() {
        pods.retain(|pod| !beyond(pod));
    }
    input
}

/// The lowest ordinal that runs.
pub(crate) fn first_ordinal(input: &EvaluationInput) -> i64 {
    running(input)["spec"]["ordinals"]["start"].as_i64().unwrap_or(0)
}

/// Pods that are told apart; of two billion, the first.
const MOST_PODS: i64 = 64;

/// The pods of the set as it runs.
pub(crate) fn own_pods(input: &EvaluationInput) -> Vec<String> {
    let count = match old(input)["spec"]["replicas"].as_i64() {
        Some(count) => count,
        None if is_scale(input) => 0,
        None => running(input)["spec"]["replicas"].as_i64().unwrap_or(1),
    };
    let (name, first) = (set_name(input), first_ordinal(input));
    (first..first + count.min(MOST_PODS)).map(|ordinal| format!("{name}-{ordinal}")).collect()
}

/// An annotation on what is there before the request: the old object, and the sets behind it.
pub(crate) fn annotated_before(input: &EvaluationInput, key: &str, value: &str) -> EvaluationInput {
    let mut input = input.clone();
    let mark = |object: &mut Value| object["metadata"]["annotations"][key] = json!(value);
    if input.review["request"]["oldObject"].is_object() {
        mark(&mut input.review["request"]["oldObject"]);
    }
    if let Some(parent) = input.related.found_mut() {
        match parent["items"].as_array_mut() {
            Some(items) => items.iter_mut().for_each(mark),
            None => mark(parent),
        }
    }
    input
}

/// An annotation on what is asked for; None takes it away.
pub(crate) fn annotated(input: &EvaluationInput, key: &str, value: Option<&str>) -> EvaluationInput {
    let mut input = input.clone();
    let annotations = &mut object(&mut input)["metadata"]["annotations"];
    match (value, annotations.as_object_mut()) {
        (Some(value), _) => annotations[key] = json!(value),
        (None, Some(annotations)) => {
            annotations.remove(key);
        }
        (None, None) => {}
    }
    input
}

/// Containers that run as long as the pod: those of `containers`, then all of `initContainers`.
pub(crate) fn containers(set: &mut Value) -> Vec<&mut Value> {
    let Some(spec) = set["spec"]["template"]["spec"].as_object_mut() else { return Vec::new() };
    let lists = spec.iter_mut().filter(|(key, _)| *key == "containers" || *key == "initContainers");
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten().collect()
}
