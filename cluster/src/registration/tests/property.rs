//! Recognition and CEL held against each other, over generated sets and changes of them: what the domain recognises is sent, what is
//! dangerous is refused when nobody answers, and no more than docs/operations.md says. What is expected is read from the manifests and by
//! `RqliteSet::detect`, never by CEL.
//!
//! 2,600 cases; `QUORATE_PROPERTY_CASES` makes them more, `QUORATE_PROPERTY_SEED` others. A failure is shrunk and written below
//! `target/tmp/property/<invariant>/`, as files that `quorate review` reads.

use std::collections::BTreeSet;

use kubernetes::annotation;
use kubernetes::manifest::StatefulSet;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quorate_native_tests::change::{edited, edits};
use quorate_native_tests::evaluation_input::EvaluationInput;
use quorate_native_tests::launch::Shape;
use quorate_native_tests::run::{self, Broken};
use quorate_native_tests::set::{OtherContainers, Set, set};
use quorate_native_tests::workspace;
use rqlite::cluster::RqliteSet;
use rqlite::flag_table::{FLAGS, lookup};
use serde_json::{Value, json};

use super::cases::is_unchanged;
use super::launches::{LAUNCHES, moved, words};
use super::server::Request;
use super::{FAIL, IGNORE, backstop, mutating, validating};

/// What a container starts, and what it reads as it starts.
const LAUNCH: [&str; 5] = ["command", "args", "env", "envFrom", "volumeMounts"];

/// Checks an invariant on its share of the cases, in thousandths.
#[track_caller]
fn hold<S: Strategy>(name: &str, share: u32, strategy: &S, check: impl Fn(&S::Value) -> Result<(), Broken>)
where
    S::Value: std::fmt::Debug,
{
    run::hold(name, share, &workspace().join("target/tmp/property"), strategy, check);
}

/// A change of what the generators of `quorate_native_tests` leave alone.
#[derive(Debug, Clone)]
enum FieldEdit {
    /// One field of some container, init containers too.
    Container(Index, &'static str, Value),
    /// One field of the object there.
    Field(&'static str, &'static str, Value),
}

impl FieldEdit {
    fn apply(&self, set: &mut Value) {
        match self {
            Self::Container(index, key, value) => {
                let mut containers = containers_mut(set);
                let place = index.index(containers.len());
                containers[place][*key] = value.clone();
            }
            Self::Field(parent, key, value) => set.pointer_mut(parent).unwrap()[*key] = value.clone(),
        }
    }
}

fn touch() -> impl Strategy<Value = FieldEdit> {
    let of_container = select(vec![
        ("command", json!(["/start"])),
        ("args", json!(["-fk"])),
        ("args", json!([])),
        ("env", json!([{"name": "A", "value": "b"}])),
        ("env", json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}])),
        ("envFrom", json!([{"secretRef": {"name": "a"}}])),
        ("volumeMounts", json!([{"name": "file", "mountPath": "/rqlite/file", "subPath": "a"}])),
        ("image", json!("rqlite/rqlite:10.3.0")),
        ("image", json!("busybox:2")),
        ("resources", json!({"limits": {"cpu": "1"}})),
        ("restartPolicy", json!("Always")),
    ]);
    let of_object = select(vec![
        ("/metadata", "labels", json!({"team": "db"})),
        ("/metadata", "finalizers", json!(["orphan"])),
        ("/metadata", "managedFields", json!([{"manager": "a"}])),
        ("", "status", json!({"replicas": 1})),
        ("/spec", "minReadySeconds", json!(5)),
        ("/spec/template/spec", "volumes", json!([{"name": "file", "emptyDir": {}}])),
        ("/spec/template/spec", "volumes", json!([])),
    ]);
    prop_oneof![
        (any::<Index>(), of_container).prop_map(|(index, (key, value))| FieldEdit::Container(index, key, value)),
        of_object.prop_map(|(parent, key, value)| FieldEdit::Field(parent, key, value)),
    ]
}

