//! Edits that would grow, nest or shift without end.
//! Each ends with an error, in little time.

use super::*;

fn fault(before: &str, patch: &str, limits: &Limits) -> EditFault {
    let mut edits = Edits::new(limits);
    edits.patch(patch).unwrap();
    edits.apply(&read(before)).unwrap_err().fault().clone()
}

fn patch(operations: impl Iterator<Item = String>) -> String {
    format!("[{}]", operations.collect::<Vec<_>>().join(","))
}

#[test]
fn copies_that_double() {
    let double = |number: usize| format!(r#"{{"op":"copy","from":"","path":"/a{number}"}}"#);
    let doubling = patch((0..200).map(double));
    assert_eq!(fault("{}", &doubling, &Limits::DEFAULT), EditFault::TooMuchWork);
    let double = |number: usize| format!(r#"{{"op":"copy","from":"/list","path":"/list/{}"}}"#, number % 2);
    let doubling = patch((0..60).map(double));
    assert_eq!(fault(r#"{"list":[[1]]}"#, &doubling, &Limits::DEFAULT), EditFault::TooMuchWork);
    let long = format!(r#"{{"long":"{}"}}"#, "x".repeat(1 << 20));
    let copies = patch((0..100).map(|number| format!(r#"{{"op":"copy","from":"/long","path":"/{number}"}}"#)));
    assert_eq!(fault(&long, &copies, &Limits::DEFAULT), EditFault::ResultTooLong { limit: 8 << 20 });
}

#[test]
fn moves_that_nest() {
    let nest = |_| {
        r#"{"op":"add","path":"/b","value":{}},{"op":"move","from":"/a","path":"/b/a"},{"op":"move","from":"/b","path":"/a"}"#.to_owned()
    };
    assert_eq!(fault(r#"{"a":{}}"#, &patch((0..500).map(nest)), &Limits::DEFAULT), EditFault::TooDeep { limit: 126 });
    let mut edits = Edits::new(&Limits::DEFAULT);
    edits.set(&"/a".repeat(4000), "1").unwrap();
    assert_eq!(edits.apply(&read("{}")).unwrap_err().fault(), &EditFault::TooDeep { limit: 126 });
    // Closed values nest where nobody has looked at their depth.
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let mut edits = Edits::new(&Limits::DEFAULT);
    edits.set(&"/a".repeat(100), &deep).unwrap();
    assert!(edits.apply(&read("{}")).unwrap_err().to_string().contains("is nested deeper than 126 levels"));
}

#[test]
fn arrays_that_shift() {
    let long = format!("[{}0]", "0,".repeat(400_000));
    let insert = patch((0..4000).map(|_| r#"{"op":"add","path":"/0","value":1}"#.to_owned()));
    assert_eq!(fault(&long, &insert, &Limits::DEFAULT), EditFault::TooMuchWork);
    let copies = patch(
        std::iter::once(r#"{"op":"add","path":"/-","value":1}"#.to_owned())
            .chain((0..4000).map(|_| r#"{"op":"copy","from":"","path":"/-"}"#.to_owned())),
    );
    assert_eq!(fault("[]", &copies, &Limits::DEFAULT), EditFault::TooMuchWork);
}

#[test]
fn tests_of_long_values() {
    let text = "x".repeat(1 << 20);
    let test = format!(r#"{{"op":"test","path":"/a","value":"{text}"}}"#);
    let before = format!(r#"{{"a":"{text}"}}"#);
    assert_eq!(edited(&before, |edits| edits.patch(&patch((0..7).map(|_| test.clone())))), Ok(None));
    // An open value is written out for each test of it.
    let open = r#"{"op":"add","path":"/b","value":1}"#.to_owned();
    let tests = (0..4000).map(|_| r#"{"op":"test","path":"","value":1}"#.to_owned());
    assert_eq!(fault(&before, &patch(std::iter::once(open).chain(tests)), &Limits::DEFAULT), EditFault::Different);
    let copies = (0..4000).map(|_| r#"{"op":"copy","from":"/list/0","path":"/list/-"}"#.to_owned());
    assert_eq!(
        fault(&format!(r#"{{"list":["{text}"]}}"#), &patch(copies), &Limits::DEFAULT),
        EditFault::ResultTooLong { limit: 8 << 20 }
    );
}

#[test]
fn many_edits_of_a_large_object() {
    let members: Vec<String> = (0..100_000).map(|number| format!(r#""key{number}":{number}"#)).collect();
    let before = read(&format!("{{{}}}", members.join(",")));
    let mut edits = Edits::new(&Limits::DEFAULT);
    for number in 0..1000 {
        edits.set(&format!("/key{}", number * 97), "true").unwrap();
        edits.set(&format!("/new{number}"), "true").unwrap();
        edits.remove(&format!("/key{}", number * 97 + 1)).unwrap();
    }
    let edited = edits.apply(&before).unwrap().unwrap();
    assert_eq!(edited.patch.operations().len(), 3000);
    assert_eq!(edited.document.len(&Pointer::ROOT), Some(100_000));
}

/// A long key above many changes: each of them alone would name it again.
#[test]
fn long_paths_are_not_collected() {
    let object = |value: u32| {
        let members: Vec<String> = (0..20_000).map(|number| format!(r#""{number}":{value}"#)).collect();
        format!(r#"{{"{}":{{{}}}}}"#, "k".repeat(1 << 20), members.join(","))
    };
    let patch = Patch::between(&read(&object(1)), &read(&object(2)));
    assert_eq!(patch.operations().len(), 1);
}
