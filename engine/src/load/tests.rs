//! Which imports and needs are let in, and how a refusal reads. Components are loaded in the `tests` crate.

use quorate_contract::Manifest;

use super::grants::{check, needed};
use super::imports::interfaces;
use super::*;
use crate::provider::fixture::Weather;

fn manifest(facts: &str, reads: &str) -> Manifest {
    let text = format!(
        r#"{{"manifest": 1, "name": "labels", "version": "1", "summary": "s",
            "rules": [{{"id": "missing", "summary": "s", "severity": "low", "judges": "object"}}],
            "matches": [{{"groups": [""], "versions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}}],
            "related": {{"space": {{"of": "namespace"}}, "key": {{"reference": "/spec/key", "apiVersion": "v1", "kind": "Secret"}}}},
            "facts": [{facts}], "reads": [{reads}]}}"#
    );
    Manifest::parse(&text).unwrap()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn only_the_contract_of_this_version_is_imported() {
    let of = |import: &str| interfaces([import]).map(|names| names.into_iter().collect::<Vec<_>>());
    assert_eq!(of("quorate:policy/request@0.2.0").unwrap(), ["request"]);
    assert_eq!(of("quorate:policy/request@0.2.7").unwrap(), ["request"], "wasmtime says what of it is not there");
    for other in ["quorate:policy/request@0.1.0", "quorate:policy/request@0.20.0", "quorate:policy/request@1.2.0"] {
        assert!(matches!(of(other), Err(LoadError::OtherContract { .. })), "{other}");
    }
    for foreign in ["wasi:cli/run@0.2.0", "quorate:policy/sockets@0.2.0", "quorate:policy/request", "env"] {
        assert!(matches!(of(foreign), Err(LoadError::ForeignImport { .. })), "{foreign}");
    }
}

#[test]
fn a_module_needs_what_it_imports_and_what_its_manifest_asks_for() {
    let needs = needed(&manifest(r#""weather/today""#, ""), &names(&["request", "log", "time", "facts"]));
    assert_eq!(needs.imports, names(&["facts", "time"]));
    assert_eq!(needs.facts, names(&["weather"]));
    assert_eq!(needs.references, names(&["v1/Secret"]), "what belongs to the object needs no grant");
}

#[test]
fn a_secret_by_name_is_refused_unless_it_is_granted() {
    let manifest = manifest("", "");
    let granted = |references: &[&str]| {
        let grants = Grants { references: names(references), ..Grants::default() };
        check("labels", &manifest, &BTreeSet::new(), Some(&grants), &Weather)
    };
    assert!(granted(&["v1/Secret"]).is_ok());
    assert_eq!(
        granted(&["v1/ConfigMap"]).unwrap_err().to_string(),
        "policy `labels` refers to objects of kind `v1/Secret`, which is not granted; add it to `policies.labels.grants.references` in the configuration"
    );
    assert!(check("labels", &manifest, &BTreeSet::new(), None, &Weather).is_ok(), "what is built in is trusted");
}

#[test]
fn the_cluster_is_refused_until_it_is_offered() {
    let everything =
        || Some(Grants { imports: names(&["cluster"]), reads: names(&["v1/Service"]), ..Grants::default() });
    let imported = check("labels", &manifest("", ""), &names(&["cluster"]), everything().as_ref(), &Weather);
    let says = "policy `labels` reads the cluster by the import `cluster`, which this Quorate does not offer yet; remove it from the module";
    assert_eq!(imported.unwrap_err().to_string(), says);
    let reads = r#"{"apiVersion": "v1", "kind": "Service", "namespaces": "own", "fields": ["/spec"]}"#;
    let declared = check("labels", &manifest("", reads), &BTreeSet::new(), everything().as_ref(), &Weather);
    let says = "policy `labels` reads the cluster by `reads` of v1/Service, which this Quorate does not offer yet; remove it from the module";
    assert_eq!(declared.unwrap_err().to_string(), says);
}
