//! The calls that a set brings about: each operation on it and on what belongs to it, in both phases.
//! Asserts nothing about what they cost.

use kubernetes::request::Resource;
use quorate_sdk::review::{PROJECTIONS, parent_projections};
use serde_json::{Value, json};

use crate::fuel::{Call, Documents, Envelope, Operation, ParentState, Phase};
use crate::lists;

/// What is known of the cluster in all of them.
const FACTS: &str = include_str!("../../docs/examples/facts.json");

/// A request, with what is behind it.
#[derive(Default)]
struct Request {
    object: Option<Value>,
    old: Option<Value>,
    parent: Option<Value>,
}

/// Every call that some policy judges, by a name; `set` makes the set with that many replicas.
pub(crate) fn all(set: impl Fn(u32) -> Value) -> Vec<(String, Call)> {
    let mut changed = set(3);
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("rqlite/rqlite:10.3.0");
    changed["metadata"]["annotations"]["quorate.dev/auth-secret"] = json!("others");
    let named = json!({"name": "rqlite", "namespace": "db"});
    let scale = |replicas| Some(json!({"metadata": named, "spec": {"replicas": replicas}}));
    let eviction = json!({"metadata": {"name": "rqlite-0", "namespace": "db"}});
    let autoscaler = json!({"metadata": {"name": "a", "namespace": "db"}, "spec": {"minReplicas": 1, "maxReplicas": 3,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "rqlite"}}});
    let update = |object, old| Request { object: Some(object), old: Some(old), parent: None };
    let of_set = [
        ("CREATE", Operation::Create, Request { object: Some(set(3)), ..Request::default() }),
        ("UPDATE of nothing", Operation::Update, update(set(3), set(3))),
        ("UPDATE of the count", Operation::Update, update(set(1), set(3))),
        ("UPDATE of the template", Operation::Update, update(changed, set(3))),
        ("UPDATE that brings them", Operation::Update, update(set(3), lists::base(3))),
        ("UPDATE that takes them", Operation::Update, update(lists::base(3), set(3))),
        ("DELETE", Operation::Delete, Request { old: Some(set(3)), ..Request::default() }),
    ];
    let mut calls = Vec::new();
    for (name, operation, request) in of_set {
        if operation != Operation::Delete {
            calls.push((format!("{name}, mutated"), call(Resource::STATEFUL_SETS, operation, Phase::Mutate, &request)));
        }
        calls.push((name.to_owned(), call(Resource::STATEFUL_SETS, operation, Phase::Validate, &request)));
    }
    let parent = || Some(set(3));
    let beside = [
        ("scale", Resource::SCALES, Operation::Update, Request { object: scale(1), old: scale(3), parent: parent() }),
        (
            "eviction",
            Resource::EVICTIONS,
            Operation::Create,
            Request { object: Some(eviction), old: None, parent: parent() },
        ),
        (
            "autoscaler",
            Resource::AUTOSCALERS,
            Operation::Create,
            Request { object: Some(autoscaler), old: None, parent: parent() },
        ),
        (
            "DELETE of the Service",
            Resource::SERVICES,
            Operation::Delete,
            Request { object: None, old: Some(json!({"metadata": named})), parent: Some(json!({"items": [set(3)]})) },
        ),
    ];
    calls.extend(
        beside.into_iter().map(|(name, about, operation, request)| {
            (name.to_owned(), call(about, operation, Phase::Validate, &request))
        }),
    );
    calls
}

fn call(about: Resource, operation: Operation, phase: Phase, request: &Request) -> Call {
    let (group, kind) = about.object;
    let envelope = Envelope {
        uid: "u".to_owned(),
        phase,
        operation,
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        resource: about.plural.to_owned(),
        sub_resource: about.sub_resource.map(str::to_owned),
        namespace: Some("db".to_owned()),
        name: Some("rqlite".to_owned()),
        username: "alice".to_owned(),
        groups: vec!["system:authenticated".to_owned()],
        dry_run: false,
        options: None,
    };
    let documents = Documents {
        object: cut(request.object.as_ref(), &PROJECTIONS),
        old_object: cut(request.old.as_ref(), &PROJECTIONS),
        parent: cut(request.parent.as_ref(), parent_projections(about.kind())),
        parent_state: if request.parent.is_some() { ParentState::Found } else { ParentState::Unknown },
    };
    Call { envelope, documents, facts: FACTS }
}

/// As the engine cuts them.
fn cut(document: Option<&Value>, pointers: &[&str]) -> Vec<Option<String>> {
    pointers.iter().map(|pointer| document?.pointer(pointer).map(Value::to_string)).collect()
}
