//! What is read of a document, against a tree of the same text.
//! Numbers are exact as doubles, so that the tree holds what the text says.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quorate_document::{Document, Limits, Pattern, Pointer, Value};
use serde_json::Value as Tree;

use crate::generated::{Spelling, by_value, escaped, places, pointer, spelled, spelling, tree};

fn read(text: &str) -> Document {
    Document::parse(text, &Limits::DEFAULT).unwrap()
}

fn is(value: &Value<'_>, tree: &Tree) -> bool {
    match (value, tree) {
        (Value::Null, Tree::Null) => true,
        (Value::Boolean(one), Tree::Bool(other)) => one == other,
        (Value::Integer(one), Tree::Number(other)) => Some(*one as f64) == other.as_f64(),
        (Value::Number(one), Tree::Number(other)) => Some(*one) == other.as_f64() && one.fract() != 0.0,
        (Value::Text(one), Tree::String(other)) => one == other,
        (Value::Json(one), Tree::Array(_) | Tree::Object(_)) => {
            by_value(&serde_json::from_str(one).unwrap()) == by_value(tree)
        }
        (_, _) => false,
    }
}

/// What an array, an object or a leaf of the generated trees may be.
#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(untagged)]
enum Shape {
    Known { a: Option<i64>, b: Option<Vec<f64>>, c: Box<Option<Shape>> },
    Two(Tree, Tree),
    List(Vec<Option<Box<Shape>>>),
    Text(String),
    Whole(i32),
    Truth(bool),
}

