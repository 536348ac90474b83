//! What a document is as a type, and what is said of one that is none.
//! That `serde_json` reads the same is in `tests/property/`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Document, Limits, Pattern, Pointer};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Set<'a> {
    #[serde(borrow)]
    name: &'a str,
    replicas: Option<i32>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    ports: Vec<Port>,
    kind: Option<SampleEnum>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Name(String),
}

#[derive(Debug, PartialEq, Deserialize)]
enum SampleEnum {
    Plain,
    Sized(u8),
    Pair(u8, u8),
    Named { a: u8 },
}

fn document(text: &str) -> Document {
    Document::parse(text, &Limits::DEFAULT).unwrap()
}

#[track_caller]
fn refused(text: &str, path: &str, problem: &str) {
    let document = document(text);
    let error = document.decode::<Set<'_>>().unwrap_err();
    assert_eq!((error.path(), error.problem()), (path, problem));
}

#[test]
fn reads_a_type_and_borrows_its_strings() {
    let document = document(r#"{"name":"a","replicas":null,"labels":{"k\n":"v"},"ports":[80,"http"],"more":[{}]}"#);
    let expected = Set {
        name: "a",
        replicas: None,
        labels: [("k\n".to_owned(), "v".to_owned())].into(),
        ports: vec![Port::Number(80), Port::Name("http".to_owned())],
        kind: None,
    };
    assert_eq!(document.decode(), Ok(expected));
}

#[test]
fn reads_every_form_of_a_variant() {
    let kind = |text| document(text).decode::<SampleEnum>();
    assert_eq!(kind(r#""Plain""#), Ok(SampleEnum::Plain));
    assert_eq!(kind(r#"{"Sized": 7}"#), Ok(SampleEnum::Sized(7)));
    assert_eq!(kind(r#"{"Pair": [1, 2]}"#), Ok(SampleEnum::Pair(1, 2)));
    assert_eq!(kind(r#"{"Named": {"a": 1}}"#), Ok(SampleEnum::Named { a: 1 }));
    for text in [r#"{"Pair": [1, 2, 3]}"#, r#""Sized""#, r#"{"Plain": 1, "Sized": 2}"#, "7", r#""Other""#] {
        assert!(kind(text).is_err(), "{text}");
    }
}

#[test]
fn says_where_and_what() {
    refused(r#"{"name":7}"#, "name", "invalid type: integer `7`, expected a borrowed string");
    refused(r#"{"name":"a","labels":{"x":null}}"#, "labels.x", "invalid type: null, expected a string");
    refused(r#"{"name":"a","ports":[1,true]}"#, "ports[1]", "data did not match any variant of untagged enum Port");
    refused(r#"{"name":"a","replicas":3.0}"#, "replicas", "invalid type: floating point `3.0`, expected i32");
    refused(r#"{"replicas":1}"#, "", "missing field `name`");
    refused("[]", "", "invalid length 0, expected struct Set with 5 elements");
}

#[test]
fn a_part_is_read_alone_and_what_was_left_out_is_not_there() {
    let without = [Pattern::parse("/object/labels").unwrap()];
    let text = r#"{"object":{"name":"a","labels":{"x":7}}}"#;
    let whole = Document::parse_without(text, &Limits::DEFAULT, &without).unwrap();
    let part = whole.part(&Pointer::parse("/object").unwrap()).unwrap();
    assert_eq!(part.decode::<Set<'_>>().map(|set| set.labels.len()), Ok(0));
}
