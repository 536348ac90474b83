//! One value of a manifest, read with its place: what does not fit is told, and reading goes on.
//! Does not know which keys a manifest has.

use serde_json::{Map, Value};

use super::grammar::Form;
use crate::problem::Problems;
use crate::text::{shown, token};
use crate::{CONTRACT, MANIFEST};

/// A value and where it stands.
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pointer: String,
    problems: &'a Problems,
}

/// A value that is an object, with keys that are known.
pub(super) struct Object<'n, 'a> {
    node: &'n Node<'a>,
    members: &'a Map<String, Value>,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value, problems: &'a Problems) -> Self {
        Self { value, pointer: String::new(), problems }
    }

    /// Something is wrong here; the message goes on after the place.
    pub(super) fn problem(&self, message: impl FnOnce() -> String) {
        self.problem_below("", message);
    }

    /// Something is wrong at a pointer from here.
    pub(super) fn problem_below(&self, below: &str, message: impl FnOnce() -> String) {
        let pointer = format!("{}{below}", self.pointer);
        let place = if pointer.is_empty() { "the manifest".to_owned() } else { format!("`{}`", shown(&pointer)) };
        self.problems.add(&pointer, || format!("{place} {}", message()));
    }

    /// What kind of JSON this is, for a message.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// The object, where every key that is not among `known` is told.
    pub(super) fn object(&self, known: &[&str]) -> Option<Object<'_, 'a>> {
        let object = self.any_object()?;
        for key in object.members.keys().filter(|key| !known.contains(&key.as_str())) {
            self.unknown_key(key);
        }
        Some(object)
    }

    /// The object, whatever its keys.
    pub(super) fn any_object(&self) -> Option<Object<'_, 'a>> {
        let Value::Object(members) = self.value else {
            self.problem(|| format!("must be an object, and is {}", self.kind()));
            return None;
        };
        Some(Object { node: self, members })
    }

    /// Ignoring a key that narrows would widen a policy.
    fn unknown_key(&self, key: &str) {
        let pointer = format!("{}/{}", self.pointer, token(key));
        self.problems.add(&pointer, || {
            let parent = self.pointer.trim_start_matches('/').replace('/', ".");
            let dot = if parent.is_empty() { "" } else { "." };
            let key = shown(key);
            format!(
                "`{parent}{dot}{key}` is no key that this host (contract {CONTRACT}, manifest {MANIFEST}) knows; \
                 a newer Quorate may"
            )
        });
    }

    /// The elements; none where their number is out of bounds.
    pub(super) fn list(&self, min: usize, max: usize) -> Vec<Node<'a>> {
        let Value::Array(elements) = self.value else {
            self.problem(|| format!("must be an array, and is {}", self.kind()));
            return Vec::new();
        };
        if !(min..=max).contains(&elements.len()) {
            self.problem(|| format!("has {} elements, allowed are {min} to {max}", elements.len()));
            return Vec::new();
        }
        elements.iter().enumerate().map(|(index, value)| self.below(&index.to_string(), value)).collect()
    }

    /// The elements as texts of one form, none of them twice.
    pub(super) fn texts(&self, min: usize, max: usize, form: &Form) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for node in self.list(min, max) {
            let Some(text) = node.text(form) else { continue };
            if texts.contains(&text) {
                node.problem(|| format!("is `{}`, which stands there already", shown(&text)));
            }
            texts.push(text);
        }
        texts
    }

    /// A text of the form.
    pub(super) fn text(&self, form: &Form) -> Option<String> {
        let Value::String(text) = self.value else {
            self.problem(|| format!("must be {}, and is {}", form.wanted, self.kind()));
            return None;
        };
        if text.len() > form.max_bytes {
            self.problem(|| format!("has {} bytes, allowed are {}", text.len(), form.max_bytes));
            return None;
        }
        if !(form.fits)(text) {
            self.problem(|| format!("must be {}, and is `{}`", form.wanted, shown(text)));
            return None;
        }
        Some(text.clone())
    }

    /// One of the words.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let found = self.value.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let is = self.value.as_str().map_or_else(|| self.kind().to_owned(), |text| format!("`{}`", shown(text)));
            self.problem(|| format!("must be one of {}, and is {is}", all.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn below(&self, step: &str, value: &'a Value) -> Node<'a> {
        Node { value, pointer: format!("{}/{}", self.pointer, token(step)), problems: self.problems }
    }
}

impl<'n, 'a> Object<'n, 'a> {
    /// The value of a key; where there is none, that is told.
    pub(super) fn required(&self, key: &str) -> Option<Node<'a>> {
        let node = self.optional(key);
        if node.is_none() {
            self.node.problem(|| format!("lacks the key `{key}`"));
        }
        node
    }

    /// The value of a key, if it is there.
    pub(super) fn optional(&self, key: &str) -> Option<Node<'a>> {
        self.members.get(key).map(|value| self.node.below(key, value))
    }

    /// A required text.
    pub(super) fn text(&self, key: &str, form: &Form) -> Option<String> {
        self.required(key).and_then(|node| node.text(form))
    }

    /// A required word.
    pub(super) fn one_of<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        self.required(key).and_then(|node| node.one_of(words))
    }

    /// Its members, in order.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.members.iter().map(|(key, value)| (key.as_str(), self.node.below(key, value)))
    }

    /// How many members it has.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }
}

/// Tells each object whose text at `key` an earlier one has too.
pub(super) fn unique(nodes: &[Node<'_>], key: &str) {
    let mut seen = Vec::new();
    for node in nodes {
        let Some(text) = node.value.get(key).and_then(Value::as_str) else { continue };
        if seen.contains(&text) {
            node.problem_below(&format!("/{key}"), || format!("is `{}`, which stands there already", shown(text)));
        }
        seen.push(text);
    }
}
