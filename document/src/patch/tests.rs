//! Which patch is the smallest, and what is no patch.
//! That patches are right is tested with the property tests.

use super::*;

fn read(text: &str) -> Document {
    Document::parse(text, &Limits::DEFAULT).unwrap()
}

#[track_caller]
fn between(before: &str, after: &str, patch: &str) {
    assert_eq!(Patch::between(&read(before), &read(after)).to_string(), patch);
}

#[test]
fn nothing_where_nothing_changed() {
    between(r#"{"a":1,"b":"x"}"#, r#"{ "b":"\u0078", "a":1 }"#, "[]");
    between("[]", "[ ]", "[]");
}

#[test]
fn members_come_go_and_change() {
    between(
        r#"{"spec":{"a":1,"b":{"c":"a value that is not short"},"d":4}}"#,
        r#"{"spec":{"b":{"c":"a value that is not short","x/y":1},"d":5}}"#,
        r#"[{"op":"replace","path":"/spec","value":{"b":{"c":"a value that is not short","x/y":1},"d":5}}]"#,
    );
    let rest = r#""rest":"a value that is so long that nobody wants to send it once more, for no good reason at all, to the API server""#;
    between(
        &format!(r#"{{"spec":{{"a":1,"b":{{"c":2}},"d":4,{rest}}}}}"#),
        &format!(r#"{{"spec":{{{rest},"b":{{"c":2,"x/y":1}},"d":5}}}}"#),
        r#"[{"op":"remove","path":"/spec/a"},{"op":"add","path":"/spec/b/x~1y","value":1},{"op":"replace","path":"/spec/d","value":5}]"#,
    );
}

#[test]
fn the_whole_object_is_never_replaced() {
    between(
        r#"{"a":1,"b":1,"c":1}"#,
        r#"{"d":1}"#,
        r#"[{"op":"remove","path":"/a"},{"op":"remove","path":"/b"},{"op":"remove","path":"/c"},{"op":"add","path":"/d","value":1}]"#,
    );
    between("{}", "[]", r#"[{"op":"replace","path":"","value":[]}]"#);
}

fn words(words: &[&str]) -> String {
    let long: Vec<String> =
        words.iter().map(|word| format!(r#"{{"name":"{word}","value":"of {word}, at some length"}}"#)).collect();
    format!("[{}]", long.join(","))
}

#[test]
fn elements_come_and_go() {
    between(
        &words(&["a", "b", "c", "d"]),
        &words(&["a", "c", "d", "e"]),
        &format!(
            r#"[{{"op":"add","path":"/4","value":{}}},{{"op":"remove","path":"/1"}}]"#,
            words(&["e"]).trim_matches(['[', ']'])
        ),
    );
    between(&words(&["a", "b", "c"]), &words(&["c"]), r#"[{"op":"remove","path":"/0"},{"op":"remove","path":"/0"}]"#);
    between(
        &words(&["b"]),
        &words(&["a", "b"]),
        &format!(r#"[{{"op":"add","path":"/0","value":{}}}]"#, words(&["a"]).trim_matches(['[', ']'])),
    );
    between("[1,2,3]", "[1,2,3,4]", r#"[{"op":"add","path":"/3","value":4}]"#);
}

#[test]
fn one_element_goes_and_the_next_one_changes() {
    let last =
        r#"{"name":"last","list":["a long text that nobody wants to send once more","and one more of them"],"n":0}"#;
    between(
        &format!(r#"{{"l":[{{"name":"first","other":true}},{last}]}}"#),
        &format!(r#"{{"l":[{}]}}"#, last.replace(":0", ":1")),
        r#"[{"op":"replace","path":"/l/1/n","value":1},{"op":"remove","path":"/l/0"}]"#,
    );
}

#[test]
fn one_change_in_a_long_list_is_one_operation() {
    let list = |changed: usize, skipped: usize| {
        let numbers = (0..5000)
            .filter(|number| *number != skipped)
            .map(|number| if number == changed { 0 } else { number + 100_000 });
        format!("[{}]", numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(","))
    };
    between(&list(9999, 9999), &list(2500, 9999), r#"[{"op":"replace","path":"/2500","value":0}]"#);
    between(&list(9999, 9999), &list(9999, 2500), r#"[{"op":"remove","path":"/2500"}]"#);
    // Two distant changes of the length: too long to look for equal elements, so the list is replaced.
    let patch = Patch::between(&read(&list(9999, 10)), &read(&list(9999, 4990)));
    assert_eq!(patch.operations().len(), 1);
}

#[test]
fn nested_lists_take_bounded_time() {
    let nested =
        |leaf: &str| (0..100).fold(leaf.to_owned(), |inner, level| format!(r#"[{level},{inner},"x",{level}]"#));
    let patch = Patch::between(&read(&nested("[1,2,3,4]")), &read(&nested("[2,3,5,1,4]")));
    assert!(!patch.is_empty());
    // The order of members differs everywhere, so that no text is equal.
    let wide = |one: &str, other: &str| {
        let element = format!("{{{one},{other}}}");
        (0..60).fold(vec![element; 2000].join(","), |inner, _| format!("[[{inner}],0]"))
    };
    let (before, after) = (wide(r#""a":1"#, r#""b":2"#), wide(r#""b":2"#, r#""a":1"#));
    assert!(Patch::between(&read(&before), &read(&after)).is_empty());
}

#[test]
fn reads_and_writes_all_operations() {
    let text = r#"[{"op":"add","path":"/a","value":{"b": 1}},{"op":"remove","path":"/a~1b"},{"op":"replace","path":"","value":null},{"op":"move","from":"/x","path":"/y"},{"op":"copy","from":"/x","path":"/y"},{"op":"test","path":"/\"","value":"\u0061"}]"#;
    assert_eq!(Patch::parse(text, &Limits::DEFAULT).unwrap().to_string(), text);
    let lengths = |name: &str, path: &str, value: Option<&str>| operation_length(name, path, value.map(str::len));
    let operations = [
        lengths("add", "/a", Some(r#"{"b": 1}"#)),
        lengths("remove", "/a~1b", None),
        lengths("replace", "", Some("null")),
    ];
    assert_eq!(operations.iter().sum::<usize>(), text.find(r#"{"op":"move""#).unwrap() - 1);
}

#[test]
fn refuses_what_is_no_patch() {
    for (text, says) in [
        ("{}", "not an array; a patch is an array of operations"),
        ("[", "not JSON: the text ends early (line 1, column 2)"),
        ("[1]", "operation 1: not an object; an operation is an object with `op` and `path`"),
        (r#"[{"path":""}]"#, "operation 1: the text `op` is missing"),
        (r#"[{"op":"remove","path":1}]"#, "operation 1: the text `path` is missing"),
        (r#"[{"op":"remove","path":"a"}]"#, "operation 1: `a` is no JSON pointer: it does not begin with `/`"),
        (r#"[{"op":"remove","path":"/a"},{"op":"add","path":"/a"}]"#, "operation 2: the `value` is missing"),
        (r#"[{"op":"move","path":"/a"}]"#, "operation 1: the text `from` is missing"),
        (
            r#"[{"op":"merge","path":"/a"}]"#,
            "operation 1: `op` is `merge`; expected add, remove, replace, move, copy or test",
        ),
    ] {
        assert_eq!(Patch::parse(text, &Limits::DEFAULT).unwrap_err().to_string(), says);
    }
    let three = r#"[{"op":"remove","path":"/a"},{"op":"remove","path":"/b"},{"op":"remove","path":"/c"}]"#;
    let error = Patch::parse(three, &Limits { edits: 2, ..Limits::DEFAULT }).unwrap_err();
    assert_eq!(error.to_string(), "3 operations, allowed are 2");
}
