//! A JSON tree that writes down, as RFC 6902 operations, what is done to it.
//! Knows no Kubernetes beyond the place of the tree in its object.

use serde_json::{Value, json};

/// The spec of a StatefulSet, and what has been done to it so far. Pointers are relative to the spec.
#[derive(Debug, Clone)]
pub(super) struct SpecEdits {
    tree: Value,
    operations: Vec<Value>,
}

/// Of the tree in the object under review.
const ROOT: &str = "/spec";

impl SpecEdits {
    pub(super) fn of(tree: Value) -> Self {
        SpecEdits { tree, operations: Vec::new() }
    }

    pub(super) fn tree(&self) -> &Value {
        &self.tree
    }

    pub(super) fn into_operations(self) -> Vec<Value> {
        self.operations
    }

    /// Sets the value of a key; its parent is an object that is there.
    pub(super) fn set(&mut self, pointer: &str, value: Value) {
        let Some((parent, key)) = pointer.rsplit_once('/') else { return };
        let Some(object) = self.tree.pointer_mut(parent).and_then(Value::as_object_mut) else { return };
        let before = object.insert(unescaped(key), value.clone());
        let verb = if before.is_some() { "replace" } else { "add" };
        self.operations.push(json!({ "op": verb, "path": format!("{ROOT}{pointer}"), "value": value }));
    }

    /// Removes a key.
    pub(super) fn unset(&mut self, pointer: &str) {
        let Some((parent, key)) = pointer.rsplit_once('/') else { return };
        let Some(object) = self.tree.pointer_mut(parent).and_then(Value::as_object_mut) else { return };
        if object.remove(&unescaped(key)).is_some() {
            self.operations.push(json!({ "op": "remove", "path": format!("{ROOT}{pointer}") }));
        }
    }

    /// Inserts into a list, which is made if it is not there; an index beyond its end means its end.
    pub(super) fn insert(&mut self, list: &str, index: usize, value: Value) {
        match self.tree.pointer_mut(list).and_then(Value::as_array_mut) {
            Some(elements) => {
                let index = index.min(elements.len());
                elements.insert(index, value.clone());
                self.operations.push(json!({ "op": "add", "path": format!("{ROOT}{list}/{index}"), "value": value }));
            }
            None => self.set(list, json!([value])),
        }
    }

    /// Puts another element in the place of one.
    pub(super) fn replace(&mut self, list: &str, index: usize, value: Value) {
        let elements = self.tree.pointer_mut(list).and_then(Value::as_array_mut);
        if let Some(element) = elements.and_then(|elements| elements.get_mut(index)) {
            *element = value.clone();
            self.operations.push(json!({ "op": "replace", "path": format!("{ROOT}{list}/{index}"), "value": value }));
        }
    }

    /// Removes an element; a list that would be empty goes with it, since the API server keeps no empty list.
    pub(super) fn remove(&mut self, list: &str, index: usize) {
        match self.tree.pointer_mut(list).and_then(Value::as_array_mut) {
            Some(elements) if elements.len() == 1 && index == 0 => self.unset(list),
            Some(elements) if index < elements.len() => {
                elements.remove(index);
                self.operations.push(json!({ "op": "remove", "path": format!("{ROOT}{list}/{index}") }));
            }
            Some(_) | None => {}
        }
    }
}

/// RFC 6901.
fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}