/// Instead of the generated launch, sometimes with one of its words in a variable.
fn form() -> impl Strategy<Value = Option<Value>> {
    let known = LAUNCHES.rqlited.iter().chain(&LAUNCHES.others).collect::<Vec<_>>();
    let form = (select(known), any::<Option<Index>>()).prop_map(|(launch, place)| match (words(launch), place) {
        (0, _) | (_, None) => launch.clone(),
        (count, Some(place)) => moved(launch, place.index(count)),
    });
    prop_oneof![2 => Just(None), 1 => form.prop_map(Some)]
}

/// A set before and after a change.
#[derive(Debug, Clone)]
struct Update {
    old: Value,
    new: Value,
}

/// Any sets, any changes.
fn updates() -> impl Strategy<Value = Update> {
    let touches = |most| proptest::collection::vec(touch(), 0..=most);
    let forms = (form(), prop_oneof![5 => Just(None), 1 => form().prop_map(Some)]);
    let edits = prop_oneof![2 => edits(), 1 => Just(Vec::new())];
    (sets(), forms, edits, touches(1), touches(2)).prop_map(|(set, (form, other), edits, before, touches)| {
        let mut old = written(&set, form.as_ref());
        let mut new = written(&edited(&set, &edits), other.unwrap_or(form).as_ref());
        before.iter().for_each(|touch| [&mut old, &mut new].into_iter().for_each(|set| touch.apply(set)));
        touches.iter().for_each(|touch| touch.apply(&mut new));
        Update { old, new }
    })
}

/// Any set, sometimes one of something else.
fn sets() -> impl Strategy<Value = Set> {
    prop_oneof![4 => set(), 1 => foreign()]
}

/// Without a word of rqlite: another image, and no flag that only rqlited has.
fn foreign() -> impl Strategy<Value = Set> {
    let image = select(vec!["nginx:1", "registry:5000/team/app@sha256:9f86", "postgres:17"]);
    let shape = select(vec![Shape::Args, Shape::Entrypoint, Shape::Chart, Shape::Bare]);
    let beside = select(vec![OtherContainers::Nothing, OtherContainers::NativeSidecar, OtherContainers::Init]);
    (set(), image, shape, beside).prop_map(|(mut set, image, shape, beside)| {
        (set.image, set.launch.shape, set.beside) = (image, shape, beside);
        set.launch.flags.retain(|flag| lookup(flag.name).is_some_and(|spec| !spec.distinctive));
        set.annotations.clear();
        set
    })
}

fn written(set: &Set, form: Option<&Value>) -> Value {
    let mut set = set.json();
    let Some(form) = form else { return set };
    let container = containers_mut(&mut set).into_iter().find(|container| container["name"] == "db").unwrap();
    for key in ["command", "args", "env"] {
        container[key] = form.get(key).cloned().unwrap_or_else(|| json!([]));
    }
    set
}

const LISTS: [&str; 2] = ["initContainers", "containers"];

fn containers_mut(set: &mut Value) -> Vec<&mut Value> {
    let pod = set.pointer_mut("/spec/template/spec").and_then(Value::as_object_mut).unwrap();
    let lists = pod.iter_mut().filter(|(key, _)| LISTS.contains(&key.as_str()));
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten().collect()
}

/// Those that run as long as the pod.
fn running(set: &Value) -> Vec<&Value> {
    let list = |key: &str| set["spec"]["template"]["spec"][key].as_array().into_iter().flatten();
    let sidecars = list("initContainers").filter(|container| container["restartPolicy"] == "Always");
    list("containers").chain(sidecars).collect()
}

/// The containers that the domain recognises, by name; none where nothing is rqlite's.
fn detected(set: &Value) -> BTreeSet<String> {
    let set: StatefulSet = serde_json::from_value(set.clone()).unwrap();
    let nodes = RqliteSet::detect(&set).map(|set| set.nodes).unwrap_or_default();
    nodes.iter().map(|node| node.container.name.clone()).collect()
}

impl Update {
    fn concerns_rqlite(&self) -> bool {
        !detected(&self.old).is_empty() || !detected(&self.new).is_empty()
    }

