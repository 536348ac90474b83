//! Which modules are not loaded, and what is said then.
//! Descriptions and schemas by themselves are the engine's own unit tests.

use std::collections::BTreeSet;

use quorate_engine::{Binding, BreakGlass, LoadError, PolicyLimits, PolicySet};
use quorate_tests::runtime;
use serde_json::json;

use quorate_tests::guest::{A, altered, hostile, policy_a, told};

#[track_caller]
fn refused(wasm: &[u8], binding: Binding, says: &str) {
    let error = runtime().load(wasm, binding).map(drop).unwrap_err();
    assert_eq!(error.to_string(), says);
}

#[test]
fn describes_without_any_grant() {
    let description = runtime().describe(hostile()).unwrap();
    assert_eq!((description.name.as_str(), description.capabilities.len()), (A, 2));
    let imports: BTreeSet<String> = runtime().imports(hostile()).unwrap().into_iter().collect();
    let contract = ["log", "rqlite", "types"].map(|name| format!("quorate:policy/{name}@0.1.0"));
    assert_eq!(imports, BTreeSet::from(contract));
}

#[test]
fn refuses_an_import_from_elsewhere() {
    refused(
        &altered(&[("quorate:policy/log", "evilcorp:clock/now")]),
        told("nothing"),
        "the component imports `evilcorp:clock/now@0.1.0`, which no policy is given; only `quorate:policy/rqlite` and `quorate:policy/log` exist",
    );
}

#[test]
fn refuses_what_was_not_granted_or_declared() {
    let only = |names: &[&str]| Binding {
        capabilities: names.iter().map(|name| (*name).to_owned()).collect(),
        ..told("nothing")
    };
    refused(
        hostile(),
        only(&["rqlite"]),
        "policy `hostile-policy-a` asks for `log`, which is not granted; add it to `policies.hostile-policy-a.capabilities` in the configuration",
    );
    refused(
        &altered(&[("rqlite,log", "rqlite,lag")]),
        told("nothing"),
        "policy `hostile-policy-a` imports `log` but does not declare it; add it to `capabilities` in its description",
    );
}

#[test]
fn refuses_what_is_no_policy() {
    assert!(matches!(runtime().describe(b"").unwrap_err(), LoadError::NotAComponent(_)));
    assert!(matches!(runtime().describe(b"\0asm\x01\0\0\0").unwrap_err(), LoadError::NotAComponent(_)));
    assert!(matches!(runtime().describe(&hostile()[..1000]).unwrap_err(), LoadError::NotAComponent(_)));
    let without = altered(&[("check-settings", "other-settings")]);
    let error = runtime().describe(&without).unwrap_err();
    assert!(matches!(error, LoadError::WrongWorld(_)), "{error}");
    refused(
        &altered(&[(A, "Hostile Policy A")]),
        told("nothing"),
        "the description of policy `Hostile Policy A` is wrong: `name` must be kebab-case, like `quorum-guard`",
    );
}

#[test]
fn refuses_settings_that_schema_or_guest_refuse() {
    let settings = |settings| Binding { settings, ..told("") };
    let error = runtime().load(hostile(), settings(json!({"does": 7}))).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the settings of policy `hostile-policy-a` are wrong: `/does`: 7 is not of type \"string\""
    );
    refused(
        hostile(),
        told("be-refused"),
        "the settings of policy `hostile-policy-a` are wrong: `/does`: refused by the guest",
    );
    refused(hostile(), told("trap-on-settings"), "`check-settings` failed: the policy stopped with an error");
}

#[test]
fn refuses_more_memory_than_the_runtime_has() {
    let limits = PolicyLimits { memory_bytes: 65 << 20, ..PolicyLimits::default() };
    refused(
        hostile(),
        Binding { limits, ..told("nothing") },
        "policy `hostile-policy-a` may use 68157440 bytes of memory, the machine gives 67108864; lower the policy's limit",
    );
}

#[test]
fn refuses_two_policies_of_one_name() {
    let twice = vec![policy_a(told("nothing")), policy_a(told("deny"))];
    let error = PolicySet::new(twice, BreakGlass::default()).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "two policies are named `hostile-policy-a`; remove one");
}
