//! `quorate ignore-differences`: what it prints matches the object that Argo CD compares, wherever the manifest is applied.

use serde_json::Value;

use crate::common::{Folder, Run};

const SET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: rqlite
spec:
  replicas: 3
  serviceName: rqlite-internal
  podManagementPolicy: Parallel
  selector: { matchLabels: { app: rqlite } }
  template:
    metadata: { labels: { app: rqlite } }
    spec:
      containers:
        - name: rqlite
          image: rqlite/rqlite:9.4.5
          args: [-disco-mode=dns, '-disco-config={\"name\":\"rqlite-internal\"}', -bootstrap-expect=3]
";

fn ignored(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{run:?}");
    let printed: Vec<Value> = serde_saphyr::from_multiple(&run.stdout).unwrap();
    printed[0]["ignoreDifferences"].as_array().cloned().unwrap_or_default()
}

/// Whether Argo CD applies the rule to an object, by its diff normaliser: what a rule leaves out matches everything, and an object without
/// a namespace has the destination's by then.
fn applies(rule: &Value, (group, kind, namespace, name): (&str, &str, &str, &str)) -> bool {
    let is = |field: &str, value: &str| rule.get(field).and_then(Value::as_str).is_none_or(|own| own == value);
    is("group", group) && is("kind", kind) && is("namespace", namespace) && is("name", name)
}

#[track_caller]
fn assert_applies(manifest: &str, arguments: &[&str], places: &[(&str, bool)]) {
    let folder = Folder::new(&[("set.yaml", manifest)]);
    let run = folder.quorate(&[&["ignore-differences", "set.yaml"], arguments].concat());
    let rules = ignored(&run);
    assert_eq!(rules.len(), 1, "{run:?}");
    assert!(rules[0]["jqPathExpressions"].to_string().contains("-raft-cluster-remove-shutdown=true"), "{run:?}");
    for (namespace, expected) in places {
        let object = ("apps", "StatefulSet", *namespace, "rqlite");
        assert_eq!(applies(&rules[0], object), *expected, "in {namespace}: {}", run.stdout);
    }
}

#[test]
fn a_manifest_without_a_namespace_is_matched_at_every_destination() {
    assert_applies(SET, &[], &[("db", true), ("default", true)]);
}

#[test]
fn a_destination_that_is_told_is_the_only_one() {
    assert_applies(SET, &["--namespace", "db"], &[("db", true), ("default", false)]);
}

#[test]
fn a_namespace_of_the_manifest_stays() {
    let named = SET.replace("  name: rqlite\n", "  name: rqlite\n  namespace: store\n");
    assert_applies(&named, &[], &[("store", true), ("db", false)]);
    assert_applies(&named, &["--namespace", "db"], &[("store", true), ("db", false)]);
}

#[test]
fn two_sets_of_one_name_have_a_rule_each() {
    let other = SET.replace("  name: rqlite\n", "  name: rqlite\n  namespace: store\n");
    let folder = Folder::new(&[("one.yaml", SET), ("other.yaml", &other)]);
    let rules = ignored(&folder.quorate(&["ignore-differences", "one.yaml", "other.yaml"]));
    let namespaces: Vec<&Value> = rules.iter().map(|rule| &rule["namespace"]).collect();
    assert_eq!(namespaces, [&Value::Null, &Value::from("store")]);
}

/// The API server makes the name: no rule could name it, and it is said.
#[test]
fn an_object_without_a_name_is_told_of() {
    let folder = Folder::new(&[("set.yaml", &SET.replace("  name: rqlite\n", "  generateName: rqlite-\n"))]);
    let run = folder.quorate(&["ignore-differences", "set.yaml"]);
    assert!(run.stderr.contains("set.yaml") && run.stderr.contains("no `metadata.name`"), "{run:?}");
}
