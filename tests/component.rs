//! Every case of every built-in policy through the built component: the same words, byte for byte, as natively.
//! And what the components are: no imports but the contract's.
#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use kubernetes::admission::{Phase, Request};
use quorate_cases::{Case, Ran, Verdict};
use quorate_engine::{Binding, Description, Grants, Policy};
use quorate_facts::{prepared_from_text, related};
use quorate_tests::{binding, block_on, builtin, runtime, workspace};
use serde_json::Value;

#[test]
fn every_case_gets_the_same_words_from_the_component() {
    let mut differences = Vec::new();
    let mut count = 0;
    for module in quorate_builtin::modules() {
        let policy = runtime().load(module.name, module.wasm, binding(Value::Object(Default::default()))).unwrap();
        for case in quorate_cases::load(&workspace().join("policies").join(module.name)) {
            let bound = policy
                .with_binding(module.name, Binding { settings: case.settings.clone(), ..policy.binding().clone() });
            let ran = run(&bound.unwrap_or_else(|error| panic!("{}: {error}", case.name)), &case);
            count += 1;
            differences.extend(case.compare(module.name, &ran).err());
        }
    }
    assert!(count > 100, "only {count} cases found");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn components_import_nothing_but_what_they_use() {
    for module in quorate_builtin::modules() {
        let Description { imports, needs, .. } = runtime().describe(module.wasm).unwrap();
        let edits = imports.contains("edits");
        let mutates = builtin()
            .policies()
            .iter()
            .any(|policy| policy.name() == module.name && policy.phases().contains(&Phase::Mutate));
        assert_eq!(edits, mutates, "{} imports {imports:?}", module.name);
        let granted = Grants {
            imports: BTreeSet::from(["facts".to_owned()]),
            facts: BTreeSet::from(["rqlite".to_owned()]),
            ..Grants::default()
        };
        assert_eq!(needs, granted, "{}", module.name);
    }
}

/// Both phases through the component, as `Case::run_native` does natively.
fn run(policy: &Policy, case: &Case) -> Ran {
    let mut review = case.review.clone();
    let mut call = |phase| {
        let bytes = review.to_string();
        let request = Request::decode(bytes.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        if !policy.matches(phase, &request) {
            return None;
        }
        let prepared = prepared_from_text(&request, &block_on(related(case, &request)), &case.facts);
        let said = block_on(policy.call(phase, &request, &prepared));
        let verdict =
            Verdict::of(said.unwrap_or_else(|error| panic!("{}: {error}", case.name)), request.object.as_ref());
        if let Some(object) = &verdict.object {
            review["request"]["object"] = object.clone();
        }
        Some(verdict)
    };
    let mutated = if case.mutates { call(Phase::Mutate) } else { None };
    Ran { mutated, validated: call(Phase::Validate) }
}
