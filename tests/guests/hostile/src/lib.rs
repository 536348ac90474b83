//! A policy that misbehaves in the way that its settings name: `{"does": "loop"}`.
//! Judges nothing; it shows what the engine does with such a guest.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../contract/policy.wit",
        inline: "
            package quorate:hostile;
            world hostile {
                include quorate:policy/both@0.2.0;
                import quorate:policy/facts@0.2.0;
            }
        ",
        world: "quorate:hostile/hostile",
        generate_all,
    });

    use super::Hostile;
    export!(Hostile);
}

use std::cell::RefCell;
use std::hint::black_box;

use bindings::exports::quorate::policy::{guest, mutator, validator};
use bindings::quorate::policy::verdicts::Level;
use bindings::quorate::policy::{edits, facts, log, request, types, verdicts};

/// Deeper than any list that is asked for.
const FAR: usize = 1_000_000;

/// The tests change bytes of it.
const MANIFEST: &str = r#"{
    "manifest": 1, "name": "hostile-policy", "version": "0.1.0", "summary": "Misbehaves as told.",
    "rules": [
        {"id": "denied", "summary": "For tests.", "severity": "low", "judges": "object"},
        {"id": "warned", "summary": "For tests.", "severity": "low", "judges": "object"},
        {"id": "defective", "summary": "For tests.", "severity": "low", "judges": "object"}
    ],
    "matches": [
        {"groups": ["apps"], "versions": ["v1"], "resources": ["statefulsets"], "operations": ["CREATE", "UPDATE"]}
    ],
    "related": {
        "account": {"reference": "/spec/template/spec/serviceAccountName", "apiVersion": "v1", "kind": "ServiceAccount"}
    },
    "facts": ["rqlite/current"],
    "settings": {
        "type": "object",
        "properties": {"does": {"type": "string"}, "as": {"type": "string"}},
        "additionalProperties": false
    }
}"#;

