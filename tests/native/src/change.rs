//! What people change in a set, one edit or several at a time. Knows nothing of what is allowed.

use proptest::prelude::*;

use crate::launch::{self, Given, Shape};
use crate::set::{self, Data, Rollout, Set};

/// One edit.
#[derive(Debug, Clone)]
pub enum Edit {
    Replicas(Option<i64>),
    Start(i64),
    Expect(Option<Given>),
    Image(&'static str),
    Shape(Shape),
    Removal(Option<bool>),
    NonVoter(Option<bool>),
    Rollout(Rollout),
    WhenScaled(Option<&'static str>),
    WhenDeleted(Option<&'static str>),
    Data(Data),
    Annotation(&'static str, Option<&'static str>),
    Owner(Option<&'static str>),
    Grace(Option<i64>),
    Restart,
    Discovery(Option<&'static str>),
}

impl Edit {
    pub fn apply(&self, set: &mut Set) {
        let word = |on: Option<bool>| on.map(|on| Given::Text(on.to_string()));
        match self {
            Edit::Replicas(count) => set.replicas = *count,
            Edit::Start(start) => set.start = Some(*start),
            Edit::Expect(value) => set.launch.set("bootstrap-expect", value.clone()),
            Edit::Image(image) => set.image = image,
            Edit::Shape(shape) => set.launch.shape = *shape,
            Edit::Removal(on) => set.launch.set("raft-cluster-remove-shutdown", word(*on)),
            Edit::NonVoter(on) => set.launch.set("raft-non-voter", word(*on)),
            Edit::Rollout(rollout) => set.rollout = rollout.clone(),
            Edit::WhenScaled(value) => set.scaled = *value,
            Edit::WhenDeleted(value) => set.deleted = *value,
            Edit::Data(data) => set.data = *data,
            Edit::Annotation(key, value) => {
                set.annotations.retain(|(known, _)| known != key);
                set.annotations.extend(value.map(|value| (*key, value)));
            }
            Edit::Owner(owner) => set.owner = *owner,
            Edit::Grace(grace) => set.grace = *grace,
            Edit::Restart => set.restarted = set.restarted.wrapping_add(1),
            Edit::Discovery(mode) => {
                set.launch.set("disco-mode", mode.map(|mode| Given::Text(mode.to_owned())));
                if mode.is_some() {
                    set.launch.set("join", None);
                }
            }
        }
    }
}

fn annotation() -> impl Strategy<Value = Edit> {
    let key_value = prop_oneof![
        Just(("quorate.dev/container", Some("db"))),
        Just(("quorate.dev/container", Some("nobody"))),
        Just(("quorate.dev/container", None)),
        Just(("quorate.dev/allow-deletion", Some("true"))),
        Just(("quorate.dev/auth-secret", Some("users"))),
        Just(("quorate.dev/auth-secret", None)),
        Just(("quorate.dev/join-as", Some("*"))),
        Just(("quorate.dev/break-glass", Some("quorum-guard/scale-below-quorum until=2026-11-22T12:00:00Z drill"))),
    ];
    key_value.prop_map(|(key, value)| Edit::Annotation(key, value))
}

fn edit() -> impl Strategy<Value = Edit> {
    let on = || prop_oneof![Just(None), Just(Some(true)), Just(Some(false))];
    let retention = || prop_oneof![Just(None), Just(Some("Retain")), Just(Some("Delete"))];
    prop_oneof![
        10 => set::replicas().prop_map(Edit::Replicas),
        1 => (0_i64..4).prop_map(Edit::Start),
        4 => launch::expect().prop_map(Edit::Expect),
        2 => set::image().prop_map(Edit::Image),
        2 => launch::shape().prop_map(Edit::Shape),
        1 => on().prop_map(Edit::Removal),
        1 => on().prop_map(Edit::NonVoter),
        1 => set::rollout().prop_map(Edit::Rollout),
        1 => retention().prop_map(Edit::WhenScaled),
        1 => retention().prop_map(Edit::WhenDeleted),
        1 => set::data().prop_map(Edit::Data),
        2 => annotation(),
        1 => prop_oneof![Just(None), Just(Some("o-1")), Just(Some("o-2"))].prop_map(Edit::Owner),
        1 => prop_oneof![Just(None), Just(Some(0)), Just(Some(60))].prop_map(Edit::Grace),
        2 => Just(Edit::Restart),
        1 => prop_oneof![Just(None), Just(Some("dns")), Just(Some("consul-kv"))].prop_map(Edit::Discovery),
    ]
}

/// One to three edits.
pub fn edits() -> BoxedStrategy<Vec<Edit>> {
    proptest::collection::vec(edit(), 1..4).boxed()
}

/// The set after the edits.
pub fn edited(set: &Set, edits: &[Edit]) -> Set {
    let mut set = set.clone();
    edits.iter().for_each(|edit| edit.apply(&mut set));
    set
}
