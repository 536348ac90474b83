//! The host of unit tests answers as Quorate's documents do, whatever the numbers, the order and the escapes are.
#![allow(clippy::unwrap_used, reason = "a test, whose helper is no test function")]

use quorate_document::{Document as Reference, Limits, Pattern, Pointer, Value as ReferenceValue};
use quorate_policy::prelude::*;
use quorate_policy::testing::Review;

const SAID: Rule = Rule::new("said", "what was read", Severity::Low, Judges::Object);

const POINTERS: [&str; 22] = [
    "",
    "/z",
    "/n",
    "/n/0",
    "/n/1",
    "/n/2",
    "/n/3",
    "/n/4",
    "/n/5",
    "/n/6",
    "/n/7",
    "/n/8",
    "/n/9",
    "/n/10",
    "/n/01",
    "/n/-",
    "/a~1b~0",
    "/t",
    "/e",
    "/deep/k/0",
    "/none",
    "/null",
];
const PATTERNS: [&str; 5] = ["/n/*", "/*", "/deep/*/0", "/deep/k/*", "/none/*"];

const OBJECT: &str = r#"{"apiVersion": "v1", "kind": "Pod", "z": {"y": 1, "b": 2},
    "n": [1, 1.0, 1e2, 9007199254740991, 9007199254740992, 9007199254740993, 0.10, 1e21, 1e400, -0, 0.12345678901234567890],
    "a/b~": "x\n\"y\"", "t": true, "e": [], "deep": {"k": [ {"i" : 1} ], "*": [2]}, "null": null}"#;

struct Reader;

impl Policy for Reader {
    type Settings = NoSettings;

    fn manifest() -> Manifest {
        Manifest::new("reader", "0.1.0", "").rule(SAID)
    }
}

impl Validate for Reader {
    fn validate(request: &Request<'_>, _: &NoSettings, verdict: &mut Verdict) -> Result<(), NotJudged> {
        let object = request.object().ok_or("no object")?;
        for at in POINTERS {
            let read = (object.get(at), object.text(at), object.integer(at), object.boolean(at));
            verdict.push(SAID.warn(format!(
                "{read:?} {:?} {:?} {:?}",
                object.len(at),
                object.keys(at),
                object.json(at)
            )));
        }
        for pattern in PATTERNS {
            verdict.push(SAID.warn(format!("{:?}", object.find(pattern))));
        }
        Ok(())
    }
}

#[test]
fn reads_what_the_engine_reads() {
    let outcome = Review::create("pods", OBJECT).validate::<Reader>("{}");
    let said: Vec<_> = outcome.findings.iter().map(|finding| finding.message().to_owned()).collect();
    assert_eq!(said, reference());
}

fn reference() -> Vec<String> {
    let document = Reference::parse(OBJECT, &Limits::DEFAULT).unwrap();
    let read = POINTERS.map(|at| {
        let at = Pointer::parse(at).unwrap();
        let value = document.get(&at).map(plain);
        let typed = (value, document.text(&at), document.integer(&at), document.boolean(&at));
        format!("{typed:?} {:?} {:?} {:?}", document.len(&at), document.keys(&at), document.json(&at))
    });
    let found = PATTERNS.map(|pattern| {
        let matches = document.find(&Pattern::parse(pattern).unwrap()).unwrap();
        let matches = matches.into_iter().map(|found| (found.pointer.to_string(), plain(found.value)));
        format!("{:?}", matches.collect::<Vec<_>>())
    });
    read.into_iter().chain(found).collect()
}

fn plain(value: ReferenceValue<'_>) -> Value {
    match value {
        ReferenceValue::Null => Value::Null,
        ReferenceValue::Boolean(value) => Value::Boolean(value),
        ReferenceValue::Integer(value) => Value::Integer(value),
        ReferenceValue::Number(value) => Value::Number(value),
        ReferenceValue::Big(text) => Value::Big(text.to_owned()),
        ReferenceValue::Text(text) => Value::Text(text.into_owned()),
        ReferenceValue::Json(text) => Value::Json(text.into_owned()),
    }
}
