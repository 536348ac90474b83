//! What goes wrong in a script is "not judged", with words that lead to its line. Nothing passes in silence.

use quorate_engine::GuestVerdict;
use serde_json::json;

use crate::build::{LANGUAGES, Language};
use crate::values::{asked, config_map};

/// Level and message of what the policy says when it is told to do this, or why it said nothing.
fn said(language: Language, does: &str) -> Option<Result<Vec<String>, String>> {
    let policy = language.policy("probe", json!({ "does": does }))?;
    let object = config_map(r#"{"big": 9007199254740993}"#);
    Some(match asked(&policy, &object) {
        Ok(GuestVerdict { answer, .. }) => {
            Ok(answer.findings.iter().map(|one| format!("{:?}: {}", one.level, one.message)).collect())
        }
        Err(failure) => Err(failure.to_string()),
    })
}

#[track_caller]
fn not_judged(language: Language, does: &str, says: &str) {
    let Some(said) = said(language, does) else { return };
    assert_eq!(said, Ok(vec![format!("NotJudged: {says}")]), "{language:?}: {does}");
}

#[test]
fn an_exception_arrives_with_its_text_and_its_line() {
    let line = |language: Language, of: &str| language.line(of);
    let says = "TypeError: cannot read property 'length' of undefined";
    let place = line(Language::JavaScript, "exception:");
    not_judged(Language::JavaScript, "exception", &format!("{says} (policy.js:{place})"));
    let says = "AttributeError: 'NoneType' object has no attribute 'upper'";
    let place = line(Language::Python, "\"exception\":");
    not_judged(Language::Python, "exception", &format!("{says} (policy.py:{place})"));
    not_judged(Language::JavaScript, "string", "validate threw no error, but \u{fffd} a text");
    let place = line(Language::Python, "\"exit\":");
    not_judged(Language::Python, "exit", &format!("SystemExit: 1 (policy.py:{place})"));
}

#[test]
fn what_was_found_before_stays() {
    for language in LANGUAGES {
        not_judged(language, "judge", "the weather is not known");
        let Some(said) = said(language, "after") else { continue };
        assert_eq!(said, Ok(vec!["Warn: before".to_owned(), "NotJudged: the rest is not known".to_owned()]));
    }
}

#[test]
fn what_is_returned_is_no_verdict() {
    let says =
        |what: &str| format!("validate returned {what}; a finding is told with deny or warn, and nothing is returned");
    not_judged(Language::JavaScript, "returned", &says("Object"));
    not_judged(Language::JavaScript, "promised", &says("Promise"));
    not_judged(Language::Python, "returned", &says("bool"));
}

/// Each does not deny what it was to deny, or reads nothing where something is: said with the line.
#[test]
fn slips_are_errors() {
    let options = "deny: unknown option `rememdy`; known are at, remedy, evidence, retry, defect";
    let rule = "deny: no rule `siad` in the manifest; it has said";
    for (does, javascript, python) in [
        ("option", format!("TypeError: {options}"), format!("TypeError: {options}")),
        ("rule", format!("TypeError: {rule}"), format!("ValueError: {rule}")),
        ("empty", "TypeError: deny: the text is empty".into(), "ValueError: deny: the text is empty".into()),
        (
            "typo",
            "TypeError: the request has no `nmae`".into(),
            "AttributeError: '_Request' object has no attribute 'nmae'".into(),
        ),
        (
            "member",
            "TypeError: a document has no `metadata`".into(),
            "AttributeError: 'Document' object has no attribute 'metadata'".into(),
        ),
        (
            "arguments",
            "TypeError: text: a string is wanted, not undefined".into(),
            "TypeError: text: a string is wanted, not None".into(),
        ),
        (
            "big",
            "TypeError: the number 9007199254740993 does not fit a JavaScript number; its digits are in `text`".into(),
            "TypeError: '>' not supported between instances of 'Big' and 'int'".into(),
        ),
        (
            "edits",
            "Error: the policy's world does not import quorate:policy/edits@0.2.0".into(),
            "RuntimeError: the policy's world does not import quorate:policy/edits@0.2.0".into(),
        ),
        (
            "facts",
            "Error: the policy's world does not import quorate:policy/facts@0.2.0".into(),
            "RuntimeError: the policy's world does not import quorate:policy/facts@0.2.0".into(),
        ),
    ] {
        let place = Language::JavaScript.line(&format!("{does}:"));
        not_judged(Language::JavaScript, does, &format!("{javascript} (policy.js:{place})"));
        let place = Language::Python.line(&format!("\"{does}\":"));
        not_judged(Language::Python, does, &format!("{python} (policy.py:{place})"));
    }
}

#[test]
fn there_is_neither_clock_nor_chance() {
    let place = |language: Language, of: &str| language.line(of);
    let clock = "there is no clock; `now()` is when the request arrived: a verdict depends on the request alone";
    let at = place(Language::JavaScript, "clock:");
    not_judged(Language::JavaScript, "clock", &format!("Error: {clock} (policy.js:{at})"));
    let at = place(Language::Python, "\"clock\":");
    not_judged(Language::Python, "clock", &format!("RuntimeError: {} (policy.py:{at})", clock.replace('`', "")));
    let chance = "there is no Math.random: a verdict depends on the request alone";
    let at = place(Language::JavaScript, "chance:");
    not_judged(Language::JavaScript, "chance", &format!("Error: {chance} (policy.js:{at})"));
}

#[test]
fn a_wrong_call_to_the_host_ends_with_its_words() {
    for language in LANGUAGES {
        let Some(said) = said(language, "pointer") else { continue };
        let says = "the policy called the host wrongly: `document.get`: `data` is no JSON pointer: it does not begin with `/`; pointers are RFC 6901";
        assert_eq!(said, Err(says.to_owned()), "{language:?}");
    }
}

#[test]
fn time_and_memory_have_an_end() {
    for language in LANGUAGES {
        let Some(said) = said(language, "forever") else { continue };
        assert_eq!(said, Err("the policy ran longer than 50 ms of CPU".to_owned()), "{language:?}");
    }
    let place = Language::JavaScript.line("memory:");
    not_judged(Language::JavaScript, "memory", &format!("InternalError: out of memory (policy.js:{place})"));
    let place = Language::Python.line("kept.append");
    not_judged(Language::Python, "memory", &format!("MemoryError:  (policy.py:{place})"));
}

#[test]
fn configure_refuses_settings_in_its_words() {
    for language in LANGUAGES {
        let Some(refused) = language.load("probe", json!({"bad": "said"})) else { continue };
        let says = "the settings of policy `probe` are wrong: `/bad`: is bad";
        assert_eq!(refused.map(drop).unwrap_err().to_string(), says, "{language:?}");
        let refused = language.load("probe", json!({"bad": "thrown"})).unwrap().map(drop).unwrap_err().to_string();
        let says = match language {
            Language::JavaScript => {
                let place = language.line("settings.none.none");
                format!("TypeError: cannot read property 'none' of undefined (policy.js:{place})")
            }
            Language::Python => {
                let place = language.line("settings[\"none\"]");
                format!("KeyError: 'none' (policy.py:{place})")
            }
        };
        assert!(refused.ends_with(&says), "{language:?}: {refused}");
    }
}

#[test]
fn a_policy_that_does_not_fit_its_world_is_not_built() {
    let world = |kind: &str| format!("package local:other;\nworld policy {{ include quorate:policy/{kind}@0.2.0; }}\n");
    for language in LANGUAGES {
        let Some(built) = language.build_in_world("pull-policy", &world("validating")) else { continue };
        let says = "policy: `mutate` is given, and the world in world.wit is not `mutating`";
        assert!(built.unwrap_err().contains(says), "{language:?}");
        let built = language.build_in_world("required-labels", &world("mutating")).unwrap();
        let says = "policy: the world in world.wit is `mutating`, and no `mutate` is given";
        assert!(built.unwrap_err().contains(says), "{language:?}");
    }
}
