//! Edits of the objects of a request: counts, ordinals, annotations, volumes. Knows no remedy.

use quorate_native_tests::world::World;
use serde_json::{Value, json};

/// The object that is asked for.
pub(crate) fn object(world: &mut World) -> &mut Value {
    &mut world.review["request"]["object"]
}

pub(crate) fn old(world: &World) -> &Value {
    &world.review["request"]["oldObject"]
}

/// The set as it runs: the parent, or the old object.
pub(crate) fn running(world: &World) -> &Value {
    world.related.found().unwrap_or_else(|| old(world))
}

/// The set's name.
pub(crate) fn set_name(world: &World) -> String {
    let request = &world.review["request"];
    let either = if running(world).is_null() { &request["object"] } else { running(world) };
    either["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

fn is_scale(world: &World) -> bool {
    world.review["request"]["subResource"] == "scale"
}

/// The same request to another count.
pub(crate) fn with_count(world: &World, count: i64) -> World {
    let mut world = world.clone();
    let scale = is_scale(&world);
    object(&mut world)["spec"]["replicas"] = json!(count);
    if scale && count == 0 {
        object(&mut world)["spec"] = json!({});
    }
    world
}

/// The count that is asked for.
pub(crate) fn asked(world: &World) -> i64 {
    let absent = i64::from(!is_scale(world));
    world.review["request"]["object"]["spec"]["replicas"].as_i64().unwrap_or(absent)
}

/// After it ran at that count: the same request from there, the pods beyond it gone.
pub(crate) fn from_count(world: &World, count: i64) -> World {
    let mut world = world.clone();
    let settle = |set: &mut Value| {
        set["spec"]["replicas"] = json!(count);
        if set["status"].is_object() {
            set["status"]["replicas"] = json!(count);
        }
    };
    if world.review["request"]["operation"] == "CREATE" {
        let object = world.review["request"]["object"].clone();
        world.review["request"]["operation"] = json!("UPDATE");
        world.review["request"]["oldObject"] = object;
    }
    settle(&mut world.review["request"]["oldObject"]);
    world.related.found_mut().into_iter().for_each(settle);
    let (name, first) = (set_name(&world), first_ordinal(&world));
    let beyond = |pod: &Value| {
        let ordinal =
            pod["name"].as_str().and_then(|pod| pod.strip_prefix(&name)?.strip_prefix('-')?.parse::<i64>().ok());
        ordinal.is_some_and(|ordinal| ordinal >= first + count)
    };
    if let Some(pods) = world.facts["pods"].as_array_mut() {
        pods.retain(|pod| !beyond(pod));
    }
    world
}

/// The lowest ordinal that runs.
pub(crate) fn first_ordinal(world: &World) -> i64 {
    running(world)["spec"]["ordinals"]["start"].as_i64().unwrap_or(0)
}

/// Pods that are told apart; of two billion, the first.
const MOST_PODS: i64 = 64;

/// The pods of the set as it runs.
pub(crate) fn own_pods(world: &World) -> Vec<String> {
    let count = match old(world)["spec"]["replicas"].as_i64() {
        Some(count) => count,
        None if is_scale(world) => 0,
        None => running(world)["spec"]["replicas"].as_i64().unwrap_or(1),
    };
    let (name, first) = (set_name(world), first_ordinal(world));
    (first..first + count.min(MOST_PODS)).map(|ordinal| format!("{name}-{ordinal}")).collect()
}

/// An annotation on what is there before the request: the old object, and the sets behind it.
pub(crate) fn annotated_before(world: &World, key: &str, value: &str) -> World {
    let mut world = world.clone();
    let mark = |object: &mut Value| object["metadata"]["annotations"][key] = json!(value);
    if world.review["request"]["oldObject"].is_object() {
        mark(&mut world.review["request"]["oldObject"]);
    }
    if let Some(parent) = world.related.found_mut() {
        match parent["items"].as_array_mut() {
            Some(items) => items.iter_mut().for_each(mark),
            None => mark(parent),
        }
    }
    world
}

/// An annotation on what is asked for; None takes it away.
pub(crate) fn annotated(world: &World, key: &str, value: Option<&str>) -> World {
    let mut world = world.clone();
    let annotations = &mut object(&mut world)["metadata"]["annotations"];
    match (value, annotations.as_object_mut()) {
        (Some(value), _) => annotations[key] = json!(value),
        (None, Some(annotations)) => {
            annotations.remove(key);
        }
        (None, None) => {}
    }
    world
}

/// Containers that run as long as the pod: those of `containers`, then all of `initContainers`.
pub(crate) fn containers(set: &mut Value) -> Vec<&mut Value> {
    let Some(spec) = set["spec"]["template"]["spec"].as_object_mut() else { return Vec::new() };
    let lists = spec.iter_mut().filter(|(key, _)| *key == "containers" || *key == "initContainers");
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten().collect()
}
