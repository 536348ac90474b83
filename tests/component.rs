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

/// The core module of a policy: what a server compiles, and what each of its instances maps. Measured, and rounded up to 10 kB.
const MOST_BYTES: [(&str, usize); 4] = [
    ("quorum-guard", 510_000),
    ("bootstrap-expect-lock", 450_000),
    ("remove-on-shutdown", 510_000),
    ("secret-mounts", 580_000),
];

#[test]
fn core_modules_stay_small() {
    for module in quorate_builtin::modules() {
        let (_, most) = MOST_BYTES.into_iter().find(|(name, _)| *name == module.name).unwrap();
        let bytes = core_module(module.wasm);
        assert!(bytes <= most, "{}: {bytes} bytes, at most {most}; what grew is worth a look", module.name);
        // Bounds follow what gets smaller.
        assert!(bytes + 20_000 > most, "{}: {bytes} bytes, lower its bound of {most}", module.name);
    }
}

/// The bytes of the largest core module of a component.
fn core_module(component: &[u8]) -> usize {
    const CORE_MODULE: u8 = 1;
    let mut rest = &component[8..];
    let mut largest = 0;
    while let Some((id, mut behind)) = rest.split_first() {
        let (mut size, mut shift) = (0_usize, 0);
        while let Some((byte, next)) = behind.split_first() {
            size |= usize::from(byte & 0x7f) << shift;
            (shift, behind) = (shift + 7, next);
            if byte & 0x80 == 0 {
                break;
            }
        }
        if *id == CORE_MODULE {
            largest = largest.max(size);
        }
        rest = &behind[size..];
    }
    largest
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
