//! What is refused, with which words and where; hostile texts; what is left out.
//! That everything else is read is tested against `serde_json`.

use super::*;

#[track_caller]
fn refuses(text: &str, says: &str) {
    let error = scan(text.into(), &Limits::DEFAULT, &[]).unwrap_err();
    assert_eq!(error.to_string(), says);
}

fn reads(text: &str) -> bool {
    scan(text.into(), &Limits::DEFAULT, &[]).is_ok()
}

#[test]
fn refuses_what_is_not_json() {
    refuses("", "not JSON: the text ends early (line 1, column 1)");
    refuses(" \n ", "not JSON: the text ends early (line 2, column 2)");
    refuses("{} x", "not JSON: more text after the end (line 1, column 4)");
    refuses("\u{feff}{}", "not JSON: a byte order mark (line 1, column 1)");
    refuses("[1,]", "not JSON: expected a value at `/1` (line 1, column 4)");
    refuses("[1 2]", "not JSON: expected `,` or `]` (line 1, column 4)");
    refuses(r#"{"a":1,}"#, "not JSON: expected a key in double quotes (line 1, column 8)");
    refuses(r#"{"a":1 "b":2}"#, "not JSON: expected `,` or `}` (line 1, column 8)");
    refuses(r#"{"a" 1}"#, "not JSON: expected `:` after a key (line 1, column 6)");
    refuses("{a:1}", "not JSON: expected a key in double quotes (line 1, column 2)");
    refuses(r#"{"a":{"b":[0,tru]}}"#, "not JSON: expected a value at `/a/b/1` (line 1, column 14)");
    refuses("{\n  \"ä\": nul\n}", "not JSON: expected a value at `/ä` (line 2, column 8)");
    refuses("[1", "not JSON: the text ends early (line 1, column 3)");
    refuses("NaN", "not JSON: expected a value (line 1, column 1)");
    refuses("]", "not JSON: expected a value (line 1, column 1)");
    refuses("[}", "not JSON: expected a value at `/0` (line 1, column 2)");
}

#[test]
fn refuses_numbers_that_json_does_not_have() {
    refuses(r#"{"a":[01]}"#, "not JSON: a number with a leading zero at `/a/0` (line 1, column 8)");
    refuses("-", "not JSON: a number without digits (line 1, column 2)");
    refuses("+1", "not JSON: expected a value (line 1, column 1)");
    refuses("1.", "not JSON: a number without digits (line 1, column 3)");
    refuses(".5", "not JSON: expected a value (line 1, column 1)");
    refuses("1e+", "not JSON: a number without digits (line 1, column 4)");
    refuses("0x1", "not JSON: more text after the end (line 1, column 2)");
    refuses("1e100000000000000000", "not JSON: an exponent of more than 17 digits (line 1, column 21)");
    for text in ["-0", "1e999", "-0.0e-00", "1E00000000000000000000000000001", "123456789012345678901234567890"] {
        assert!(reads(text), "{text}");
    }
}

#[test]
fn refuses_strings_that_json_does_not_have() {
    refuses("\"a\nb\"", "not JSON: a control character in a string (line 1, column 3)");
    refuses(r#"["\x"]"#, "not JSON: an escape that JSON does not have at `/0` (line 1, column 3)");
    refuses(r#""\u12G4""#, "not JSON: `\\u` without four hexadecimal digits (line 1, column 2)");
    refuses(r#""\u12"#, "not JSON: `\\u` without four hexadecimal digits (line 1, column 2)");
    for text in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud800x\udc00""#, r#""\ud800\n""#] {
        assert!(!reads(text), "{text}");
    }
    refuses(r#""\udc00\ud800""#, "not JSON: one half of a UTF-16 surrogate pair (line 1, column 2)");
    refuses("\"abc", "not JSON: the text ends within a string (line 1, column 5)");
    refuses("\"abc\\", "not JSON: the text ends within a string (line 1, column 5)");
    for text in ["\"\u{7f}\u{2028}\"", r#""\ud83d\ude00\/""#, "\"\\u0000\""] {
        assert!(reads(text), "{text}");
    }
}

#[test]
fn refuses_a_key_that_stands_twice() {
    let says = |pointer: &str, place: &str| {
        format!("the key `{pointer}` stands twice, so that readers may disagree on its value; keep one ({place})")
    };
    refuses(r#"{"spec":{"replicas":5,"replicas":2}}"#, &says("/spec/replicas", "line 1, column 23"));
    refuses(r#"{"a":[{"b":1,"c":2,"b":3}]}"#, &says("/a/0/b", "line 1, column 20"));
    refuses(r#"{"replicas":1,"\u0072eplicas":2}"#, &says("/replicas", "line 1, column 15"));
    refuses(r#"{"\u0061":1,"\u0061":2}"#, &says("/a", "line 1, column 13"));
    refuses(r#"{"":1,"":2}"#, &says("/", "line 1, column 7"));
    refuses(r#"{"a/b":1,"a\/b":2}"#, &says("/a~1b", "line 1, column 10"));
    assert!(reads(r#"{"a":{"x":1},"b":{"x":1},"A":1,"a ":1}"#));
    let error = scan(r#"{"a":[{"b":1,"b":3}]}"#.into(), &Limits::DEFAULT, &[]).unwrap_err();
    assert_eq!((error.pointer(), error.path(), error.byte()), ("/a/0/b", "a[0].b", 13));
}

#[test]
fn refuses_the_first_key_of_many_that_stands_twice() {
    let keys = |count: usize| (0..count).map(|number| format!(r#""key{number}":0,"#)).collect::<String>();
    let text = format!(r#"{{{}"key7":1,"key3":1,"\u006bey9":1}}"#, keys(100_000));
    let error = scan(text.into(), &Limits::DEFAULT, &[]).unwrap_err();
    assert_eq!(error.pointer(), "/key7");
    assert!(reads(&format!(r#"{{{}"last":0}}"#, keys(100_000))));
}

/// With colliding fingerprints too, which are found by trying.
#[test]
fn tells_keys_of_one_fingerprint_apart() {
    use std::collections::HashMap;
    let mut seen: HashMap<u32, String> = HashMap::new();
    let mut pairs = Vec::new();
    for number in 0..400_000 {
        let key = format!("{number:x}");
        if let Some(other) = seen.insert(crate::fingerprint::fingerprint(key.as_bytes()), key.clone()) {
            pairs.push((key, other));
        }
    }
    assert!(pairs.len() > 5, "{}", pairs.len());
    let (one, other) = &pairs[0];
    assert!(reads(&format!(r#"{{"{one}":1,"{other}":2}}"#)));
    assert!(!reads(&format!(r#"{{"{one}":1,"{other}":2,"{one}":2}}"#)));
    let all: String = pairs.iter().take(20).map(|(one, other)| format!(r#""{one}":1,"{other}":2,"#)).collect();
    let index = scan(format!(r#"{{{all}"x":3}}"#).into(), &Limits::DEFAULT, &[]).unwrap();
    for (one, other) in pairs.iter().take(20) {
        assert_eq!(index.member(0, one).map(|id| index.source(id)), Some("1"));
        assert_eq!(index.member(0, other).map(|id| index.source(id)), Some("2"));
    }
    assert!(!reads(&format!(r#"{{{all}"x":3,"{other}":2}}"#)));
}

#[test]
fn refuses_more_levels_than_allowed() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert!(reads(&nested(126)));
        let error = scan(nested(127).into(), &Limits::DEFAULT, &[]).unwrap_err();
        assert_eq!(error.fault(), &DocumentFault::TooDeep { limit: 126 });
        assert_eq!(error.pointer().matches('/').count(), 126);
    }
    let says = "is nested deeper than 126 levels; send an object as the API server stores it (line 1, column 379)";
    let text = format!("{}1{}", r#"{"x":["#.repeat(64), "]}".repeat(64));
    refuses(&text, &format!("`{}...` {says}", "/x/0".repeat(40)));
    assert!(!reads(&"[".repeat(8 << 20)));
    assert!(!reads(&r#"{"a":"#.repeat(1 << 20)));
}

#[test]
fn refuses_more_bytes_or_values_than_allowed() {
    let limits = Limits { bytes: 10, nodes: 3, ..Limits::DEFAULT };
    let says = |text: &str| scan(text.into(), &limits, &[]).unwrap_err().to_string();
    assert_eq!(says("[1,2,3,4,5]"), "11 bytes, allowed are 10; send a shorter text (line 1, column 11)");
    assert_eq!(
        says("[1,2,3]"),
        "more than 3 values, the first one too many is `/2`; send a smaller object (line 1, column 7)"
    );
    assert!(scan("[1,2]".into(), &limits, &[]).is_ok());
    assert!(!reads(&format!("[{}0]", "0,".repeat(1 << 20))));
}

#[test]
fn reads_long_strings_of_escapes() {
    let text = format!(r#""{}""#, r"\u00e4\\\ud83d\ude00 plain ".repeat(200_000));
    let index = scan(text.into(), &Limits { bytes: 16 << 20, ..Limits::DEFAULT }, &[]).unwrap();
    assert_eq!(index.string(0).unwrap().len(), "ä\\😀 plain ".len() * 200_000);
}

#[track_caller]
fn leaves(text: &str, without: &[&str], expected: &str) {
    let patterns: Vec<Pattern<'_>> = without.iter().map(|pattern| Pattern::parse(*pattern).unwrap()).collect();
    let index = scan(text.into(), &Limits::DEFAULT, &patterns).unwrap();
    assert_eq!(index.json(0), expected);
    assert_eq!(index.json_length(0), expected.len());
}

#[test]
fn leaves_out_members_and_one_comma_each() {
    let text = r#"{ "a": 1, "b": {"x": [1]} , "c": 3 }"#;
    leaves(text, &[], text);
    leaves(text, &["/a"], r#"{ "b": {"x": [1]} , "c": 3 }"#);
    leaves(text, &["/b"], r#"{ "a": 1 , "c": 3 }"#);
    leaves(text, &["/c"], r#"{ "a": 1, "b": {"x": [1]} }"#);
    leaves(text, &["/a", "/b"], r#"{ "c": 3 }"#);
    leaves(text, &["/a", "/c"], r#"{ "b": {"x": [1]} }"#);
    leaves(text, &["/b", "/c"], r#"{ "a": 1 }"#);
    leaves(text, &["/*"], "{  }");
    leaves(text, &["/b/x", "/c"], r#"{ "a": 1, "b": {} }"#);
    leaves(text, &["/b", "/b/x"], r#"{ "a": 1 , "c": 3 }"#);
    leaves(text, &["/b/x/0", "", "/x", "/a/b"], text);
    leaves(r#"[{"m":1,"n":2},{"n":{"m":1},"m":0}]"#, &["/*/m"], r#"[{"n":2},{"n":{"m":1}}]"#);
    leaves(r#"[{"m":1},{"m":1}]"#, &["/1/m"], r#"[{"m":1},{}]"#);
}

#[test]
fn what_is_left_out_is_read_as_strictly() {
    let without = [Pattern::parse("/m").unwrap()];
    let says = |text: &str| scan(text.into(), &Limits::DEFAULT, &without).unwrap_err().pointer().to_owned();
    assert_eq!(says(r#"{"m":1,"m":2}"#), "/m");
    assert_eq!(says(r#"{"m":{"a":1,"a":2}}"#), "/m/a");
    assert_eq!(says(r#"{"m":[{"b":tru}]}"#), "/m/0/b");
    let many: String = (0..40).map(|number| format!(r#""{number}":[{number}],"#)).collect();
    assert_eq!(says(&format!(r#"{{{many}"m":1,"\u006d":2}}"#)), "/m");
    let index = scan(format!(r#"{{"m":[[1],2],{many}"z":2}}"#).into(), &Limits::DEFAULT, &without).unwrap();
    assert_eq!((index.member(0, "m"), index.node(0).children), (None, 41));
    assert_eq!(index.member(0, "39").map(|id| index.source(id)), Some("[39]"));
}
