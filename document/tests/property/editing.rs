//! Edits and patches against the same on a tree, and against `json-patch`.
//! Where the tree refuses an edit, the crate must; what is said is tested with the edits.

use json_patch::Patch as TreePatch;
use proptest::prelude::*;
use quorate_document::{Document, EditFault, Edits, Limits, Patch, Pattern, Pointer};
use serde_json::{Map, Value, json};

use crate::generated::{Spelling, places, pointer, spelled, spelling, tree};

#[derive(Debug, Clone)]
enum Edit {
    Set(String, Value),
    Append(String, Value),
    Remove(String),
    Patch(Value),
}

/// An index, where it is one of an array of this length.
fn index(token: &str, length: usize) -> Option<usize> {
    let index: usize = token.parse().ok()?;
    (index.to_string() == token && index < length).then_some(index)
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// The value there, made with its parents where nothing or null is.
fn made<'t>(tree: &'t mut Value, pointer: &str, new: impl FnOnce() -> Value) -> Option<&'t mut Value> {
    let mut at = tree;
    for token in pointer.split('/').skip(1) {
        if at.is_null() {
            *at = json!({});
        }
        at = match at {
            Value::Object(members) => members.entry(unescaped(token)).or_insert(Value::Null),
            Value::Array(elements) => {
                let index = index(token, elements.len())?;
                &mut elements[index]
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    if at.is_null() {
        *at = new();
    }
    Some(at)
}

/// The edit on a tree; `None` where it does not apply.
fn apply(tree: &mut Value, edit: &Edit) -> Option<()> {
    match edit {
        Edit::Set(pointer, value) => *made(tree, pointer, || Value::Null)? = value.clone(),
        Edit::Append(pointer, value) => made(tree, pointer, || json!([]))?.as_array_mut()?.push(value.clone()),
        Edit::Remove(pointer) => {
            let (parent, token) = pointer.rsplit_once('/')?;
            match tree.pointer_mut(parent)? {
                Value::Object(members) => drop(members.remove(&unescaped(token))?),
                Value::Array(elements) => {
                    let index = index(token, elements.len())?;
                    elements.remove(index);
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
            }
        }
        Edit::Patch(patch) => {
            let patch: TreePatch = serde_json::from_value(patch.clone()).unwrap();
            // One by one: json-patch 4.2 panics where it cannot undo what it has applied of a patch that fails.
            patch.iter().try_for_each(|operation| json_patch::patch(tree, std::slice::from_ref(operation)).ok())?;
        }
    }
    Some(())
}

fn record(edits: &mut Edits, edit: &Edit) {
    match edit {
        Edit::Set(pointer, Value::String(text)) => edits.set_text(pointer, text).unwrap(),
        Edit::Set(pointer, value) => edits.set(pointer, &value.to_string()).unwrap(),
        Edit::Append(pointer, value) => edits.append(pointer, &value.to_string()).unwrap(),
        Edit::Remove(pointer) => edits.remove(pointer).unwrap(),
        Edit::Patch(patch) => edits.patch(&patch.to_string()).unwrap(),
    }
}

/// Pointers are drawn from the tree more often than not, so that most edits apply.
fn edit(tree: &Value) -> impl Strategy<Value = Edit> + use<> {
    let known: Vec<String> = places(tree).into_iter().map(|(pointer, _)| pointer).collect();
    let place = prop_oneof![
        4 => prop::sample::select(known.clone()),
        2 => (prop::sample::select(known), pointer(3)).prop_map(|(one, other)| format!("{one}{other}")),
        1 => pointer(4),
    ];
    let small = prop_oneof![3 => (0_i32..3).prop_map(Value::from), 1 => Just(json!({"a": [1, {}]})), 1 => crate::generated::tree()];
    let operation = (
        prop::sample::select(vec!["add", "remove", "replace", "move", "copy", "test"]),
        place.clone(),
        place.clone(),
        small.clone(),
    )
        .prop_map(|(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}));
    prop_oneof![
        3 => (place.clone(), small.clone()).prop_map(|(place, value)| Edit::Set(place, value)),
        2 => (place.clone(), small).prop_map(|(place, value)| Edit::Append(place, value)),
        2 => place.prop_filter("never the whole", |place| !place.is_empty()).prop_map(Edit::Remove),
        2 => prop::collection::vec(operation, 0..3).prop_map(|operations| Edit::Patch(operations.into())),
    ]
}

fn tree_and_edits() -> impl Strategy<Value = (Value, Vec<Edit>)> {
    tree().prop_flat_map(|tree| {
        let edits = prop::collection::vec(edit(&tree), 1..5);
        (Just(tree), edits)
    })
}

/// What `json-patch` does otherwise: it removes the whole document, and it moves a value into itself.
fn is_read_otherwise(edit: &Edit) -> bool {
    let Edit::Patch(Value::Array(operations)) = edit else { return false };
    operations.iter().any(|operation| {
        let (path, from) = (operation["path"].as_str().unwrap(), operation["from"].as_str().unwrap());
        match operation["op"].as_str() {
            Some("remove") => path.is_empty(),
            Some("move") => from.is_empty() || path.starts_with(&format!("{from}/")) || path == from,
            _ => false,
        }
    })
}

fn applied(before: &Value, patch: &Patch) -> Value {
    let patch: TreePatch = serde_json::from_str(&patch.to_string()).unwrap();
    let mut tree = before.clone();
    json_patch::patch(&mut tree, &patch).unwrap();
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn edits_as_a_tree_is_edited((tree, edits) in tree_and_edits(), spelling in spelling()) {
        prop_assume!(!edits.iter().any(is_read_otherwise));
        let text = spelled(&tree, Spelling { respells_numbers: false, ..spelling });
        let before = Document::parse(text.as_str(), &Limits::DEFAULT).unwrap();
        let mut recorded = Edits::new(&Limits::DEFAULT);
        edits.iter().for_each(|edit| record(&mut recorded, edit));
        let mut expected = tree.clone();
        let fails = edits.iter().position(|edit| apply(&mut expected, edit).is_none());
        match (recorded.apply(&before), fails) {
            (Err(error), Some(position)) => prop_assert_eq!(error.number(), Some(position + 1), "{}", error),
            (Err(error), None) => prop_assert!(false, "{text}: {error}"),
            (Ok(_), Some(position)) => prop_assert!(false, "{text}: edit {position} applied"),
            (Ok(None), None) => prop_assert_eq!(expected, tree),
            (Ok(Some(edited)), None) => {
                let after: Value = serde_json::from_str(&edited.document.as_json()).unwrap();
                prop_assert_eq!(&after, &expected);
                prop_assert_eq!(&applied(&tree, &edited.patch), &expected, "{}", edited.patch);
                prop_assert!(!edited.patch.is_empty() && after != tree, "{}", edited.patch);
            }
        }
    }

    #[test]
    fn a_patch_between_any_two_makes_one_of_the_other(one in tree(), other in tree(), spellings in (spelling(), spelling())) {
        let read = |tree: &Value, spelling: Spelling| {
            let text = spelled(tree, Spelling { respells_numbers: false, ..spelling });
            Document::parse(text, &Limits::DEFAULT).unwrap()
        };
        let (before, after) = (read(&one, spellings.0), read(&other, spellings.1));
        let patch = Patch::between(&before, &after);
        prop_assert_eq!(&applied(&one, &patch), &other, "{}", patch);
        prop_assert_eq!(patch.is_empty(), one == other);
        prop_assert!(Patch::between(&before, &read(&one, spellings.1)).is_empty());
        let bound = after.as_json().len() + r#"[{"op":"replace","path":"","value":}]"#.len();
        let is_open = matches!((&one, &other), (Value::Object(_), Value::Object(_)));
        prop_assert!(is_open || patch.to_string().len() <= bound, "{}", patch);
        // Our own reader applies it too.
        let mut edits = Edits::new(&Limits::DEFAULT);
        edits.patch(&patch.to_string()).unwrap();
        let edited = edits.apply(&before).unwrap();
        prop_assert!(edited.map_or(before, |edited| edited.document).same(&Pointer::ROOT, &after));
    }

    #[test]
    fn a_patch_is_right_without_any_work(one in tree(), other in tree(), work in 0_u64..200) {
        let limits = Limits { work, ..Limits::DEFAULT };
        let before = Document::parse(one.to_string(), &limits).unwrap();
        let after = Document::parse(other.to_string(), &limits).unwrap();
        prop_assert_eq!(&applied(&one, &Patch::between(&before, &after)), &other);
        prop_assert!(Patch::between(&before, &before.clone()).is_empty());
    }

    #[test]
    fn a_patch_touches_nothing_that_was_left_out(tree in tree(), other in tree(), spelling in spelling(), key in pointer(3)) {
        let without = [Pattern::parse(key.as_str()).unwrap()];
        let text = spelled(&tree, Spelling { respells_numbers: false, ..spelling });
        let before = Document::parse_without(text, &Limits::DEFAULT, &without).unwrap();
        let shown: Value = serde_json::from_str(&before.as_json()).unwrap();
        let mut edits = Edits::new(&Limits::DEFAULT);
        edits.set("/c/new", &other.to_string()).unwrap();
        match edits.apply(&before) {
            Ok(Some(edited)) => {
                let mut whole = tree.clone();
                let patch: TreePatch = serde_json::from_str(&edited.patch.to_string()).unwrap();
                json_patch::patch(&mut whole, &patch).unwrap();
                for (place, value) in places(&tree).into_iter().filter(|(place, _)| !place.is_empty() && !place.starts_with("/c")) {
                    prop_assert_eq!(whole.pointer(&place), Some(value));
                }
                let mut expected = shown.clone();
                made(&mut expected, "/c", || json!({}));
                apply(&mut expected, &Edit::Set("/c/new".to_owned(), other)).unwrap();
                let after: Value = serde_json::from_str(&edited.document.as_json()).unwrap();
                prop_assert_eq!(after, expected);
            }
            Ok(None) => {}
            Err(error) => prop_assert!(matches!(error.fault(), EditFault::Scalar(_) | EditFault::NotAnIndex(_)), "{error}"),
        }
    }
}

#[test]
fn the_tree_model_makes_parents() {
    let mut tree = json!({"a": null});
    apply(&mut tree, &Edit::Set("/a/b/c".to_owned(), json!(1))).unwrap();
    assert_eq!(tree, json!({"a": {"b": {"c": 1}}}));
    assert_eq!(Value::Object(Map::new()), json!({}));
}
