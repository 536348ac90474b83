//! A hostile document reads the same in Rust, JavaScript and Python: numbers to the bit, texts to the code point.

use std::fmt::Display;
use std::sync::Arc;

use kubernetes::admission::{GroupVersionKind, GroupVersionResource, Operation, Phase, Request};
use kubernetes::object::indexed;
use quorate_document::Document;
use quorate_engine::host::{CallContext, CallInputs, DocumentId, Stage, Value};
use quorate_engine::{GuestVerdict, Policy, PolicyFailure, PolicyLimits, Prepared};
use quorate_tests::block_on;
use serde_json::json;

use crate::build::LANGUAGES;

/// Keys, numbers and texts that JSON readers disagree on.
const HOSTILE: &str = r#"{
    "keys": {"": 1, "/": 2, "~": 3, "~1": 4, "a/b~c": 5, "*": 6, "__proto__": 7, "constructor": 8, "10": 9, "9": 10, "-1": 11,
        "\u00e9": 12, "e\u0301": 13, "\ud83d\ude00": 14, "\u0000": 15, "\u2028": 16, "toString": {"length": 17}},
    "numbers": [0, -0, 1, 1.0, 1e2, 1E+2, -7, 0.1, 0.10, 1.5e-3, 1e21, 1e400, -1e400, 1e-400, 5e-324, 1.7976931348623157e308,
        9007199254740991, 9007199254740992, 9007199254740993, -9007199254740991, -9007199254740993, 9223372036854775807,
        18446744073709551616, 123456789012345678901234567890.5, 0.30000000000000004, 3.141592653589793238462643, 1e-7],
    "texts": ["", " ", "a\nb", "\"\\\/", "\u0000", "\ud83d\ude00", "e\u0301", "\ufeff", "\u2029", "1", "null", "true"],
    "empty": {"object": {}, "array": [], "text": "", "null": null, "false": false},
    "order": {"z": 1, "a": {"y": 2, "b": 3}, "10": 4, "9": 5},
    "nested": [[], [[]], [{"a": [null, {"": [1.0]}]}]]
}"#;

const POINTERS: &[&str] = &[
    "",
    "/data",
    "/data/keys",
    "/data/keys/",
    "/data/keys/~1",
    "/data/keys/~0",
    "/data/keys/~01",
    "/data/keys/a~1b~0c",
    "/data/keys/*",
    "/data/keys/__proto__",
    "/data/keys/constructor",
    "/data/keys/10",
    "/data/keys/-1",
    "/data/keys/\u{e9}",
    "/data/keys/e\u{301}",
    "/data/keys/\u{1f600}",
    "/data/keys/\0",
    "/data/keys/toString/length",
    "/data/keys/none",
    "/data/keys/hasOwnProperty",
    "/data/numbers",
    "/data/numbers/0",
    "/data/numbers/-",
    "/data/numbers/-1",
    "/data/numbers/00",
    "/data/numbers/01",
    "/data/numbers/27",
    "/data/numbers/4294967296",
    "/data/numbers/length",
    "/data/texts/5/0",
    "/data/empty",
    "/data/empty/object",
    "/data/empty/array",
    "/data/empty/text",
    "/data/empty/null",
    "/data/empty/false",
    "/data/empty/none",
    "/data/empty/null/none",
    "/data/order",
    "/data/order/a",
    "/data/nested/2/0/a/1/",
    "/metadata/name",
];

const PATTERNS: &[&str] = &[
    "/data/keys/*",
    "/data/numbers/*",
    "/data/texts/*",
    "/data/empty/*",
    "/data/order/*/*",
    "/data/nested/*/*/*",
    "/none/*",
];

