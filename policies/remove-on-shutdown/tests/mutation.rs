//! What holds for every case: twice is once, rqlited parses what was injected, and the manifest from git gives the live template.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what is not there fails it")]

use std::path::Path;

use kubernetes::manifest::StatefulSet;
use quorate_cases::{Case, load};
use remove_on_shutdown::RemoveOnShutdown;
use rqlite::cluster::RqliteSet;
use serde_json::Value;

const TOKEN: &str = "-raft-cluster-remove-shutdown=true";

fn cases() -> Vec<Case> {
    load(Path::new(env!("CARGO_MANIFEST_DIR")))
}

/// The operations of the mutating phase.
fn patch(case: &Case) -> String {
    case.run_native::<RemoveOnShutdown>().mutated.and_then(|verdict| verdict.patch).unwrap_or_else(|| "[]".to_owned())
}

fn mutated(mut case: Case) -> Case {
    let patch: json_patch::Patch = serde_json::from_str(&patch(&case)).unwrap();
    json_patch::patch(&mut case.review["request"]["object"], &patch).unwrap();
    case
}

fn template<'a>(case: &'a Case, object: &str) -> &'a Value {
    &case.review["request"][object]["spec"]["template"]
}

#[test]
fn what_is_mutated_twice_is_mutated_once() {
    for case in cases().into_iter().map(mutated) {
        assert_eq!(patch(&case), "[]", "{}/{}", case.rule, case.name);
    }
}

#[test]
fn rqlited_parses_every_injected_flag() {
    let injecting: Vec<Case> =
        cases().into_iter().filter(|case| patch(case).contains(&format!("\"value\":\"{TOKEN}\""))).collect();
    assert!(injecting.len() > 15, "only {} cases inject", injecting.len());
    for case in injecting.into_iter().map(mutated) {
        let set: StatefulSet = serde_json::from_value(case.review["request"]["object"].clone()).unwrap();
        let set = RqliteSet::detect(&set).unwrap();
        assert!(set.removes_itself(), "{}/{}", case.rule, case.name);
        let line = set.nodes[0].launch.line.as_ref().unwrap();
        assert_eq!(line.error, None, "{}/{}", case.rule, case.name);
        assert!(set.nodes[0].shutdown.grace_seconds >= 30, "{}/{}", case.rule, case.name);
    }
}

#[test]
fn the_manifest_from_git_gives_the_live_template() {
    let applied = [
        "patches-manifest-from-git-applied-again",
        "patches-chart-applied-again",
        "patches-client-side-apply-that-keeps-the-list",
        "patches-git-manifest-with-two-replicas",
        "patches-manifest-from-git-although-advised",
    ];
    let cases: Vec<Case> = cases().into_iter().filter(|case| applied.contains(&case.name.as_str())).collect();
    assert_eq!(cases.len(), applied.len());
    for case in cases.into_iter().map(mutated) {
        assert_eq!(template(&case, "object"), template(&case, "oldObject"), "{}/{}", case.rule, case.name);
        let list =
            |object: &str| case.review["request"][object]["metadata"]["annotations"]["quorate.dev/injected"].clone();
        assert_eq!(list("object"), list("oldObject"), "{}/{}", case.rule, case.name);
    }
}
