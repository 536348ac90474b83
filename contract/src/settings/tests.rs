//! Settings laid over each other, and the problems that are told of them.

use serde_json::json;

use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "mode": {"enum": ["deny", "warn"]},
            "labels": {"type": "object"},
            "limit": {"type": "integer", "minimum": 1},
        },
        "additionalProperties": false,
    })
}

#[track_caller]
fn refused(given: &Value, problems: &[(&str, &str)]) {
    let told = Settings::new(&schema(), given).unwrap_err();
    let told: Vec<_> = told.iter().map(|problem| (problem.pointer.as_str(), problem.message.as_str())).collect();
    assert_eq!(told, problems);
}

#[test]
fn keys_of_a_namespace_win_there() {
    let given = json!({
        "mode": "deny", "labels": {"a": 1},
        "namespaces": {"web": {"labels": {"b": 2}}, "db": {"mode": "warn"}, "empty": {}},
    });
    let settings = Settings::new(&schema(), &given).unwrap();
    let all: Vec<_> = settings.all().map(|(name, text)| (name, serde_json::from_str::<Value>(text).unwrap())).collect();
    assert_eq!(
        all,
        [
            (None, json!({"mode": "deny", "labels": {"a": 1}})),
            (Some("db"), json!({"mode": "warn", "labels": {"a": 1}})),
            (Some("empty"), json!({"mode": "deny", "labels": {"a": 1}})),
            // A key is replaced, not merged.
            (Some("web"), json!({"mode": "deny", "labels": {"b": 2}})),
        ]
    );
    assert_eq!(settings.in_namespace(Some("db")), settings.all().nth(1).unwrap().1);
    assert_eq!(settings.in_namespace(Some("other")), settings.in_namespace(None));
}

#[test]
fn no_settings_are_an_empty_object() {
    for given in [json!(null), json!({}), json!({"namespaces": {}})] {
        assert_eq!(Settings::new(&schema(), &given).unwrap().in_namespace(None), "{}", "{given}");
    }
}

#[test]
fn a_problem_of_the_top_is_told_once() {
    let given = json!({"mode": "maybe", "namespaces": {"db": {"limit": 0}, "web": {"mode": "deny"}}});
    refused(
        &given,
        &[
            ("/mode", "\"maybe\" is not one of \"deny\" or \"warn\""),
            ("/namespaces/db/limit", "0 is less than the minimum of 1"),
        ],
    );
}

#[test]
fn a_required_key_may_come_from_the_top() {
    let schema = json!({"type": "object", "required": ["mode"]});
    let given = json!({"mode": "deny", "namespaces": {"db": {"limit": 1}}});
    assert!(Settings::new(&schema, &given).is_ok());
    let given = json!({"namespaces": {"db": {"mode": "deny"}}});
    let told = Settings::new(&schema, &given).unwrap_err();
    assert_eq!(told, [SettingsProblem::new("", "\"mode\" is a required property")]);
}

#[test]
fn namespaces_are_checked_by_the_host() {
    refused(&json!([]), &[("", "must be an object")]);
    let message = "must be an object: under the name of each namespace its own keys";
    refused(&json!({"namespaces": ["db"]}), &[("/namespaces", message)]);
    refused(&json!({"namespaces": {"db": 1}}), &[("/namespaces/db", "must be an object: keys as at the top")]);
    refused(&json!({"namespaces": {"D/b": {}}}), &[("/namespaces/D~1b", "is no name of a namespace")]);
    refused(
        &json!({"namespaces": {"db": {"namespaces": {}}}}),
        &[("/namespaces/db/namespaces", "may stand at the top only")],
    );
}

#[test]
fn a_schema_that_declares_namespaces_is_refused() {
    let schema = json!({"properties": {"namespaces": {}}});
    let told = Settings::new(&schema, &json!({})).unwrap_err();
    let fault = "is the host's key, which lays settings over each other by namespace; rename `namespaces`";
    let message = format!("cannot be checked: the policy's schema, at `/properties/namespaces`, {fault}");
    assert_eq!(told, [SettingsProblem::new("", message)]);
}

#[test]
fn a_broken_schema_is_told_as_a_problem() {
    let told = check(&json!({"$ref": "https://example.com/a"}), &json!({}));
    assert_eq!(
        told.first().unwrap().to_string(),
        "`/`: cannot be checked: the policy's schema, at `/$ref`, is `https://example.com/a`, and leads out of the \
         schema; allowed is `#/$defs/...`"
    );
}

#[test]
fn check_knows_no_namespaces() {
    let told = check(&schema(), &json!({"namespaces": {}}));
    assert_eq!(
        told.first().unwrap().to_string(),
        "`/`: Additional properties are not allowed ('namespaces' was unexpected)"
    );
    assert_eq!(check(&schema(), &json!({"limit": 2})), []);
}

#[test]
fn the_published_schema_takes_what_the_host_takes() {
    let published = Settings::published_schema(&schema());
    for (given, fits) in [
        (json!({"mode": "deny", "namespaces": {"db": {"mode": "warn"}}}), true),
        (json!({"namespaces": {"db": {"mode": "maybe"}}}), false),
        (json!({"namespaces": {"db": {"modus": "warn"}}}), false),
        (json!({"namespaces": {"db": {"namespaces": {}}}}), false),
        (json!({"namespaces": {"Db": {}}}), false),
        (json!({"namespaces": []}), false),
        (json!({"modus": 1}), false),
    ] {
        assert_eq!(Settings::new(&schema(), &given).is_ok(), fits, "host: {given}");
        assert_eq!(jsonschema::is_valid(&published, &given), fits, "schema: {given}");
    }
}

#[test]
fn the_published_schema_requires_nothing_of_a_namespace() {
    let schema = json!({"type": "object", "required": ["mode"], "properties": {"mode": {"type": "string"}}});
    let given = json!({"mode": "deny", "namespaces": {"db": {}}});
    assert!(jsonschema::is_valid(&Settings::published_schema(&schema), &given));
}

#[test]
fn at_most_ten_problems_are_told_of_one_place() {
    let many: Keys = (0..40).map(|index| (format!("k{index}"), json!(1))).collect();
    let schema = json!({"additionalProperties": {"type": "string"}});
    assert_eq!(check(&schema, &Value::Object(many)).len(), MAX_PROBLEMS);
}
