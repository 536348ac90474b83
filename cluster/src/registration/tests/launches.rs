//! The known forms of a launch, `tests/data/launches.yaml`: each that recognition reads as rqlited's is sent.

use std::sync::LazyLock;

use kubernetes::manifest::StatefulSet;
use rqlite::cluster::RqliteSet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::server::Request;
use super::{FAIL, NOT_SENT, validating};

/// What a container starts, without name and image.
#[derive(Deserialize)]
pub(super) struct Launches {
    pub(super) rqlited: Vec<Value>,
    unseen: Vec<Value>,
    pub(super) others: Vec<Value>,
}

pub(super) static LAUNCHES: LazyLock<Launches> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../../../../tests/data/launches.yaml")).unwrap());

/// Of three pods with this launch, in an image that nobody knows.
fn set(launch: &Value) -> Value {
    let mut container = launch.clone();
    container["name"] = json!("db");
    container["image"] = json!("corp/db:1");
    let pod = json!({"containers": [container, {"name": "side", "image": "busybox"}]});
    json!({"metadata": {"name": "rqlite"}, "spec": {"replicas": 3, "template": {"spec": pod}}})
}

/// The set, its creation, its deletion and a step down.
fn requests(launch: &Value) -> (StatefulSet, [Request; 3]) {
    let set = set(launch);
    let mut smaller = set.clone();
    smaller["spec"]["replicas"] = json!(2);
    let changes = [(&Value::Null, &set), (&set, &Value::Null), (&set, &smaller)];
    (serde_json::from_value(set.clone()).unwrap(), changes.map(|(old, new)| Request::on_set(old, new)))
}

/// The same launch, one word of its command in a variable.
pub(super) fn moved(launch: &Value, place: usize) -> Value {
    let mut launch = launch.clone();
    let word = std::mem::replace(&mut launch["command"][place], json!("$(MOVED)"));
    let mut env = launch["env"].as_array().cloned().unwrap_or_default();
    env.push(json!({"name": "MOVED", "value": word}));
    launch["env"] = json!(env);
    launch
}

pub(super) fn words(launch: &Value) -> usize {
    launch["command"].as_array().map_or(0, Vec::len)
}

#[test]
fn every_form_that_is_recognised_is_sent() {
    let entries = validating(&[]);
    for launch in &LAUNCHES.rqlited {
        let (set, requests) = requests(launch);
        assert!(RqliteSet::detect(&set).is_some(), "{launch}");
        for request in requests {
            assert_eq!(request.entries(&entries), FAIL, "{launch}");
        }
    }
}

#[test]
fn so_it_is_with_any_word_of_it_in_a_variable() {
    let entries = validating(&[]);
    let mut sent = 0;
    for launch in LAUNCHES.rqlited.iter().flat_map(|launch| (0..words(launch)).map(|place| moved(launch, place))) {
        let (set, [_, deletion, _]) = requests(&launch);
        if RqliteSet::detect(&set).is_some() {
            assert_eq!(deletion.entries(&entries), FAIL, "{launch}");
            sent += 1;
        }
    }
    assert!(sent > 150, "{sent}");
}

/// What `cel` says of itself: if one of these is sent, it is wrong there.
#[test]
fn what_it_says_is_out_of_reach_is() {
    let entries = validating(&[]);
    for launch in &LAUNCHES.unseen {
        let (set, [_, deletion, shrink]) = requests(launch);
        assert!(RqliteSet::detect(&set).is_some(), "{launch}");
        for request in [deletion, shrink] {
            assert_eq!(request.entries(&entries), NOT_SENT, "{launch}");
        }
    }
}