    /// What must not pass while nobody answers.
    fn is_dangerous(&self) -> bool {
        let rqlites = &detected(&self.old) | &detected(&self.new);
        self.endangers_set() || self.changed(&LAUNCH).iter().any(|name| rqlites.contains(*name))
    }

    /// What must pass while nobody answers: no container's launch changes, the same ones are recognised, and only these get another image.
    /// What is neither this nor dangerous may go either way, as a client in rqlite's image that gets another one.
    fn is_harmless(&self) -> bool {
        let names = |set| running(set).into_iter().map(|container| &container["name"]).collect::<Vec<_>>();
        let rqlites = detected(&self.old);
        !self.endangers_set()
            && names(&self.old) == names(&self.new)
            && rqlites == detected(&self.new)
            && self.changed(&LAUNCH).is_empty()
            && self.changed(&["image"]).iter().all(|name| rqlites.contains(*name))
    }

    /// Pods leave, all of them read other data, or the data goes with those that leave.
    fn endangers_set(&self) -> bool {
        let count = |set: &Value| set["spec"]["replicas"].as_i64().unwrap_or(1);
        let start = |set: &Value| set["spec"]["ordinals"]["start"].as_i64().unwrap_or(0);
        let volumes = |set: &Value| list(&set["spec"]["template"]["spec"]["volumes"]);
        let deletes = |set: &Value| set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete";
        let Self { old, new } = self;
        count(new) < count(old)
            || start(new) != start(old)
            || volumes(new) != volumes(old)
            || deletes(new) && !deletes(old)
    }

    /// The containers that run before and after, of which one of these fields changes.
    fn changed(&self, keys: &[&str]) -> Vec<&str> {
        let (before, after) = (running(&self.old), running(&self.new));
        let pairs = before.into_iter().filter_map(|old| {
            let new = after.iter().find(|new| new["name"] == old["name"])?;
            let differs = |key: &&str| match *key {
                "image" => old["image"] != new["image"],
                key => list(&old[key]) != list(&new[key]),
            };
            keys.iter().any(differs).then(|| old["name"].as_str().unwrap_or_default())
        });
        pairs.collect()
    }
}

/// Absent is empty.
fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Some text in it that CEL looks for: an image's name, the server's, a flag that only rqlited has, an annotation to Quorate.
fn speaks_of_rqlite(set: &Value) -> bool {
    let annotations = set["metadata"]["annotations"].as_object();
    let flags = || FLAGS.iter().filter(|flag| flag.distinctive);
    annotations.into_iter().flatten().any(|(key, _)| key.starts_with(annotation::PREFIX))
        || running(set).into_iter().any(|container| {
            let image = container["image"].as_str().unwrap_or_default();
            let launch = json!([container["command"], container["args"], container["env"]]).to_string();
            image.contains("rqlite")
                || launch.contains("rqlited")
                || flags().any(|flag| launch.contains(&format!("-{}", flag.name)))
        })
}

fn input(old: &Value, new: &Value) -> EvaluationInput {
    let facts = json!({"version": 1});
    match (old, new) {
        (Value::Null, new) => EvaluationInput::create(new, &facts),
        (old, Value::Null) => EvaluationInput::delete(old, &facts),
        (old, new) => EvaluationInput::update(old, new, &facts),
    }
}

/// `what` if it does not hold.
fn holds(right: bool, what: impl Into<String>, input: &EvaluationInput) -> Result<(), Broken> {
    if right { Ok(()) } else { Err(Broken::new(what, [("input", input.clone())])) }
}

