//! A JSON text as a tree that keeps what was sent: the order of members, the spelling of numbers, the text of each value.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::decimal::{self, Decimal};
use crate::document::Value;
use crate::pointer::escape;

/// A value and its text.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    text: String,
    node: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Null,
    Boolean(bool),
    Number,
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub(super) fn parse(text: &str) -> Self {
        let raw: &RawValue = decoded(text);
        let text = raw.get();
        let node = match text.as_bytes().first() {
            Some(b'n') => Node::Null,
            Some(b't' | b'f') => Node::Boolean(text == "true"),
            Some(b'"') => Node::Text(decoded(text)),
            Some(b'[') => {
                Node::Array(decoded::<Vec<&RawValue>>(text).iter().map(|raw| Tree::parse(raw.get())).collect())
            }
            Some(b'{') => Node::Object(members(text)),
            _ => Node::Number,
        };
        Tree { text: text.to_owned(), node }
    }

    pub(super) fn refuse_managed_fields(&self) {
        let managed = self.at("/metadata/managedFields");
        assert!(managed.is_none(), "leave metadata.managedFields out: the host takes it out of every object");
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.node, Node::Null)
    }

    pub(super) fn into_members(self) -> Vec<(String, Tree)> {
        if let Node::Object(members) = self.node { members } else { Vec::new() }
    }

    pub(super) fn at(&self, pointer: &str) -> Option<&Tree> {
        tokens(pointer).iter().try_fold(self, |tree, token| tree.child(token))
    }

    pub(super) fn value(&self) -> Value {
        match &self.node {
            Node::Null => Value::Null,
            Node::Boolean(value) => Value::Boolean(*value),
            Node::Number => decimal::value(&self.text),
            Node::Text(text) => Value::Text(text.clone()),
            Node::Array(_) | Node::Object(_) => Value::Json(self.text.clone()),
        }
    }

    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        if let Node::Text(text) = &self.at(pointer)?.node { Some(text.clone()) } else { None }
    }

    pub(super) fn json(&self) -> String {
        self.text.clone()
    }

    pub(super) fn len(&self) -> Option<u32> {
        let len = match &self.node {
            Node::Array(elements) => elements.len(),
            Node::Object(members) => members.len(),
            Node::Null | Node::Boolean(_) | Node::Number | Node::Text(_) => return None,
        };
        u32::try_from(len).ok()
    }

    pub(super) fn keys(&self) -> Vec<String> {
        if let Node::Object(members) = &self.node {
            return members.iter().map(|(key, _)| key.clone()).collect();
        }
        Vec::new()
    }

    pub(super) fn find(&self, pattern: &str) -> Vec<(String, Value)> {
        let mut found = vec![(String::new(), self)];
        for token in tokens(pattern) {
            found = found.iter().flat_map(|(pointer, tree)| tree.matching(pointer, &token)).collect();
        }
        found.into_iter().map(|(pointer, tree)| (pointer, tree.value())).collect()
    }

    pub(super) fn same(&self, other: &Tree) -> bool {
        match (&self.node, &other.node) {
            (Node::Null, Node::Null) => true,
            (Node::Boolean(one), Node::Boolean(other)) => one == other,
            (Node::Number, Node::Number) => Decimal::of(&self.text) == Decimal::of(&other.text),
            (Node::Text(one), Node::Text(other)) => one == other,
            (Node::Array(one), Node::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            (Node::Object(one), Node::Object(others)) => {
                let same = |(key, tree): &(String, Tree)| other.child(key).is_some_and(|other| tree.same(other));
                one.len() == others.len() && one.iter().all(same)
            }
            _ => false,
        }
    }

    fn child(&self, token: &str) -> Option<&Tree> {
        match &self.node {
            Node::Object(members) => members.iter().find(|(key, _)| key == token).map(|(_, tree)| tree),
            Node::Array(elements) => elements.get(index(token)?),
            Node::Null | Node::Boolean(_) | Node::Number | Node::Text(_) => None,
        }
    }

    fn matching(&self, pointer: &str, token: &str) -> Vec<(String, &Tree)> {
        let below = |token: &str| format!("{pointer}/{}", escape(token));
        match &self.node {
            Node::Object(members) if token == "*" => members.iter().map(|(key, tree)| (below(key), tree)).collect(),
            Node::Array(elements) if token == "*" => {
                elements.iter().enumerate().map(|(index, tree)| (below(&index.to_string()), tree)).collect()
            }
            Node::Null | Node::Boolean(_) | Node::Number | Node::Text(_) | Node::Array(_) | Node::Object(_) => {
                self.child(token).map(|tree| (below(token), tree)).into_iter().collect()
            }
        }
    }
}

fn decoded<'t, T: Deserialize<'t>>(text: &'t str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("a document is no JSON: {error}: {text}"))
}

fn members(text: &str) -> Vec<(String, Tree)> {
    let Members(raw) = decoded(text);
    let mut members: Vec<(String, Tree)> = Vec::with_capacity(raw.len());
    for (key, value) in raw {
        assert!(members.iter().all(|(known, _)| *known != key), "the key {key} stands twice; the host refuses that");
        members.push((key, Tree::parse(value.get())));
    }
    members
}

/// The tokens of a pointer, decoded.
fn tokens(pointer: &str) -> Vec<String> {
    let bad = || -> ! { panic!("`{pointer}` is no RFC 6901 pointer; the policy would trap") };
    let Some(rest) = pointer.strip_prefix('/') else { if pointer.is_empty() { return Vec::new() } else { bad() } };
    let decode = |token: &str| {
        if token.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            bad();
        }
        token.replace("~1", "/").replace("~0", "~")
    };
    rest.split('/').map(decode).collect()
}

/// Of an array: digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let is_index = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    token.parse().ok().filter(|_| is_index)
}

/// The members of an object, in the order of the text.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
