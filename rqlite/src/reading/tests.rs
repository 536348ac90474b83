//! What is written and read again is equal, for every launch of `tests/data/launches.yaml` and for generated sets. And one flag more or
//! less, as it is reckoned here, is what a reading of the changed container gives.

use kubernetes::manifest::{Container, List, StatefulSet};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

use super::*;
use crate::candidate::RqliteHint;
use crate::cluster::{Node, RqliteSet};
use crate::launch::{Insertion, Launch};

const FLAG: &str = "-raft-cluster-remove-shutdown=true";

fn fact(set: &StatefulSet) -> (String, Reading) {
    let recognised = RqliteSet::detect(set);
    let hint = if recognised.is_none() { RqliteHint::of(set) } else { None };
    let everything = RqliteSet { nodes: every_container(set), replicas: 1, first_ordinal: 0 };
    let others = RqliteSet::others(set, recognised.as_ref(), &everything);
    let mut json = json!({ "version": VERSION, "set": recognised.as_ref().map(super::set) });
    if !others.is_empty() {
        json["others"] = nodes(&others);
    }
    if let Some(found) = &hint {
        json["hint"] = super::hint(found);
    }
    (json.to_string(), Reading { set: recognised.map(std::sync::Arc::new), others, hint })
}

/// As nodes, whatever they run.
fn every_container(set: &StatefulSet) -> Vec<Node> {
    let named = |name: &str| {
        let mut set = set.clone();
        set.metadata.annotations.insert(kubernetes::annotation::CONTAINER.to_owned(), name.to_owned());
        RqliteSet::detect(&set).map(|set| set.nodes).unwrap_or_default()
    };
    let containers = set.spec.template.spec.running_containers();
    containers.flat_map(|(_, container)| named(&container.name)).collect()
}

#[track_caller]
fn reads_back(set: &Json) {
    let set: StatefulSet = serde_json::from_value(set.clone()).unwrap();
    let (json, reading) = fact(&set);
    let read = Reading::parse(&json, &set).unwrap_or_else(|_| panic!("{json}"));
    assert_eq!(read, reading, "{json}");
    for node in &every_container(&set) {
        edits(node);
    }
}

/// Each place that takes a flag: with it, and without it again.
#[track_caller]
fn edits(node: &Node) {
    let launch = &node.launch;
    let Ok(insertion) = launch.place_for(FLAG) else { return };
    let with = launch.with(&insertion, FLAG);
    let read = Launch::of(&with.container, node.version);
    assert_eq!(same(&with), same(&read), "{:?} at {insertion:?}", launch.container);
    let (Insertion::Before(place) | Insertion::Replace(place)) = insertion.clone();
    let keyword = match &insertion {
        Insertion::Replace(_) => elements(&launch.container, place.list).get(place.index).cloned(),
        Insertion::Before(_) => None,
    };
    let without = read.without(place, keyword.as_deref());
    assert_eq!(same(&without), same(launch), "{:?}", launch.container);
    // Every further flag goes where one more reading would put it.
    assert_eq!(with.place_for("-fk=true"), read.place_for("-fk=true"), "{:?}", with.container);
}

fn elements(container: &Container, list: List) -> &[String] {
    match list {
        List::Command => &container.command,
        List::Args => &container.args,
    }
}

/// All of a launch that somebody asks for.
fn same(launch: &Launch) -> impl PartialEq + std::fmt::Debug {
    let Launch {
        shape, line, through_entrypoint, script, sigterm_arrives, program, release, container, closed, ..
    } = launch.clone();
    let offered = launch.insertion();
    (shape, line, through_entrypoint, script, sigterm_arrives, program, release, container, closed, offered)
}

fn set_of(containers: Json) -> Json {
    json!({"metadata": {"name": "db"}, "spec": {"replicas": 3,
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}], "template": {"spec": {"containers": containers}}}})
}

