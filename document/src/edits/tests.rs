//! What each edit makes of the text, and the words of each that does not apply.
//! That edits and patches do the same as on a tree is tested with the property tests.

use super::*;

fn read(text: &str) -> Document {
    Document::parse(text, &Limits::DEFAULT).unwrap()
}

type Made = Result<(), EditError>;

fn edited(before: &str, make: impl FnOnce(&mut Edits) -> Made) -> Result<Option<(String, String)>, EditError> {
    let mut edits = Edits::new(&Limits::DEFAULT);
    make(&mut edits)?;
    let edited = edits.apply(&read(before))?;
    Ok(edited.map(|edited| (edited.document.as_json().into_owned(), edited.patch.to_string())))
}

#[track_caller]
fn makes(before: &str, make: impl FnOnce(&mut Edits) -> Made, after: &str, patch: &str) {
    assert_eq!(edited(before, make), Ok(Some((after.to_owned(), patch.to_owned()))));
}

#[track_caller]
fn refuses(before: &str, make: impl FnOnce(&mut Edits) -> Made, says: &str) {
    assert_eq!(edited(before, make).unwrap_err().to_string(), says);
}

#[test]
fn what_is_not_touched_stays_byte_for_byte() {
    makes(
        "{ \"a\" : 1.0 ,\n \"\\u0062\" : [ 1 , 2 , 3 ] , \"c\" : { } }",
        |edits| {
            edits.set("/b/1", "true")?;
            edits.set_text("/a", "é\"")
        },
        "{ \"a\" : \"é\\\"\" ,\n \"\\u0062\" : [ 1 , true , 3 ] , \"c\" : { } }",
        r#"[{"op":"replace","path":"/a","value":"é\""},{"op":"replace","path":"/b/1","value":true}]"#,
    );
    makes(
        "{ \"a\" : 1 , \"b\" : 2 , \"c\" : 3 }",
        |edits| {
            edits.remove("/b")?;
            edits.set("/d", "[ ]")
        },
        "{ \"a\" : 1,\"c\" : 3,\"d\":[ ]}",
        r#"[{"op":"remove","path":"/b"},{"op":"add","path":"/d","value":[ ]}]"#,
    );
    makes("[ 1 , 2 , 3 ]", |edits| edits.remove("/0"), "[2 , 3 ]", r#"[{"op":"remove","path":"/0"}]"#);
    makes("[ 1 , 2 ]", |edits| edits.remove("/1"), "[ 1]", r#"[{"op":"remove","path":"/1"}]"#);
    makes("{ \"a\" : 1 }", |edits| edits.remove("/a"), "{}", r#"[{"op":"remove","path":"/a"}]"#);
    makes(
        "[ 1 , 2 ]",
        |edits| edits.patch(r#"[{"op":"add","path":"/1","value":9},{"op":"add","path":"/0","value":8}]"#),
        "[8,1,9,2 ]",
        r#"[{"op":"replace","path":"","value":[8,1,9,2 ]}]"#,
    );
}

#[test]
fn a_member_that_comes_back_stands_where_it_stood() {
    makes(
        r#"{"a": 1, "b": 2, "c": 3}"#,
        |edits| {
            edits.remove("/b")?;
            edits.set("/b", "4")
        },
        r#"{"a": 1, "b": 4, "c": 3}"#,
        r#"[{"op":"replace","path":"/b","value":4}]"#,
    );
}

#[test]
fn missing_parents_become_objects() {
    makes(
        r#"{"a":null}"#,
        |edits| {
            edits.set("/a/x~1y/0", "1")?;
            edits.append("/b/list", "2")?;
            edits.append("/b/list", "3")
        },
        r#"{"a":{"x/y":{"0":1}},"b":{"list":[2,3]}}"#,
        r#"[{"op":"replace","path":"/a","value":{"x/y":{"0":1}}},{"op":"add","path":"/b","value":{"list":[2,3]}}]"#,
    );
    makes("null", |edits| edits.append("", "1"), "[1]", r#"[{"op":"replace","path":"","value":[1]}]"#);
    makes(
        r#"{"a":null}"#,
        |edits| edits.append("/a", "1"),
        r#"{"a":[1]}"#,
        r#"[{"op":"replace","path":"/a","value":[1]}]"#,
    );
    makes("1", |edits| edits.set("", "2"), "2", r#"[{"op":"replace","path":"","value":2}]"#);
}

#[test]
fn each_pointer_is_read_after_the_edits_before_it() {
    makes(
        r#"{"list":[{"n":1},{"n":2}]}"#,
        |edits| {
            edits.remove("/list/0")?;
            edits.set("/list/0/n", "3")?;
            edits.append("/list", "{}")?;
            edits.set("/list/1/m", "4")
        },
        r#"{"list":[{"n":3},{"m":4}]}"#,
        r#"[{"op":"replace","path":"/list","value":[{"n":3},{"m":4}]}]"#,
    );
}

#[test]
fn edits_that_change_nothing_are_none() {
    let before = r#"{"a":{"b":[1,"x"]},"c":1}"#;
    assert_eq!(edited(before, |_| Ok(())), Ok(None));
    assert_eq!(edited(before, |edits| edits.set("/a", r#"{ "b" : [1, "\u0078"] }"#)), Ok(None));
    let there_and_back = |edits: &mut Edits| {
        edits.set("/d", "1")?;
        edits.remove("/d")?;
        edits.append("/a/b", "2")?;
        edits.remove("/a/b/2")
    };
    assert_eq!(edited(before, there_and_back), Ok(None));
    assert_eq!(edited(before, |edits| edits.patch(r#"[{"op":"test","path":"/c","value":1.0}]"#)), Ok(None));
    assert_eq!(edited(before, |edits| edits.patch(r#"[{"op":"move","from":"/a","path":"/a"}]"#)), Ok(None));
    // The value is the same, the text is not: a field of an integer may refuse `1.0`.
    assert!(edited(before, |edits| edits.set("/c", "1.0")).unwrap().is_some());
}

#[test]
fn all_operations_of_a_patch() {
    makes(
        r#"{"a":{"b":1},"list":[1,2,3]}"#,
        |edits| {
            edits.patch(
                r#"[{"op":"test","path":"/list","value":[1,2.0,3]},{"op":"copy","from":"/a","path":"/c"},
                {"op":"move","from":"/list/0","path":"/list/2"},{"op":"replace","path":"/a/b","value":2},
                {"op":"add","path":"/list/-","value":4},{"op":"remove","path":"/list/0"},
                {"op":"test","path":"","value":{"list":[3,1,4],"c":{"b":1},"a":{"b":2}}}]"#,
            )
        },
        r#"{"a":{"b":2},"list":[3,1,4],"c":{"b":1}}"#,
        r#"[{"op":"replace","path":"/a/b","value":2},{"op":"replace","path":"/list","value":[3,1,4]},{"op":"add","path":"/c","value":{"b":1}}]"#,
    );
}

#[test]
fn says_which_edit_where_and_why() {
    let before = r#"{"list":[1,2,3],"text":"x","object":{}}"#;
    refuses(
        before,
        |edits| edits.set("spec", "1"),
        "edit 1 at `spec`: `spec` is no JSON pointer: it does not begin with `/`",
    );
    refuses(
        before,
        |edits| edits.set("/a", "{"),
        "edit 1 at `/a`: the value is not JSON: the text ends early (line 1, column 2)",
    );
    let beyond = "beyond the end of the array, whose length is 3; `append` adds to its end";
    refuses(before, |edits| edits.set("/list/3", "1"), &format!("edit 1 at `/list/3`: {beyond}"));
    refuses(before, |edits| edits.set("/list/7/x", "1"), &format!("edit 1 at `/list/7/x`: {beyond}"));
    refuses(
        before,
        |edits| edits.set("/list/-", "1"),
        "edit 1 at `/list/-`: `-` is no index of an array; an index is a number without leading zeros",
    );
    refuses(
        before,
        |edits| edits.remove("/list/01"),
        "edit 1 at `/list/01`: `01` is no index of an array; an index is a number without leading zeros",
    );
    refuses(
        before,
        |edits| edits.set("/text/x", "1"),
        "edit 1 at `/text/x`: its parent is a string; only objects and arrays hold values",
    );
    let second = |edits: &mut Edits| {
        edits.set("/a", "1")?;
        edits.remove("/b")
    };
    refuses(before, second, "edit 2 at `/b`: nothing is there");
    refuses(before, |edits| edits.remove("/b/c"), "edit 1 at `/b/c`: its parent is not there; `set` makes parents");
    refuses(before, |edits| edits.remove(""), "edit 1: the whole document cannot be removed");
    refuses(before, |edits| edits.append("/object", "1"), "edit 1 at `/object`: an object is there, not an array");
    refuses(before, |edits| edits.append("/text", "1"), "edit 1 at `/text`: a string is there, not an array");
}

#[test]
fn says_which_operation_of_a_patch() {
    let before = r#"{"list":[1,2,3],"text":"x"}"#;
    for (operation, says) in [
        (r#"{"op":"test","path":"/text","value":"y"}"#, " at `/text`: the value there is another one"),
        (r#"{"op":"test","path":"/b","value":null}"#, " at `/b`: nothing is there"),
        (r#"{"op":"replace","path":"/b","value":1}"#, " at `/b`: nothing is there"),
        (r#"{"op":"copy","from":"/b","path":"/c"}"#, " at `/b`: nothing is there"),
        (
            r#"{"op":"move","from":"/list/3","path":"/c"}"#,
            " at `/list/3`: beyond the end of the array, whose length is 3; `append` adds to its end",
        ),
        (r#"{"op":"move","from":"/list","path":"/list/0"}"#, " at `/list/0`: a value cannot be moved into itself"),
        (r#"{"op":"add","path":"/b/c","value":1}"#, " at `/b/c`: its parent is not there; `set` makes parents"),
        (
            r#"{"op":"add","path":"/list/4","value":1}"#,
            " at `/list/4`: beyond the end of the array, whose length is 3; `append` adds to its end",
        ),
        (r#"{"op":"remove","path":""}"#, ": the whole document cannot be removed"),
    ] {
        let patch = format!(r#"[{{"op":"test","path":"/text","value":"x"}},{operation}]"#);
        refuses(before, |edits| edits.patch(&patch), &format!("edit 1, operation 2{says}"));
    }
}

#[test]
fn the_document_is_as_it_was_after_a_failure() {
    let before = read(r#"{"a":1}"#);
    let mut edits = Edits::new(&Limits::DEFAULT);
    edits.set("/a", "2").unwrap();
    edits.remove("/b").unwrap();
    assert!(edits.apply(&before).is_err());
    assert_eq!(before.as_json(), r#"{"a":1}"#);
}

#[test]
fn edits_are_bounded() {
    let limits = Limits { edits: 2, bytes: 60, ..Limits::DEFAULT };
    let mut edits = Edits::new(&limits);
    let long = format!("\"{}\"", "x".repeat(60));
    assert_eq!(
        edits.set("/a", &long).unwrap_err().to_string(),
        "edit 1 at `/a`: all edits together have more than 60 bytes; make them shorter"
    );
    edits.set("/a", "1").unwrap();
    let two = r#"[{"op":"remove","path":"/a"},{"op":"remove","path":"/b"}]"#;
    assert_eq!(edits.patch(two).unwrap_err().to_string(), "edit 2: more than 2 edits and operations; make fewer");
    edits.set("/b", "2").unwrap();
    assert_eq!(edits.remove("/c").unwrap_err().fault(), &EditFault::TooMany { limit: 2 });
    let text = format!(r#"{{"long":"{}"}}"#, "x".repeat(45));
    assert_eq!(
        edits.apply(&read(&text)).unwrap_err().to_string(),
        "the document after all edits: more than 60 bytes came out"
    );
}

#[test]
fn what_is_left_out_is_never_replaced() {
    let without = [crate::Pattern::parse("/metadata/managedFields").unwrap()];
    let text = r#"{"kind":"X","metadata":{"name":"a","managedFields":[1],"x":1,"y":1,"z":1}}"#;
    let before = Document::parse_without(text, &Limits::DEFAULT, &without).unwrap();
    let mut edits = Edits::new(&Limits::DEFAULT);
    edits.set("/metadata", r#"{"name":"b"}"#).unwrap();
    let edited = edits.apply(&before).unwrap().unwrap();
    assert_eq!(edited.document.as_json(), r#"{"kind":"X","metadata":{"name":"b"}}"#);
    assert_eq!(
        edited.patch.to_string(),
        r#"[{"op":"remove","path":"/metadata/x"},{"op":"remove","path":"/metadata/y"},{"op":"remove","path":"/metadata/z"},{"op":"replace","path":"/metadata/name","value":"b"}]"#
    );
    let mut edits = Edits::new(&Limits::DEFAULT);
    edits.set("/metadata/w", "1").unwrap();
    edits.remove("/metadata/name").unwrap();
    let edited = edits.apply(&before).unwrap().unwrap();
    assert_eq!(edited.document.as_json(), r#"{"kind":"X","metadata":{"x":1,"y":1,"z":1,"w":1}}"#);
}

mod hostile;
