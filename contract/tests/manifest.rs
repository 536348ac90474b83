//! The published schema and the parser agree on what a manifest is.
//! What only the parser sees is a list of its own.

#![expect(clippy::unwrap_used, reason = "a test: what is not there fails it")]

use jsonschema::Validator;
use quorate_contract::{CONTRACT, MANIFEST_SCHEMA, Manifest, WIT};
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("../manifest.json");

fn example() -> Value {
    serde_json::from_str(EXAMPLE).unwrap()
}

fn published() -> Validator {
    let schema: Value = serde_json::from_str(MANIFEST_SCHEMA).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// The example with one value set, or taken away where it is `None`.
fn changed(pointer: &str, value: Option<&Value>) -> Value {
    let mut manifest = example();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = manifest.pointer_mut(parent).unwrap();
    match value {
        Some(value) if parent.is_array() => parent[key.parse::<usize>().unwrap()] = value.clone(),
        Some(value) => parent[key] = value.clone(),
        None => drop(parent.as_object_mut().unwrap().remove(key).unwrap()),
    }
    manifest
}

/// Both say the same of the example with this value.
#[track_caller]
fn agree(schema: &Validator, pointer: &str, value: Option<&Value>, fits: bool) {
    let manifest = changed(pointer, value);
    let parsed = Manifest::parse(&manifest.to_string());
    let by_schema: Vec<_> = schema.iter_errors(&manifest).map(|error| error.to_string()).collect();
    assert_eq!(parsed.is_ok(), fits, "parser: {pointer} = {value:?}: {parsed:?}");
    assert_eq!(by_schema.is_empty(), fits, "schema: {pointer} = {value:?}: {by_schema:?}");
}

#[test]
fn the_example_fits_both() {
    assert!(published().is_valid(&example()));
    Manifest::parse(EXAMPLE).unwrap();
}

#[test]
fn both_take_the_same() {
    let schema = published();
    for (pointer, value) in [
        ("/manifest", json!(1.0)),
        ("/name", json!("a".repeat(63))),
        ("/name", json!("a-1-b")),
        ("/version", json!("2026.1+build \u{e4}")),
        ("/summary", json!("s".repeat(1024))),
        ("/rules/0/severity", json!("critical")),
        ("/rules/0/judges", json!("change")),
        ("/matches/0/groups", json!([""])),
        ("/matches/0/groups", json!(["*"])),
        ("/matches/0/groups", json!(["", "apps", "networking.k8s.io"])),
        ("/matches/0/versions", json!(["*"])),
        ("/matches/0/resources", json!(["*"])),
        ("/matches/0/subResources", json!([])),
        ("/matches/0/subResources", json!(["scale", "status"])),
        ("/matches/0/subResources", json!(["*"])),
        ("/matches/0/operations", json!(["CREATE", "UPDATE", "DELETE", "CONNECT"])),
        ("/matches/0/conditions", json!([{"name": "a", "expression": "x".repeat(4096)}])),
        ("/related", json!({})),
        ("/related/account/reference", json!("/a~1b/0/~0")),
        ("/related/account/reference", json!("/")),
        ("/related/account/apiVersion", json!("apps.example.com/v1alpha1")),
        ("/facts", json!(["a/b/c", "a/c"])),
        ("/reads", json!([])),
        ("/reads/0/fields", json!([""])),
        ("/reads/0/namespaces", json!("all")),
        ("/settings", json!({"type": "object", "additionalProperties": false})),
    ] {
        agree(&schema, pointer, Some(&value), true);
    }
    for key in ["related", "facts", "reads", "settings", "matches/0/conditions"] {
        agree(&schema, &format!("/{key}"), None, true);
    }
}

#[test]
fn both_refuse_the_same_values() {
    let schema = published();
    let rule = |index: usize| json!({"id": format!("r{index}"), "summary": "s", "severity": "low", "judges": "object"});
    for (pointer, value) in [
        ("/manifest", json!(2)),
        ("/manifest", json!("1")),
        ("/name", json!("a".repeat(64))),
        ("/name", json!("-a")),
        ("/name", json!("a--b")),
        ("/name", json!("Aa")),
        ("/name", json!("a\n")),
        ("/version", json!("")),
        ("/version", json!("v".repeat(64))),
        ("/summary", json!("two\nlines")),
        ("/summary", json!("\u{202e}hidden")),
        ("/summary", json!("s".repeat(1025))),
        ("/rules", json!([])),
        ("/rules", json!((0..129).map(rule).collect::<Vec<_>>())),
        ("/rules/0/id", json!("required_labels")),
        ("/rules/0/severity", json!("High")),
        ("/rules/0/judges", json!(["object"])),
        ("/matches", json!(vec![example()["matches"][0].clone(); 129])),
        ("/matches/0/groups", json!([])),
        ("/matches/0/groups", json!(["*", "apps"])),
        ("/matches/0/groups", json!(["apps", "apps"])),
        ("/matches/0/groups", json!(["apps/v1"])),
        ("/matches/0/groups", json!(["apps..example"])),
        ("/matches/0/versions", json!(["apps/v1"])),
        ("/matches/0/resources", json!(["deployments/scale"])),
        ("/matches/0/resources", json!(["Deployment"])),
        ("/matches/0/resources", json!((0..33).map(|index| format!("r{index}")).collect::<Vec<_>>())),
        ("/matches/0/subResources", json!(["*", "scale"])),
        ("/matches/0/subResources", json!([""])),
        ("/matches/0/operations", json!([])),
        ("/matches/0/operations", json!(["*"])),
        ("/matches/0/operations", json!(["UPDATE", "UPDATE"])),
        ("/matches/0/conditions", json!([{"name": "a b", "expression": "true"}])),
        ("/matches/0/conditions", json!([{"name": "a", "expression": ""}])),
        ("/matches/0/conditions", json!([{"name": "a", "expression": "x".repeat(4097)}])),
        ("/related", json!({"A": {"of": "parent"}})),
        ("/related/account", json!({"of": "children"})),
        ("/related/account", json!({})),
        ("/related/account/of", json!("parent")),
        ("/related/account/reference", json!("")),
        ("/related/account/reference", json!("spec")),
        ("/related/account/reference", json!("/a~2")),
        ("/related/account/reference", json!("/a~")),
        ("/related/account/reference", json!(format!("/{}", "a".repeat(256)))),
        ("/related/account/apiVersion", json!("/v1")),
        ("/related/account/kind", json!("serviceAccount")),
        ("/facts", json!(["rqlite"])),
        ("/facts", json!(["rqlite/"])),
        ("/facts", json!(["a/b", "a/b"])),
        ("/reads/0/fields", json!([])),
        ("/reads/0/fields", json!(["/a", "/a"])),
        ("/reads/0/namespaces", json!("db")),
        ("/settings", json!(true)),
    ] {
        agree(&schema, pointer, Some(&value), false);
    }
}

/// Every key of the manifest is either required or has a default, and no object takes another one.
#[test]
fn both_refuse_missing_and_unknown_keys() {
    let schema = published();
    for pointer in [
        "/manifest",
        "/name",
        "/version",
        "/summary",
        "/rules",
        "/matches",
        "/rules/0/id",
        "/rules/0/summary",
        "/rules/0/severity",
        "/rules/0/judges",
        "/matches/0/groups",
        "/matches/0/versions",
        "/matches/0/resources",
        "/matches/0/operations",
        "/related/account/reference",
        "/related/account/apiVersion",
        "/related/account/kind",
        "/related/namespace/of",
        "/reads/0/apiVersion",
        "/reads/0/kind",
        "/reads/0/namespaces",
        "/reads/0/fields",
    ] {
        agree(&schema, pointer, None, false);
    }
    for object in ["", "/rules/0", "/matches/0", "/related/account", "/related/namespace", "/reads/0"] {
        agree(&schema, &format!("{object}/unknown"), Some(&json!(null)), false);
    }
    agree(&schema, "/matches/0/conditions", Some(&json!([{"name": "a", "expression": "b", "unknown": 1}])), false);
}

/// What no schema can say. Each fits the schema, and the parser refuses it.
#[test]
fn only_the_parser_sees() {
    let schema = published();
    let rule = example()["rules"][0].clone();
    let read = example()["reads"][0].clone();
    for (what, pointer, value) in [
        ("unique rules", "/rules", json!([rule, rule])),
        ("reserved ids", "/rules/0/id", json!("not-judged")),
        ("CEL", "/matches/0/conditions", json!([{"name": "a", "expression": "a =="}])),
        (
            "nesting",
            "/matches/0/conditions",
            json!([{"name": "a", "expression": format!("{}1{}", "(".repeat(33), ")".repeat(33))}]),
        ),
        (
            "unique conditions",
            "/matches/0/conditions",
            json!([{"name": "a", "expression": "a"}, {"name": "a", "expression": "b"}]),
        ),
        ("unique reads", "/reads", json!([read, read])),
        ("schema of settings", "/settings", json!({"type": "text"})),
        ("references of settings", "/settings", json!({"$ref": "https://example.com/a"})),
        ("the host's key", "/settings", json!({"properties": {"namespaces": {}}})),
        ("bytes, not characters", "/summary", json!("\u{e4}".repeat(600))),
    ] {
        let manifest = changed(pointer, Some(&value));
        assert!(schema.is_valid(&manifest), "{what}: the schema sees it too; move it to the others");
        assert!(Manifest::parse(&manifest.to_string()).is_err(), "{what}");
    }
}

/// Every key has a description, and every object refuses others.
#[test]
fn the_schema_describes_every_key() {
    fn walk(schema: &Value, at: &str, keys: &mut usize) {
        let Some(keywords) = schema.as_object() else { return };
        if let Some(properties) = keywords.get("properties").and_then(Value::as_object) {
            assert_eq!(keywords.get("additionalProperties"), Some(&json!(false)), "{at}");
            for (key, property) in properties {
                *keys += 1;
                assert!(property["description"].is_string(), "{at}/{key} has no description");
            }
        }
        for (key, below) in keywords {
            walk(below, &format!("{at}/{key}"), keys);
        }
    }
    let mut keys = 0;
    walk(&serde_json::from_str(MANIFEST_SCHEMA).unwrap(), "", &mut keys);
    assert_eq!(keys, 30);
}

#[test]
fn the_package_is_the_contract_that_messages_name() {
    assert!(WIT.starts_with(&format!("package quorate:policy@{CONTRACT}.")));
}

#[test]
fn the_page_shows_the_example() {
    let page = include_str!("../../docs/policy-manifest.md");
    let shown = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(serde_json::from_str::<Value>(shown).unwrap(), example());
}