/// The matches of a pattern, by trying it on each place.
fn matching<'t>(tree: &'t Tree, pattern: &str) -> Vec<(String, &'t Tree)> {
    let wanted: Vec<&str> = pattern.split('/').collect();
    let matches = |pointer: &str| {
        let found: Vec<&str> = pointer.split('/').collect();
        found.len() == wanted.len() && found.iter().zip(&wanted).all(|(one, other)| *other == "*" || one == other)
    };
    places(tree).into_iter().filter(|(pointer, _)| matches(pointer)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn gets_every_value(tree in tree(), spelling in spelling()) {
        let text = spelled(&tree, spelling);
        let document = read(&text);
        for (place, expected) in places(&tree) {
            let pointer = Pointer::parse(place.as_str()).unwrap();
            let value = document.get(&pointer).unwrap();
            prop_assert!(is(&value, expected), "{text} {place}: {value:?}");
            let string = document.text(&pointer);
            prop_assert_eq!(string.as_deref(), expected.as_str());
            prop_assert_eq!(document.boolean(&pointer), expected.as_bool());
            prop_assert_eq!(document.integer(&pointer).map(|integer| integer as f64), expected.as_f64().filter(|double| double.fract() == 0.0));
            let length = expected.as_array().map(Vec::len).or(expected.as_object().map(serde_json::Map::len));
            prop_assert_eq!(document.len(&pointer).map(|length| length as usize), length);
            let keys: BTreeSet<String> = document.keys(&pointer).into_iter().map(String::from).collect();
            let expected_keys: BTreeSet<String> = expected.as_object().into_iter().flat_map(|members| members.keys().cloned()).collect();
            prop_assert_eq!(keys, expected_keys);
            let json: Tree = serde_json::from_str(&document.json(&pointer).unwrap()).unwrap();
            prop_assert_eq!(by_value(&json), by_value(expected));
        }
    }

    #[test]
    fn decodes_as_serde_json_does(tree in tree(), spelling in spelling()) {
        let text = spelled(&tree, spelling);
        prop_assert_eq!(read(&text).decode::<Tree>().unwrap(), serde_json::from_str::<Tree>(&text).unwrap());
        let typed = serde_json::from_str::<Shape>(&text).ok();
        prop_assert_eq!(read(&text).decode::<Shape>().ok(), typed);
    }

    #[test]
    fn decodes_numbers_as_serde_json_does(text in "-?(0|[1-9][0-9]{0,21})([.][0-9]{1,3})?([eE][+-]?[0-9]{1,3})?") {
        // A double is the nearest one; that of `serde_json` may be its neighbour.
        let nearest = |tree: Tree| if tree.is_f64() { text.parse::<f64>().ok().map(Tree::from) } else { Some(tree) };
        let known = serde_json::from_str::<Tree>(&text).ok().and_then(nearest);
        prop_assert_eq!(read(&text).decode::<Tree>().ok(), known);
        prop_assert_eq!(read(&text).decode::<i32>().ok(), serde_json::from_str::<i32>(&text).ok());
    }

    #[test]
    fn gets_what_a_tree_gets(tree in tree(), spelling in spelling(), place in pointer(5)) {
        let document = read(&spelled(&tree, spelling));
        let pointer = Pointer::parse(place.as_str()).unwrap();
        prop_assert_eq!(document.get(&pointer).is_some(), tree.pointer(&place).is_some());
    }

    #[test]
    fn finds_what_a_walk_finds(tree in tree(), seed: u64, pattern in pointer(5)) {
        // In the order of the keys, which is the tree's.
        let document = read(&spelled(&tree, Spelling { seed, shuffles: false, respells_numbers: true }));
        let found = document.find(&Pattern::parse(pattern.as_str()).unwrap()).unwrap();
        let expected = matching(&tree, &pattern);
        prop_assert_eq!(found.len(), expected.len());
        for (found, (pointer, value)) in found.iter().zip(expected) {
            prop_assert_eq!(found.pointer.as_str(), pointer);
            prop_assert!(is(&found.value, value));
        }
    }

    #[test]
    fn is_the_same_in_every_spelling(tree in tree(), one in spelling(), other in spelling()) {
        let (one, other) = (read(&spelled(&tree, one)), read(&spelled(&tree, other)));
        prop_assert!(one.same(&Pointer::ROOT, &other));
    }

    #[test]
    fn is_the_same_where_trees_are(one in tree(), other in tree(), spellings in (spelling(), spelling()), place in pointer(3)) {
        let (text, other_text) = (spelled(&one, spellings.0), spelled(&other, spellings.1));
        let same = read(&text).same(&Pointer::parse(place.as_str()).unwrap(), &read(&other_text));
        prop_assert_eq!(same, one.pointer(&place).map(by_value) == other.pointer(&place).map(by_value));
    }

    #[test]
    fn leaves_out_what_a_tree_loses(tree in tree(), spelling in spelling(), patterns in prop::collection::vec(pointer(4), 1..3)) {
        let parsed: Vec<Pattern<'_>> = patterns.iter().map(|pattern| Pattern::parse(pattern.as_str()).unwrap()).collect();
        let text = spelled(&tree, Spelling { respells_numbers: false, ..spelling });
        let document = Document::parse_without(text.as_str(), &Limits::DEFAULT, &parsed).unwrap();
        let mut expected = tree.clone();
        let gone: Vec<String> = patterns.iter().flat_map(|pattern| matching(&tree, pattern)).map(|(pointer, _)| pointer).collect();
        for pointer in &gone {
            let Some((parent, _)) = pointer.rsplit_once('/') else { continue };
            if let Some(members) = expected.pointer_mut(parent).and_then(Tree::as_object_mut) {
                members.retain(|key, _| format!("{parent}/{}", escaped(key)) != *pointer);
            }
        }
        let json: Tree = serde_json::from_str(&document.as_json()).unwrap();
        prop_assert_eq!(&json, &expected, "{} without {:?}", text, patterns);
        for (place, value) in places(&expected) {
            let pointer = Pointer::parse(place.as_str()).unwrap();
            prop_assert!(is(&document.get(&pointer).unwrap(), value));
        }
        for place in gone {
            let pointer = Pointer::parse(place.as_str()).unwrap();
            prop_assert_eq!(document.get(&pointer).is_some(), expected.pointer(&place).is_some());
        }
        let read_again = read(&document.as_json());
        prop_assert!(document.same(&Pointer::ROOT, &read_again) && read_again.same(&Pointer::ROOT, &document));
    }
}