#[test]
fn all_known_launches_read_back() {
    let launches: Json = serde_saphyr::from_str(include_str!("../../../tests/data/launches.yaml")).unwrap();
    for launch in launches.as_object().unwrap().values().flat_map(|list| list.as_array().unwrap()) {
        for image in ["corp/db:1", "rqlite/rqlite:9.4.5", "rqlite/rqlite:8.28.4", "rqlite/rqlite", "corp/rqlite:7.2.0"]
        {
            let mut container = launch.clone();
            container["image"] = json!(image);
            container["name"] = json!("db");
            reads_back(&set_of(json!([container, {"image": "busybox", "name": "b"}])));
        }
    }
}

#[test]
fn another_version_or_shape_is_an_error() {
    let set: StatefulSet = serde_json::from_value(set_of(json!([{"image": "rqlite/rqlite"}]))).unwrap();
    let (json, _) = fact(&set);
    assert!(Reading::parse(&json, &set).is_ok());
    for wrong in [
        json.replace(r#""version":1"#, r#""version":2"#),
        json.replace("\"bare\"", "\"naked\""),
        json.replace("containers/0", "containers/1"),
        "{}".to_owned(),
        "[".to_owned(),
    ] {
        assert_eq!(Reading::parse(&wrong, &set), Err(ReadError), "{wrong}");
    }
}

const WORDS: &[&str] = &[
    "-disco-mode=dns",
    "-bootstrap-expect=3",
    "-bootstrap-expect",
    "3",
    "$(N)",
    "-bootstrap-expect=$(N)",
    "-join=a:4002,$(HOST).db:4002",
    "$(FLAGS)",
    "-auth=/etc/users.json",
    "-raft-non-voter",
    "-fk=maybe",
    "-node-id=$(HOST)",
    "-raft-cluster-remove-shutdown=$(S)",
    "--",
    "-x",
    "run",
    "rqlited",
    "/data",
    "a b",
];

fn container() -> impl Strategy<Value = Json> {
    let commands = select(vec![
        json!([]),
        json!(["rqlited"]),
        json!(["docker-entrypoint.sh"]),
        json!(["tini", "--", "rqlited"]),
        json!(["sh", "-c", "exec docker-entrypoint.sh \"$0\" \"$@\""]),
        json!(["sh", "-c", "exec rqlited -auth=$AUTH \"$@\" /data", "x"]),
        json!(["sh", "-c", "exec rqlited $@"]),
        json!(["sh", "-c", "rqlited \"$@\""]),
        json!(["sh", "-c", "exec rqlited -auth=/etc/users.json $N; if"]),
        json!(["/start.sh"]),
    ]);
    let images = select(vec![
        "rqlite/rqlite",
        "rqlite/rqlite:10.2.7",
        "rqlite/rqlite:8.28.4",
        "rqlite/rqlite:7.2.0",
        "corp/rqlite:9",
        "corp/db",
    ]);
    let env = json!([
        {"name": "N", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "n"}}},
        {"name": "FLAGS", "valueFrom": {"secretKeyRef": {"name": "s", "key": "f"}}},
        {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "S", "value": "true"},
        {"name": "AUTH", "value": "/etc/users.json"},
    ]);
    let args = subsequence(WORDS.to_vec(), 0..6).prop_shuffle();
    (commands, images, args, any::<bool>()).prop_map(move |(command, image, args, with_env)| {
        let env = if with_env { env.clone() } else { json!([]) };
        json!({"name": "db", "image": image, "command": command, "args": args, "env": env,
            "volumeMounts": [{"name": "data", "mountPath": "/rqlite/file"}]})
    })
}

proptest! {
    #[test]
    fn generated_sets_read_back(containers in prop::collection::vec(container(), 1..3)) {
        let mut containers = containers;
        for (index, container) in containers.iter_mut().enumerate() {
            container["name"] = json!(format!("c{index}"));
        }
        reads_back(&set_of(json!(containers)));
    }
}
