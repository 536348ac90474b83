//! A policy that misbehaves in the way that its settings name: `{"does": "loop"}`.
//! Judges nothing; it shows what the engine does with such a guest.

mod bindings {
    wit_bindgen::generate!({ path: "../../../policies/wit", world: "policy" });

    use super::Hostile;
    export!(Hostile);
}

use std::hint::black_box;

use bindings::quorate::policy::{log, rqlite, types};
use bindings::{Description, Documents, Envelope, Guest, SettingsError, Verdict};

/// The tests make a second policy, with other names, by replacing these texts in the component's bytes;
/// `black_box` keeps them whole.
const NAME: &str = "hostile-policy-a";
const CAPABILITIES: &str = "rqlite,log";

struct Hostile;

impl Guest for Hostile {
    fn describe() -> Description {
        let texts = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
        let rule = |id: &str| types::RuleInfo { id: id.to_owned(), summary: "For tests.".to_owned() };
        Description {
            name: black_box(NAME).to_owned(),
            version: "0.1.0".to_owned(),
            summary: "Misbehaves as told.".to_owned(),
            phases: vec![types::Phase::Mutate, types::Phase::Validate],
            settings_schema:
                r#"{"type":"object","properties":{"does":{"type":"string"}},"additionalProperties":false}"#.to_owned(),
            capabilities: black_box(CAPABILITIES).split(',').map(str::to_owned).collect(),
            rules: vec![rule("denied"), rule("warned"), rule("defective")],
            matches: vec![types::MatchRule {
                groups: texts(&["apps"]),
                resources: texts(&["statefulsets"]),
                sub_resources: vec![],
                operations: vec![types::Operation::Create, types::Operation::Update],
                projections: types::Projections { object: texts(&["/spec"]), old_object: vec![], parent: vec![] },
                conditions: vec![],
            }],
        }
    }

    fn check_settings(settings: String) -> Vec<SettingsError> {
        match told(&settings) {
            "be-refused" => {
                vec![SettingsError { path: "/does".to_owned(), message: "refused by the guest".to_owned() }]
            }
            "trap-on-settings" => panic!("told to"),
            _ => vec![],
        }
    }

    fn review(envelope: Envelope, documents: Documents, settings: String) -> Verdict {
        let spec = documents.object.into_iter().flatten().next().unwrap_or_default();
        let mutating = envelope.phase == types::Phase::Mutate;
        match told(&settings) {
            "loop" => loop {
                black_box(&spec);
            },
            "grow" => grow(),
            "trap" => panic!("told to"),
            "recurse" => says("denied", types::Level::Deny, &recurse(&spec).to_string()),
            "patch" if mutating => patched(&format!(
                r#"[{{"op":"add","path":"/spec/{}","value":{}}}]"#,
                black_box(NAME),
                spec.matches("hostile-policy").count()
            )),
            "patch-kind" if mutating => patched(r#"[{"op":"replace","path":"/kind","value":"Pod"}]"#),
            "patch-nothing" if mutating => patched(r#"[{"op":"remove","path":"/spec/absent"}]"#),
            "patch-garbage" if mutating => patched("{"),
            "patch-huge" if mutating => {
                patched(&format!(r#"[{{"op":"add","path":"/spec/x","value":"{}"}}]"#, "x".repeat(2 << 20)))
            }
            "be-undeclared" => says("undeclared", types::Level::Deny, "a rule of nobody"),
            "be-huge" => says("denied", types::Level::Deny, &"x".repeat(20 << 20)),
            "be-long" => says("denied", types::Level::Deny, &"x".repeat(100 << 10)),
            "be-many" => Verdict { findings: vec![finding("warned", types::Level::Warn, "one"); 1000], ..nothing() },
            "be-banned" => says("denied", types::Level::Deny, "the Field Is\nImmutable"),
            "be-unsure" => says("not-judged", types::Level::NotJudged, "told to be unsure"),
            "deny" => says("denied", types::Level::Deny, "told to deny"),
            "find-defect" if spec.contains("bad") => {
                let defect = Some("bad".to_owned());
                Verdict {
                    findings: vec![types::Finding {
                        defect,
                        ..finding("defective", types::Level::Deny, "spec is bad")
                    }],
                    ..nothing()
                }
            }
            "annotate" => Verdict { audit: vec![("some/key".to_owned(), "value".to_owned())], ..nothing() },
            "tell-facts" => says("warned", types::Level::Warn, &rqlite::facts()),
            "log" => {
                (0..1000).for_each(|_| log::write(log::Severity::Info, "a line\nand another"));
                nothing()
            }
            _ => nothing(),
        }
    }
}

/// The one text in `{"does": "<text>"}`.
fn told(settings: &str) -> &str {
    settings.split('"').nth(3).unwrap_or_default()
}

fn grow() -> Verdict {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        // Untouched pages cost no time, so that memory runs out first.
        held.push(black_box(Vec::with_capacity(1 << 20)));
    }
}

#[allow(unconditional_recursion, reason = "that is the point")]
fn recurse(text: &str) -> usize {
    let frame = black_box([text.len(); 64]);
    recurse(text) + frame[63]
}

fn nothing() -> Verdict {
    Verdict { findings: vec![], patch: None, audit: vec![] }
}

fn patched(patch: &str) -> Verdict {
    Verdict { patch: Some(patch.to_owned()), ..nothing() }
}

fn says(rule: &str, level: types::Level, message: &str) -> Verdict {
    Verdict { findings: vec![finding(rule, level, message)], ..nothing() }
}

fn finding(rule: &str, level: types::Level, message: &str) -> types::Finding {
    types::Finding {
        rule: rule.to_owned(),
        level,
        message: message.to_owned(),
        field: "spec".to_owned(),
        remedy: String::new(),
        retry: false,
        defect: None,
    }
}
