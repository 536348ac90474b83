//! Nothing is untested or undocumented by accident: every rule has its file, its page, its refusal and a similar case that is allowed.
//! `QUORATE_BLESS=1` (`make generate`) writes the pages.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kubernetes::request::RequestKind;
use quorate_engine::Policy;
use quorate_tests::{builtin, workspace};

fn rules() -> Vec<(&'static Policy, &'static str)> {
    let policies = builtin().policies().iter();
    policies.flat_map(|policy| policy.manifest().rules.iter().map(move |rule| (policy, rule.id.as_str()))).collect()
}

#[test]
fn every_rule_has_a_file_and_every_file_a_rule() {
    for policy in builtin().policies() {
        let declared: BTreeSet<String> =
            policy.manifest().rules.iter().map(|rule| format!("{}.rs", rule.id.replace('-', "_"))).collect();
        let folder = workspace().join("policies").join(policy.name()).join("src/rule");
        let mut files = names(&folder);
        files.retain(|name| {
            name != "mod.rs" && fs::read_to_string(folder.join(name)).is_ok_and(|s| s.contains("const RULE: Rule"))
        });
        assert_eq!(files, declared, "{}", policy.name());
    }
}

#[test]
fn every_rule_has_a_refusal_and_a_weaker_case() {
    let mut missing = Vec::new();
    for (policy, rule) in rules() {
        let all = quorate_cases::load(&workspace().join("policies").join(policy.name()));
        let cases: BTreeSet<&str> =
            all.iter().filter(|case| case.rule == rule).map(|case| case.name.as_str()).collect();
        let weights: BTreeSet<u8> = cases.iter().filter_map(|name| weight(name)).collect();
        let refused = weights.iter().any(|weight| *weight >= 1);
        if !refused || weights.len() < 2 {
            missing.push(format!("{}/{rule}: {cases:?}", policy.name()));
        }
    }
    assert!(missing.is_empty(), "without a refusal and a weaker case:\n{}", missing.join("\n"));
}

/// The words of the cases are what the policies say (`every_case_gets_the_same_words_from_the_component`): a rule that nothing calls has none.
#[test]
fn every_rule_speaks_in_its_cases() {
    let speaks = |policy: &Policy, rule: &str| {
        let cases = quorate_cases::load(&workspace().join("policies").join(policy.name()));
        let words = format!(" {}/{rule}: ", policy.name());
        cases.iter().filter(|case| case.rule == rule).any(|case| case.expected.contains(&words))
    };
    let silent: Vec<String> = rules()
        .into_iter()
        .filter(|(policy, rule)| !speaks(policy, rule))
        .map(|(policy, rule)| format!("{}/{rule}", policy.name()))
        .collect();
    assert!(
        silent.is_empty(),
        "rules that say nothing in any of their cases, so that nothing may call them: {silent:?}"
    );
}

/// The gate looks at the objects of that table alone while no policy is loaded, and entries are written for its rows.
#[test]
fn the_built_in_policies_ask_for_the_requests_of_the_table_and_for_no_others() {
    let mut asked = BTreeSet::new();
    for rule in builtin().policies().iter().flat_map(|policy| &policy.manifest().matches) {
        let sub_resources: Vec<Option<&str>> = match rule.sub_resources.as_slice() {
            [] => vec![None],
            named => named.iter().map(|name| Some(name.as_str())).collect(),
        };
        for (group, plural) in rule.groups.iter().flat_map(|group| rule.resources.iter().map(move |one| (group, one))) {
            asked.extend(sub_resources.iter().map(|sub_resource| (group.as_str(), plural.as_str(), *sub_resource)));
        }
    }
    let rows = RequestKind::ALL.into_iter().filter_map(RequestKind::resource);
    assert_eq!(asked, rows.map(|row| (row.group, row.plural, row.sub_resource)).collect());
}

/// How much the outcome in a case's name weighs.
fn weight(case: &str) -> Option<u8> {
    let weights = [("allows-", 0), ("patches-", 0), ("warns-", 1), ("not-judged-", 2), ("denies-", 3)];
    weights.iter().find(|(prefix, _)| case.starts_with(prefix)).map(|(_, weight)| *weight)
}

#[test]
fn every_rule_has_its_generated_page() {
    let folder = workspace().join("docs/rules");
    let mut expected = BTreeSet::new();
    for module in quorate_builtin::modules() {
        for page in module.pages {
            let file = folder.join(module.name).join(format!("{}.md", page.rule));
            expected.insert(file.clone());
            bless(&file, page.text);
            let written = fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(written, page.text, "{} is not what the source says; run `make generate`", file.display());
        }
    }
    let declared: BTreeSet<PathBuf> =
        rules().iter().map(|(policy, rule)| folder.join(policy.name()).join(format!("{rule}.md"))).collect();
    assert_eq!(expected, declared, "pages and declared rules differ");
    let found: BTreeSet<PathBuf> = names(&folder)
        .iter()
        .flat_map(|policy| {
            names(&folder.join(policy)).into_iter().map(|n| folder.join(policy).join(n)).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(found, declared, "a page of a rule that is no more");
}

#[test]
fn every_page_has_its_headings() {
    for module in quorate_builtin::modules() {
        for page in module.pages {
            for heading in ["## What it ", "## Why", "## Example", "## Instead", "## When the value is unknown"] {
                assert!(page.text.contains(heading), "{}/{}: no `{heading}`", module.name, page.rule);
            }
        }
    }
}

fn bless(file: &Path, text: &str) {
    if std::env::var_os("QUORATE_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// The names in a folder; empty if there is none.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