/// A ConfigMap with this `data`.
pub(crate) fn config_map(data: &str) -> Document {
    let head = r#""apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "db"}"#;
    indexed(&format!(r#"{{{head}, "data": {data}}}"#)).unwrap()
}

/// The request to do this with it.
pub(crate) fn request(operation: Operation, object: &Document) -> Request {
    Request {
        kind: GroupVersionKind { group: String::new(), version: "v1".into(), kind: "ConfigMap".into() },
        resource: GroupVersionResource { group: String::new(), version: "v1".into(), resource: "configmaps".into() },
        namespace: Some("db".into()),
        name: Some("x".into()),
        object: Some(object.clone()),
        ..Request::new("7e1f4a52", operation)
    }
}

/// What the policy says of its creation.
pub(crate) fn asked(policy: &Policy, object: &Document) -> Result<GuestVerdict, PolicyFailure> {
    block_on(policy.call(Phase::Validate, &request(Operation::Create, object), &Prepared::default()))
}

fn hex(text: &str) -> String {
    let points: Vec<String> = text.chars().map(|character| format!("{:x}", u32::from(character))).collect();
    format!("[{}]", points.join(" "))
}

fn shown(value: Option<Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Boolean(value)) => format!("boolean {value}"),
        Some(Value::Integer(value)) => format!("integer {value}"),
        Some(Value::Number(value)) => format!("number {:016x}", value.to_bits()),
        Some(Value::Big(text)) => format!("big {text}"),
        Some(Value::Text(text)) => format!("text {}", hex(&text)),
        Some(Value::Json(text)) => format!("json {}", hex(&text)),
    }
}

/// What a native policy reads, by the functions that the bindings of a component call.
fn natively(call: &mut CallContext) -> Vec<String> {
    let object: DocumentId = call.object().unwrap().unwrap();
    let mut lines = Vec::new();
    for at in POINTERS {
        let mut say = |what: &str, read: &dyn Display| lines.push(format!("{what} {}: {read}", hex(at)));
        say("get", &shown(call.get(object, at).unwrap()));
        say("text", &shown(call.text(object, at).unwrap().map(Value::Text)));
        say("integer", &shown(call.integer(object, at).unwrap().map(Value::Integer)));
        say("boolean", &shown(call.boolean(object, at).unwrap().map(Value::Boolean)));
        say("len", &shown(call.len(object, at).unwrap().map(|len| Value::Integer(len.into()))));
        let keys: Vec<String> = call.keys(object, at).unwrap().iter().map(|key| hex(key)).collect();
        say("keys", &format!("[{}]", keys.join(", ")));
        say("json", &shown(call.json(object, at).unwrap().map(Value::Text)));
    }
    for pattern in PATTERNS {
        for (at, value) in call.find(object, pattern).unwrap() {
            lines.push(format!("find {}: {}: {}", hex(pattern), hex(&at), shown(Some(value))));
        }
    }
    lines
}

#[test]
fn a_hostile_document_reads_the_same_in_three_languages() {
    let object = config_map(HOSTILE);
    for language in LANGUAGES {
        let settings = json!({"does": "values", "pointers": POINTERS, "patterns": PATTERNS});
        let Some(policy) = language.policy("probe", settings) else { continue };
        let inputs = CallInputs {
            request: Arc::new(request(Operation::Create, &object)),
            prepared: Arc::new(Prepared::default()),
            manifest: Arc::new(policy.manifest().clone()),
        };
        let mut call = CallContext::of(inputs, PolicyLimits::default());
        call.enter(Stage::Validate);
        let native = natively(&mut call);
        let verdict = asked(&policy, &object).unwrap();
        let said: Vec<&str> = verdict.answer.findings.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(said.len(), native.len(), "{language:?}: {:?}", said.last());
        for (said, native) in said.iter().zip(&native) {
            assert_eq!(said, native, "{language:?}");
        }
        assert!(native.len() > 350, "{} lines", native.len());
    }
}

/// The lines above are compared with each other; these say what they must be.
#[test]
fn numbers_are_integers_doubles_or_as_sent() {
    let object = config_map(HOSTILE);
    let numbers = |language: crate::build::Language| {
        let policy =
            language.policy("probe", json!({"does": "values", "pointers": [], "patterns": ["/data/numbers/*"]}))?;
        let verdict = asked(&policy, &object).unwrap();
        let value = |message: &str| message.rsplit(": ").next().unwrap_or_default().to_owned();
        Some(verdict.answer.findings.iter().map(|one| value(&one.message)).collect::<Vec<_>>())
    };
    for language in LANGUAGES {
        let Some(numbers) = numbers(language) else { continue };
        assert_eq!(
            numbers[..7],
            ["integer 0", "integer 0", "integer 1", "integer 1", "integer 100", "integer 100", "integer -7"]
        );
        assert_eq!(numbers[11..13], ["big 1e400", "big -1e400"], "{language:?}");
        assert_eq!(numbers[16..19], ["integer 9007199254740991", "number 4340000000000000", "big 9007199254740993"]);
    }
}