#[test]
fn an_update_is_sent_where_it_belongs() {
    let (validating, mutating) = (validating(&[]), mutating());
    hold("registered-updates", 150, &updates(), |update| {
        let input = input(&update.old, &update.new);
        let request = Request::of(&input.review);
        let (validated, mutated) = (request.entries(&validating), request.entries(&mutating));
        if is_unchanged(&input.review["request"]) {
            let nothing = validated.is_empty() && mutated.is_empty();
            return holds(nothing, format!("nothing that is looked at changes: {validated:?} {mutated:?}"), &input);
        }
        holds(!update.is_harmless() || validated != FAIL, format!("harmless, and {validated:?}"), &input)?;
        if !update.concerns_rqlite() {
            let silent = !speaks_of_rqlite(&update.old) && !speaks_of_rqlite(&update.new);
            let nothing = validated.is_empty() && mutated.is_empty();
            return holds(!silent || nothing, format!("nothing speaks of rqlite: {validated:?} {mutated:?}"), &input);
        }
        holds(validated == FAIL || validated == IGNORE, format!("recognised, and {validated:?}"), &input)?;
        holds(!update.is_dangerous() || validated == FAIL, format!("dangerous, and {validated:?}"), &input)?;
        let spec_changes = update.old["spec"] != update.new["spec"];
        holds(mutated.is_empty() != spec_changes, format!("to be mutated, and {mutated:?}"), &input)
    });
}

#[test]
fn a_creation_and_a_deletion_are_sent_where_they_belong() {
    let (validating, mutating) = (validating(&[]), mutating());
    hold("registered-lives", 60, &updates(), |Update { new: set, .. }| {
        for (old, new) in [(&Value::Null, set), (set, &Value::Null)] {
            let input = input(old, new);
            let request = Request::of(&input.review);
            let (validated, mutated) = (request.entries(&validating), request.entries(&mutating));
            if detected(set).is_empty() {
                let nothing = validated.is_empty() && mutated.is_empty();
                let right = speaks_of_rqlite(set) || nothing;
                holds(right, format!("nothing speaks of rqlite: {validated:?} {mutated:?}"), &input)?;
                continue;
            }
            holds(validated == FAIL, format!("recognised, and {validated:?}"), &input)?;
            holds(mutated.is_empty() == new.is_null(), format!("to be mutated, and {mutated:?}"), &input)?;
        }
        Ok(())
    });
}

/// Any update of sets that lack some of what a set may have.
fn sparse() -> impl Strategy<Value = Update> {
    let gone = || proptest::collection::vec(any::<Index>(), 0..12);
    (updates(), gone(), gone()).prop_map(|(mut update, before, after)| {
        before.iter().for_each(|index| remove(&mut update.old, *index));
        after.iter().for_each(|index| remove(&mut update.new, *index));
        update
    })
}

/// One of its members that are not always there.
fn remove(set: &mut Value, index: Index) {
    let mut members = Vec::new();
    collect(set, "", &mut members);
    let (parent, key) = index.get(&members);
    set.pointer_mut(parent).and_then(Value::as_object_mut).unwrap().remove(key);
}

/// Pointer of the object, and key.
fn collect(value: &Value, path: &str, members: &mut Vec<(String, String)>) {
    // The API server writes these, and has looked at them before it asks a validating webhook.
    const ALWAYS: [&str; 7] = [
        "/metadata",
        "/metadata/name",
        "/metadata/namespace",
        "/spec",
        "/spec/template",
        "/spec/template/spec",
        "/spec/template/spec/containers",
    ];
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let inside = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                collect(inner, &inside, members);
                if !ALWAYS.contains(&inside.as_str()) {
                    members.push((path.to_owned(), key.clone()));
                }
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| collect(inner, &format!("{path}/{index}"), members));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One that fails refuses the request, of whosever set it is. Evaluating panics there.
#[test]
fn no_expression_fails() {
    let (validating, mutating) = (validating(&[("db", "rqlite")]), mutating());
    hold("registered-expressions", 50, &sparse(), |Update { old, new }| {
        let deletion = input(old, &Value::Null);
        let scale = EvaluationInput::scale(old, 2, &json!({"version": 1}));
        for input in [&input(&Value::Null, new), &input(old, new), &deletion, &scale] {
            let request = Request::of(&input.review);
            request.entries(&validating);
            request.entries(&mutating);
        }
        backstop::refused(&Request::of(&deletion.review));
        Ok(())
    });
}
