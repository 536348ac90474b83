//! What a call is given and told, without wasm. What a component does is shown in `tests/engine/`.

use kubernetes::admission::Operation;
use kubernetes::object::indexed;
use kubernetes::verdict::Level;

use super::*;

const MANIFEST: &str = r#"{"manifest": 1, "name": "labels", "version": "1", "summary": "s",
    "rules": [{"id": "missing", "summary": "s", "severity": "low", "judges": "object"}],
    "matches": [{"groups": [""], "versions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]}"#;

fn call(object: &str, limits: PolicyLimits) -> CallContext {
    let object = indexed(object).unwrap();
    let request = Arc::new(Request { object: Some(object), ..Request::new("u", Operation::Create) });
    let manifest = Arc::new(Manifest::parse(MANIFEST).unwrap());
    let mut call = CallContext::of(CallInputs { request, prepared: Arc::default(), manifest }, limits);
    call.enter(Stage::Validate);
    call
}

#[test]
fn a_document_is_opened_once() {
    let mut call = call(r#"{"a": [1, 2.0, 9007199254740993, 1e400, null]}"#, PolicyLimits::default());
    let object = call.object().unwrap().unwrap();
    assert_eq!(call.object().unwrap(), Some(object));
    let mut at = |pointer: &str| call.get(object, pointer).unwrap();
    assert_eq!(at("/a/0"), Some(Value::Integer(1)));
    assert_eq!(at("/a/1"), Some(Value::Integer(2)));
    assert_eq!(at("/a/2"), Some(Value::Big("9007199254740993".to_owned())));
    assert_eq!(at("/a/3"), Some(Value::Big("1e400".to_owned())));
    assert_eq!((at("/a/4"), at("/a/5")), (Some(Value::Null), None));
    assert_eq!(call.old_object().unwrap(), None);
}

#[test]
fn what_is_too_much_is_counted_and_its_handle_leads_nowhere() {
    let mut call = call("{}", PolicyLimits { findings: 1, ..PolicyLimits::default() });
    let first = call.add("missing", Level::Warn, "one").unwrap();
    let further = call.add("missing", Level::Deny, "two").unwrap();
    call.remedy(further, "never shown");
    call.remedy(first, "shown");
    let (answer, _) = call.into_answer();
    assert_eq!((answer.findings.len(), answer.findings[0].remedy.as_str()), (1, "shown"));
    assert_eq!(answer.further, [(Level::Deny, 1)]);
}

#[test]
fn only_rules_of_the_manifest_speak() {
    let mut call = call("{}", PolicyLimits::default());
    assert!(call.add("missing", Level::NotJudged, "why").is_ok());
    assert!(call.add("", Level::NotJudged, "why").is_ok());
    assert!(call.add("", Level::Deny, "why").is_err());
    assert!(call.add("other", Level::Warn, "why").is_err());
}

#[test]
fn texts_are_cut_and_cleaned_but_never_the_name_of_a_defect() {
    let mut call = call("{}", PolicyLimits { text_bytes: 20, ..PolicyLimits::default() });
    let found = call.add("missing", Level::Deny, "spec.serviceName is\nimmutable").unwrap();
    call.remedy(found, "an Immutable Field");
    call.defect(found, "is\nimmutable").unwrap();
    assert!(call.defect(found, &"x".repeat(21)).is_err(), "a cut name would be that of another defect too");
    let (answer, _) = call.into_answer();
    let found = &answer.findings[0];
    assert_eq!((found.message.as_str(), found.remedy.as_str()), ("spec.serviceName ...", "an locked field"));
    assert_eq!(found.defect.as_deref(), Some("is\nimmutable"));
}

#[test]
fn nothing_of_the_request_is_known_before_it_is_reviewed() {
    let mut call = call("{}", PolicyLimits::default());
    call.enter(Stage::Configure);
    assert_eq!(
        call.object().unwrap_err().to_string(),
        "`request.object`: it was called in `configure`; only `log` may be, before a request is under review"
    );
    assert!(call.now().is_err() && call.facts("x").is_err() && call.add("missing", Level::Warn, "x").is_err());
}

#[test]
fn the_time_is_that_of_the_record() {
    let mut call = call("{}", PolicyLimits::default());
    assert!(call.now().is_err(), "no time was recorded");
    let now = time::macros::datetime!(2026-12-01 10:00 UTC);
    call.inputs.as_mut().unwrap().prepared = Arc::new(Prepared { now: Some(now), ..Prepared::default() });
    assert_eq!(call.now().unwrap(), 1_796_119_200_000);
}