thread_local! {
    static SETTINGS: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Hostile;

impl guest::Guest for Hostile {
    fn manifest() -> String {
        black_box(MANIFEST).to_owned()
    }

    fn configure(settings: String) -> Result<(), Vec<guest::SettingsError>> {
        SETTINGS.set(settings);
        match setting("does").as_str() {
            "be-refused" => {
                Err(vec![guest::SettingsError { pointer: "/does".to_owned(), message: "refused by the guest".to_owned() }])
            }
            "trap-on-settings" => panic!("told to"),
            "loop-on-settings" => loop {
                black_box(0);
            },
            "ask-on-settings" => {
                request::uid();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl validator::Guest for Hostile {
    fn validate() -> Result<(), String> {
        do_as_told(false)
    }
}

impl mutator::Guest for Hostile {
    fn mutate() -> Result<(), String> {
        do_as_told(true)
    }
}

fn do_as_told(mutating: bool) -> Result<(), String> {
    let object = request::object();
    let spec = object.as_ref().and_then(|object| object.json("/spec")).unwrap_or_default();
    match setting("does").as_str() {
        "loop" => loop {
            black_box(&spec);
        },
        "grow" => grow(),
        "trap" => panic!("told to"),
        "recurse" => say("denied", Level::Deny, &recurse(&spec).to_string()),
        "patch" if mutating => {
            let found = spec.matches("hostile-policy").count().to_string();
            edits::set(&format!("/spec/{}", setting("as")), &found);
        }
        "patch-kind" if mutating => edits::set_text("/kind", "Pod"),
        "patch-nothing" if mutating => edits::remove("/spec/absent"),
        "patch-garbage" if mutating => edits::patch("{"),
        "patch-huge" if mutating => edits::set_text("/spec/x", &"x".repeat(2 << 20)),
        "patch-many" if mutating => (0..FAR).for_each(|_| edits::set("/spec/x", "1")),
        "patch-and-give-up" if mutating => {
            edits::set("/spec/x", "2");
            say("warned", Level::Warn, "found before");
            return Err("told to give up".to_owned());
        }
        "patch-always" => edits::set("/spec/x", "2"),
        "give-up" => return Err("told to give up".to_owned()),
        "give-up-silently" => return Err(String::new()),
        "be-undeclared" => say("undeclared", Level::Deny, "a rule of nobody"),
        "be-huge" => say("denied", Level::Deny, &"x".repeat(20 << 20)),
        "be-long" => say("denied", Level::Deny, &"x".repeat(100 << 10)),
        "be-many" => (0..1000).for_each(|_| say("warned", Level::Warn, "one")),
        "be-too-many" => (0..FAR).for_each(|_| say("warned", Level::Warn, "one")),
        "be-banned" => say("denied", Level::Deny, "the Field Is\nImmutable"),
        "be-unsure" => say("", Level::NotJudged, "told to be unsure"),
        "deny" => say("denied", Level::Deny, "told to deny"),
        "deny-with-all" => {
            let found = verdicts::add("denied", Level::Deny, "told to deny");
            found.at("/spec/list/1/a.b~1c");
            found.remedy("stop telling");
            found.evidence("voters", "5");
            found.retry(Some(7));
        }
        "name-a-pointer-wrongly" => drop(object.and_then(|object| object.text("spec.x"))),
        "find-all" => drop(object.map(|object| object.find("/*/*/*"))),
        "hold-handles" => {
            let held: Vec<_> = (0..FAR).map(|_| request::object()).collect();
            black_box(&held);
        }
        "take-everything" => {
            for _ in 0..FAR {
                black_box(object.as_ref().and_then(|object| object.json("")));
            }
        }
        "find-defect" if spec.contains("bad") => {
            let found = verdicts::add("defective", Level::Deny, "spec is bad");
            found.defect("bad");
        }
        "find-defect-by-value" if spec.contains("bad") => {
            let found = verdicts::add("defective", Level::Deny, "spec is bad");
            found.defect(&spec);
        }
        "annotate" => verdicts::annotate("some/key", "value"),
        "tell-facts" => say("warned", Level::Warn, &told_facts("rqlite/current")),
        "tell-other-facts" => say("warned", Level::Warn, &told_facts("rqlite/dependents")),
        "tell-related" => {
            let told = match request::related("account") {
                Ok(accounts) => accounts.iter().filter_map(|account| account.text("/metadata/name")).collect(),
                Err(missing) => format!("{missing:?}"),
            };
            say("warned", Level::Warn, &told);
        }
        "tell-request" => say("warned", Level::Warn, &told_request()),
        "log" => (0..1000).for_each(|_| log::write(log::Severity::Info, "a line\nand another")),
        _ => {}
    }
    Ok(())
}

fn told_facts(name: &str) -> String {
    match facts::get(name) {
        Ok(known) => known.iter().filter_map(|fact| fact.json("")).collect(),
        Err(types::Missing::Failed(why)) => format!("failed: {why}"),
        Err(missing) => format!("{missing:?}"),
    }
}

fn told_request() -> String {
    let parts = [
        request::uid(),
        request::origin(),
        request::group(),
        request::version(),
        request::resource(),
        request::sub_resource().unwrap_or_default(),
        request::api_version(),
        request::kind(),
        request::namespace().unwrap_or_default(),
        request::name().unwrap_or_default(),
        request::user(),
        request::in_group("dba").to_string(),
        request::dry_run().to_string(),
        request::pod_spec().unwrap_or_default(),
        request::envelope().text("/userInfo/username").unwrap_or_default(),
    ];
    parts.join(" ")
}

/// One text of the settings: `{"does": "<text>"}`.
fn setting(key: &str) -> String {
    SETTINGS.with_borrow(|settings| {
        let value = settings.split(&format!("\"{key}\":\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.unwrap_or_default().to_owned()
    })
}

fn grow() {
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

fn say(rule: &str, level: Level, message: &str) {
    verdicts::add(rule, level, message);
}
