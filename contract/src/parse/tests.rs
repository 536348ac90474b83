//! What a manifest is refused for, in the exact words.

use serde_json::{Value, json};

use super::*;

/// The example, with one thing changed.
fn example_with(pointer: &str, value: Value) -> String {
    let mut manifest: Value = serde_json::from_str(include_str!("../../manifest.json")).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    manifest.pointer_mut(parent).unwrap()[key] = value;
    manifest.to_string()
}

#[track_caller]
fn refused(text: &str, lines: &str) {
    assert_eq!(Manifest::parse(text).unwrap_err().to_string(), lines);
}

#[test]
fn the_example_is_a_manifest_and_prints_as_it_is_read() {
    let text = include_str!("../../manifest.json");
    let manifest = Manifest::parse(text).unwrap();
    assert_eq!(manifest.name, "required-labels");
    let printed = serde_json::to_string(&manifest).unwrap();
    assert_eq!(Manifest::parse(&printed), Ok(manifest));
    let mut given: Value = serde_json::from_str(text).unwrap();
    given["matches"][0]["subResources"] = json!([]);
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), given);
}

#[test]
fn what_is_absent_has_its_default() {
    let text = json!({
        "manifest": 1, "name": "a", "version": "1", "summary": "s",
        "rules": [{"id": "b", "summary": "s", "severity": "low", "judges": "live"}],
        "matches": [{"groups": [""], "versions": ["v1"], "resources": ["pods"], "operations": ["CONNECT"]}],
    });
    let manifest = Manifest::parse(&text.to_string()).unwrap();
    assert_eq!(manifest.settings, json!({"type": "object"}));
    assert!(manifest.related.is_empty() && manifest.facts.is_empty() && manifest.reads.is_empty());
    assert!(manifest.matches[0].conditions.is_empty());
    assert!(manifest.matching("", "v1", "pods", None, crate::Operation::Connect).is_some());
}

#[test]
fn an_unknown_key_is_named_with_the_host_that_does_not_know_it() {
    let said = "is no key that this host (contract 0.2, manifest 1) knows; a newer Quorate may";
    refused(&example_with("/reads/0/filter", json!("x")), &format!("`reads.0.filter` {said}"));
    refused(&example_with("/modes", json!(1)), &format!("`modes` {said}"));
    refused(&example_with("/related/account/optional", json!(true)), &format!("`related.account.optional` {said}"));
}

#[test]
fn another_version_is_refused_and_nothing_else_is_said() {
    let said = "and this host (contract 0.2) reads manifest 1 only; \
                use a Quorate that knows it, or build the policy for contract 0.2";
    refused(r#"{"manifest": 2, "anything": 1}"#, &format!("`manifest` is 2, {said}"));
    refused(&example_with("/manifest", json!("1")), &format!("`manifest` is \"1\", {said}"));
}

#[test]
fn a_manifest_is_bounded() {
    let long = " ".repeat(MAX_MANIFEST_BYTES + 1);
    refused(&long, "the manifest has 1048577 bytes, at most 1048576 are read");
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    refused(
        r#"{"manifest": 1, "name": "a", "name": "b"}"#,
        "the manifest has a key twice: `/name` at line 1 column 35",
    );
}

#[test]
fn what_is_no_object_is_refused() {
    refused("[]", "the manifest must be an object, and is an array");
}

#[test]
fn all_problems_are_told_up_to_ten() {
    refused(
        r#"{"manifest": 1, "name": "A", "version": "", "summary": 1, "rules": [], "matches": {}}"#,
        "`/name` must be a kebab-case name, as `required-labels`, and is `A`\n\
         `/version` must be one line of text, and is ``\n\
         `/summary` must be one line of text, and is a number\n\
         `/rules` has 0 elements, allowed are 1 to 128\n\
         `/matches` must be an array, and is an object",
    );
    let mut manifest: Value = serde_json::from_str(include_str!("../../manifest.json")).unwrap();
    for index in 0..14 {
        manifest[format!("k{index:02}")] = json!(index);
    }
    let told = Manifest::parse(&manifest.to_string()).unwrap_err().to_string();
    assert_eq!(told.lines().count(), 11);
    assert_eq!(told.lines().last(), Some("and 4 more"));
}

#[test]
fn rules_are_unique_and_not_the_hosts() {
    let rule = |id: &str| json!({"id": id, "summary": "s", "severity": "low", "judges": "object"});
    refused(
        &example_with("/rules", json!([rule("a"), rule("b"), rule("a")])),
        "`/rules/2/id` is `a`, which stands there already",
    );
    for id in RESERVED_RULES {
        refused(
            &example_with("/rules", json!([rule(id)])),
            &format!("`/rules/0/id` is `{id}`, which the host gives by itself; choose another id"),
        );
    }
    refused(
        &example_with("/rules/0/severity", json!("fatal")),
        "`/rules/0/severity` must be one of `low`, `medium`, `high`, `critical`, and is `fatal`",
    );
}

#[test]
fn conditions_are_cel() {
    let conditions = |list: Value| example_with("/matches/0/conditions", list);
    refused(
        &conditions(json!([{"name": "a", "expression": "(".repeat(4096)}])),
        "`/matches/0/conditions/0/expression` nests more than 32 brackets; split it into several conditions",
    );
    refused(
        &conditions(json!([{"name": "a", "expression": "(".repeat(100_000)}])),
        "`/matches/0/conditions/0/expression` has 100000 bytes, allowed are 4096",
    );
    refused(
        &conditions(json!([{"name": "a", "expression": "a"}, {"name": "a", "expression": "b"}])),
        "`/matches/0/conditions/1/name` is `a`, which stands there already",
    );
    let told = Manifest::parse(&conditions(json!([{"name": "a", "expression": "a =="}]))).unwrap_err().to_string();
    assert!(
        told.starts_with("`/matches/0/conditions/0/expression` is no CEL expression, line 1, column 5: "),
        "{told}"
    );
}

#[test]
fn a_star_stands_alone() {
    refused(
        &example_with("/matches/0/groups", json!(["*", "apps"])),
        "`/matches/0/groups` has `*` beside others; `*` stands alone",
    );
}

#[test]
fn related_is_one_thing_or_the_other() {
    let related = |value: Value| example_with("/related", json!({"a": value}));
    refused(
        &related(json!({"of": "parent", "kind": "Pod"})),
        "`/related/a` has `of` beside a reference; it must be one of the two",
    );
    refused(&related(json!({})), "`/related/a` must have `of`, or `reference`, `apiVersion` and `kind`");
    refused(
        &related(json!({"reference": "spec", "apiVersion": "v1"})),
        "`/related/a/reference` must be a JSON pointer (RFC 6901) to a name, as `/spec/serviceAccountName`, and is `spec`\n\
         `/related/a` lacks the key `kind`",
    );
    refused(
        &example_with("/related", json!({"A b": {"of": "parent"}})),
        "`/related/A b` must stand under a kebab-case name, as `required-labels` of at most 63 bytes",
    );
}

#[test]
fn settings_are_a_schema_that_stays_within_itself() {
    refused(&example_with("/settings", json!(true)), "`/settings` must be a JSON Schema, an object, and is a boolean");
    refused(
        &example_with("/settings", json!({"properties": {"a": {"$ref": "https://example.com/a"}}})),
        "`/settings/properties/a/$ref` is `https://example.com/a`, and leads out of the schema; allowed is `#/$defs/...`",
    );
    refused(
        &example_with("/settings", json!({"properties": {"namespaces": {}}})),
        "`/settings/properties/namespaces` is the host's key, which lays settings over each other by namespace; \
         rename `namespaces`",
    );
}
