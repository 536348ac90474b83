//! What is read where the property tests do not look: big numbers, parts, limits of a search, the order of things.
//! Whole values, never "is some".

use super::*;
use crate::find::FindError;

fn read(text: &str) -> Document {
    Document::parse(text, &Limits::DEFAULT).unwrap()
}

fn pointer(text: &str) -> Pointer<'_> {
    Pointer::parse(text).unwrap()
}

#[test]
fn numbers_are_as_they_were_sent() {
    for (text, expected) in [
        ("-0", Value::Integer(0)),
        ("1e2", Value::Integer(100)),
        ("9007199254740991", Value::Integer(9_007_199_254_740_991)),
        ("9007199254740992", Value::Number(9_007_199_254_740_992.0)),
        ("9007199254740993", Value::Big("9007199254740993")),
        ("18446744073709551615", Value::Big("18446744073709551615")),
        ("1e400", Value::Big("1e400")),
        ("-1e-400", Value::Big("-1e-400")),
        ("0.1", Value::Number(0.1)),
        ("-2.50", Value::Number(-2.5)),
        ("3.141592653589793238", Value::Big("3.141592653589793238")),
    ] {
        assert_eq!(read(text).get(&Pointer::ROOT), Some(expected), "{text}");
    }
    assert_eq!(read("9007199254740993").integer(&Pointer::ROOT), None);
    assert_eq!(read("1.5").integer(&Pointer::ROOT), None);
}

#[test]
fn other_types_are_none() {
    let document = read(r#"{"a":[1,"x",true,null,{}]}"#);
    assert_eq!(document.text(&pointer("/a/0")), None);
    assert_eq!(document.integer(&pointer("/a/1")), None);
    assert_eq!(document.boolean(&pointer("/a/3")), None);
    assert_eq!((document.len(&pointer("/a/1")), document.len(&pointer("/a/4"))), (None, Some(0)));
    assert!(document.keys(&pointer("/a")).is_empty() && document.keys(&pointer("/b")).is_empty());
    assert_eq!(document.get(&pointer("/a/3")), Some(Value::Null));
    for nowhere in ["/a/5", "/a/01", "/a/-", "/a/1/x", "/b", "/a/3/x", "/", "/a/"] {
        assert_eq!(document.get(&pointer(nowhere)), None, "{nowhere}");
        assert_eq!(document.json(&pointer(nowhere)), None, "{nowhere}");
    }
}

#[test]
fn keys_and_matches_stand_in_the_order_of_the_text() {
    let many: Vec<String> = (0..30).rev().map(|number| format!("k{number}")).collect();
    let text: String = many.iter().map(|key| format!(r#""{key}":{{"v":"{key}"}},"#)).collect();
    let document = read(&format!(r#"{{{text}"\u007a":1}}"#));
    let keys = document.keys(&Pointer::ROOT);
    assert_eq!(keys[..30], many);
    assert_eq!(keys[30], "z");
    let found = document.find(&Pattern::parse("/*/v").unwrap()).unwrap();
    let pointers: Vec<&str> = found.iter().map(|found| found.pointer.as_str()).collect();
    assert_eq!(pointers, many.iter().map(|key| format!("/{key}/v")).collect::<Vec<_>>());
    assert_eq!(document.find(&Pattern::parse("").unwrap()).unwrap().len(), 1);
}

#[test]
fn a_search_has_limits() {
    let limits = Limits { matches: 3, bytes: 100, ..Limits::DEFAULT };
    let all = Pattern::parse("/*/*").unwrap();
    let find = |text: &str| Document::parse(text, &limits).unwrap().find(&all).map(|found| found.len());
    assert_eq!(find("[[1,2],[3]]"), Ok(3));
    assert_eq!(find("[[1,2],[3,4]]"), Err(FindError::TooMany { limit: 3 }));
    assert_eq!(find(&format!(r#"{{"{}":[1,2,3]}}"#, "k".repeat(50))), Err(FindError::TooLong { limit: 100 }));
}

#[test]
fn a_part_is_a_document() {
    let without = [Pattern::parse("/request/object/metadata/managedFields").unwrap()];
    let text = r#"{"request":{"object":{"metadata":{"name":"a","managedFields":[]}},"uid":"u"}}"#;
    let review = Document::parse_without(text, &Limits::DEFAULT, &without).unwrap();
    let object = review.part(&pointer("/request/object")).unwrap();
    assert_eq!(object.as_json(), r#"{"metadata":{"name":"a"}}"#);
    assert_eq!(object.text(&pointer("/metadata/name")).as_deref(), Some("a"));
    assert_eq!(object.keys(&pointer("/metadata")), ["name"]);
    assert_eq!(object.get(&pointer("/request")), None);
    assert!(object.same(&Pointer::ROOT, &read(r#"{"metadata":{"name":"a"}}"#)));
    assert!(review.part(&pointer("/request/oldObject")).is_none());
}

#[test]
fn compares_by_value_without_rounding() {
    let same = |one: &str, other: &str| read(one).same(&Pointer::ROOT, &read(other));
    assert!(same(r#"{"a":[1,1.0,1e0],"b":"x"}"#, r#"{"b":"\u0078","a":[1.00,10e-1,1]}"#));
    assert!(same("-0", "0.0e5"));
    assert!(!same("9007199254740993", "9007199254740992"));
    assert!(!same("1e400", "1e401") && same("1e400", "10.0e399"));
    assert!(!same("[1,2]", "[2,1]") && !same("[1]", "[1,1]") && !same(r#"{"a":1}"#, r#"{"b":1}"#));
    assert!(!same("null", "false") && !same("\"1\"", "1") && !same("[]", "{}") && !same(r#"{"a":null}"#, "{}"));
    assert!(read("{}").same(&pointer("/a"), &read("[]")));
    assert!(!read(r#"{"a":null}"#).same(&pointer("/a"), &read("{}")));
}

#[test]
fn compares_objects_of_many_members_in_any_order() {
    let members: Vec<String> = (0..50_000).map(|number| format!(r#""key{number}":{number}"#)).collect();
    let backwards: Vec<String> = members.iter().rev().cloned().collect();
    let one = read(&format!("{{{}}}", members.join(",")));
    let other = read(&format!("{{{}}}", backwards.join(", ")));
    assert!(one.same(&Pointer::ROOT, &other));
    assert_eq!(other.integer(&pointer("/key49999")), Some(49_999));
}

#[test]
fn left_out_and_absent_are_the_same() {
    let without = [Pattern::parse("/m").unwrap()];
    let parse = |text: &str| Document::parse_without(text, &Limits::DEFAULT, &without).unwrap();
    assert!(parse(r#"{"m":1,"a":2}"#).same(&Pointer::ROOT, &read(r#"{"a":2}"#)));
    assert!(parse(r#"{"m":1,"a":2}"#).same(&Pointer::ROOT, &parse(r#"{"a":2,"m":3}"#)));
    // One text, but not one document.
    assert!(!parse(r#"{"m":1,"a":2}"#).same(&Pointer::ROOT, &read(r#"{"m":1,"a":2}"#)));
    assert_eq!(parse(r#"{"m":1,"a":2}"#).find(&Pattern::parse("/*").unwrap()).unwrap().len(), 1);
}
