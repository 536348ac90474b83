//! Which modules are not loaded, and what is said then.
//! Manifests and settings by themselves are unit tests of the contract's crate.

use std::collections::BTreeSet;

use quorate_engine::{Binding, BreakGlass, Grants, LoadError, PolicyLimits, PolicySet};
use quorate_tests::runtime;
use serde_json::json;

use quorate_tests::guest::{A, altered, hostile, policy_a, told};

#[track_caller]
fn refused(wasm: &[u8], binding: Binding, says: &str) {
    let error = runtime().load(A, wasm, binding).map(drop).unwrap_err();
    assert_eq!(error.to_string(), says);
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// Everything that the guest needs.
fn all() -> Grants {
    Grants {
        imports: names(&["facts"]),
        facts: names(&["rqlite"]),
        references: names(&["v1/ServiceAccount"]),
        ..Grants::default()
    }
}

fn granted(grants: Grants) -> Binding {
    Binding { grants: Some(grants), ..told("nothing") }
}

#[test]
fn describes_without_any_grant() {
    let description = runtime().describe(hostile()).unwrap();
    assert_eq!(description.manifest.name, "hostile-policy");
    assert_eq!(description.imports, names(&["edits", "facts", "log", "request", "types", "verdicts"]));
    assert_eq!(description.needs, all());
}

#[test]
fn refuses_an_import_from_elsewhere() {
    let says = "the component imports `evilcorp:clock/now@0.2.0`, which no policy is given; only interfaces of `quorate:policy` exist";
    refused(&altered(&[("quorate:policy/log", "evilcorp:clock/now")]), told("nothing"), says);
}

#[test]
fn refuses_another_contract_by_its_version() {
    let says = |version: &str, remedy: &str| {
        format!(
            "the component was built for `quorate:policy/types@{version}`, this Quorate has contract 0.2.0; {remedy}"
        )
    };
    let older = altered(&[("@0.2.0", "@0.1.0")]);
    refused(&older, told("nothing"), &says("0.1.0", "build it with the policy SDK of this version"));
    let newer = altered(&[("@0.2.0", "@0.3.0")]);
    refused(&newer, told("nothing"), &says("0.3.0", "upgrade Quorate, or build the module for this contract"));
}

#[test]
fn refuses_by_name_what_is_not_granted() {
    assert!(runtime().load(A, hostile(), granted(all())).is_ok());
    let says = |what: &str, key: &str| {
        format!("policy `{A}` {what}, which is not granted; add it to `policies.{A}.grants.{key}` in the configuration")
    };
    let without = |grants| granted(grants);
    refused(hostile(), without(Grants { imports: BTreeSet::new(), ..all() }), &says("imports `facts`", "imports"));
    refused(
        hostile(),
        without(Grants { facts: BTreeSet::new(), ..all() }),
        &says("asks for facts of `rqlite`", "facts"),
    );
    refused(
        hostile(),
        without(Grants { references: names(&["v1/Secret"]), ..all() }),
        &says("refers to objects of kind `v1/ServiceAccount`", "references"),
    );
    refused(
        hostile(),
        Binding { grants: Some(Grants::default()), ..told("nothing") },
        &says("imports `facts`", "imports"),
    );
}

#[test]
fn refuses_a_fact_that_nobody_knows() {
    let says = format!(
        "policy `{A}` asks for the fact `rqlite/tomorrow`, which nobody knows; known are `rqlite/current`, `rqlite/launch/object`, \
         `rqlite/launch/old-object`, `rqlite/launch/parent`, `rqlite/dependents`"
    );
    let spelt = (r#""facts": ["rqlite/current"],"#, r#""facts":["rqlite/tomorrow"],"#);
    refused(&altered(&[spelt]), told("nothing"), &says);
}

#[test]
fn refuses_what_is_no_policy() {
    assert!(matches!(runtime().describe(b"").unwrap_err(), LoadError::NotAComponent(_)));
    assert!(matches!(runtime().describe(b"\0asm\x01\0\0\0").unwrap_err(), LoadError::NotAComponent(_)));
    assert!(matches!(runtime().describe(&hostile()[..1000]).unwrap_err(), LoadError::NotAComponent(_)));
    let empty = b"\0asm\x0d\0\x01\0";
    let says = "the component exports no `quorate:policy/guest@0.2.0`; build it with the policy SDK";
    assert_eq!(runtime().describe(empty).unwrap_err().to_string(), says);
}

#[test]
fn refuses_a_manifest_that_is_wrong() {
    for (from, to) in [
        (r#""manifest": 1"#, r#""manifest": 2"#),
        ("hostile-policy", "Hostile Policy"),
        (r#""summary""#, r#""sommary""#),
    ] {
        let error = runtime().describe(&altered(&[(from, to)])).unwrap_err();
        assert!(matches!(error, LoadError::Manifest(_)), "{error}");
        assert!(error.to_string().starts_with("the manifest of the module is wrong: "), "{error}");
    }
}

#[test]
fn refuses_settings_that_schema_or_guest_refuse() {
    let error =
        runtime().load(A, hostile(), Binding { settings: json!({"does": 7}), ..told("") }).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the settings of policy `{A}` are wrong: `/does`: 7 is not of type \"string\"")
    );
    let says = format!("the settings of policy `{A}` are wrong: `/does`: refused by the guest");
    refused(hostile(), told("be-refused"), &says);
    refused(hostile(), told("trap-on-settings"), "`configure` failed: the policy stopped with an error");
    refused(hostile(), told("loop-on-settings"), "`configure` failed: the policy ran longer than 1000 ms of CPU");
    let says = "`configure` failed: the policy called the host wrongly: `request.uid`: it was called in `configure`; only `log` may be, before a request is under review";
    refused(hostile(), told("ask-on-settings"), says);
}

#[test]
fn the_settings_of_each_namespace_are_checked() {
    let settings = json!({"does": "nothing", "namespaces": {"db": {"does": "be-refused"}, "web": {"does": "deny"}}});
    let says = format!("the settings of policy `{A}` are wrong: `/namespaces/db/does`: refused by the guest");
    refused(hostile(), Binding { settings, ..told("") }, &says);
}

#[test]
fn refuses_more_memory_than_the_runtime_has() {
    let limits = PolicyLimits { memory_bytes: 65 << 20, ..PolicyLimits::default() };
    let says =
        format!("policy `{A}` may use 68157440 bytes of memory, the machine gives 67108864; lower the policy's limit");
    refused(hostile(), Binding { limits, ..told("nothing") }, &says);
}

#[test]
fn refuses_two_policies_of_one_name() {
    let twice = vec![policy_a(told("nothing")), policy_a(told("deny"))];
    let error = PolicySet::new(twice, BreakGlass::default()).map(drop).unwrap_err();
    assert_eq!(error.to_string(), format!("two policies are named `{A}`; remove one"));
}
