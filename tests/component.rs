//! Every case of every built-in policy through the built component: the same words, byte for byte, as natively.
//! And what the components are: no imports but the contract's.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use kubernetes::admission::{Phase, Request};
use quorate_cases::{Case, Ran};
use quorate_engine::{Binding, Policy, RawVerdict};
use quorate_facts::{prepared_from_text, related};
use quorate_tests::{binding, block_on, runtime, workspace};
use serde_json::Value;

#[test]
fn every_case_gets_the_same_words_from_the_component() {
    let mut differences = Vec::new();
    let mut count = 0;
    for module in quorate_builtin::modules() {
        let policy = runtime().load(module.wasm, binding(Value::Object(Default::default()))).unwrap();
        for case in quorate_cases::load(&workspace().join("policies").join(module.name)) {
            let bound = policy.with_binding(Binding { settings: case.settings.clone(), ..policy.binding().clone() });
            let ran = run(&bound.unwrap_or_else(|error| panic!("{}: {error}", case.name)), &case);
            count += 1;
            differences.extend(case.compare(module.name, &ran).err());
        }
    }
    assert!(count > 100, "only {count} cases found");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn components_import_nothing_but_the_contract() {
    let granted = BTreeSet::from(["quorate:policy/rqlite@0.1.0".to_owned(), "quorate:policy/types@0.1.0".to_owned()]);
    for module in quorate_builtin::modules() {
        let imports: BTreeSet<String> = runtime().imports(module.wasm).unwrap().into_iter().collect();
        assert!(imports.is_subset(&granted), "{} imports {imports:?}", module.name);
    }
}

/// Both phases through the component, as `Case::run_native` does natively.
fn run(policy: &Policy, case: &Case) -> Ran {
    let mut review = case.review.clone();
    let mut call = |phase| {
        let bytes = review.to_string();
        let request = Request::decode(bytes.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        policy.matching(phase, &request)?;
        let prepared = prepared_from_text(&request, block_on(related(case, &request)), &case.facts);
        let verdict = block_on(policy.call(phase, &request, &prepared));
        let verdict = verdict.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        if let Some(patch) = &verdict.patch {
            let patch: json_patch::Patch = serde_json::from_str(patch).unwrap();
            json_patch::patch(&mut review["request"]["object"], &patch).unwrap();
        }
        Some(guest_words(verdict))
    };
    let mutated = if case.mutates { call(Phase::Mutate) } else { None };
    Ran { mutated, validated: call(Phase::Validate) }
}

/// The host's copy of the contract's types, as the guest's.
fn guest_words(verdict: RawVerdict) -> quorate_sdk::Verdict {
    use quorate_engine::RawLevel;
    use quorate_sdk::bindings::quorate::policy::types::Finding;
    let findings = verdict.findings.into_iter().map(|finding| Finding {
        rule: finding.rule,
        level: match finding.level {
            RawLevel::Deny => quorate_sdk::Level::Deny,
            RawLevel::Warn => quorate_sdk::Level::Warn,
            RawLevel::NotJudged => quorate_sdk::Level::NotJudged,
        },
        message: finding.message,
        field: finding.field,
        remedy: finding.remedy,
        retry: finding.retry,
        defect: finding.defect,
    });
    quorate_sdk::Verdict { findings: findings.collect(), patch: verdict.patch, audit: verdict.audit }
}
