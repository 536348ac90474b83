//! What mutation does to whole objects: twice is once, git re-applied is the live template, and rqlited would see what went in.
//! Over every case of the mutating policies, and over upstream's manifests and charts where they are there.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use kubernetes::admission::{Phase, Request};
use kubernetes::manifest::StatefulSet;
use kubernetes::verdict::Level;
use quorate_fixtures::review;
use quorate_fixtures::set::rqlite_set;
use quorate_tests::{binding, block_on, builtin, builtin_with, knowing, upstream, upstream_sets, workspace};
use rqlite::cluster::RqliteSet;
use rqlite::role::Role;
use serde_json::{Value, json};

const NOTHING_KNOWN: &str = r#"{"version": 1}"#;

#[test]
fn mutating_twice_is_mutating_once_in_every_case() {
    let mut count = 0;
    for policy in ["remove-on-shutdown", "secret-mounts"] {
        for case in quorate_cases::load(&workspace().join("policies").join(policy)) {
            let set = builtin_with(
                |name| if name == policy { binding(case.settings.clone()) } else { binding(serde_json::json!({})) },
                quorate_engine::BreakGlass::default(),
            );
            let once = mutated(&set, &case.review, &case.facts);
            let mut again = case.review.clone();
            again["request"]["object"] = once.clone();
            let twice = mutated(&set, &again, &case.facts);
            assert_eq!(twice, once, "{policy}/{}/{}", case.rule, case.name);
            count += 1;
        }
    }
    assert!(count > 100, "only {count} cases found");
}

#[test]
fn mutating_twice_is_mutating_once_for_every_upstream_set() {
    for (name, set) in upstream_sets() {
        let once = mutated(builtin(), &review::of_change(None, Some(&set)), NOTHING_KNOWN);
        let twice = mutated(builtin(), &review::of_change(None, Some(&once)), NOTHING_KNOWN);
        assert_eq!(twice, once, "{name}");
    }
}

#[test]
fn the_manifest_from_git_gives_the_live_template_again() {
    for (name, git) in upstream_sets() {
        let live = mutated(builtin(), &review::of_change(None, Some(&git)), NOTHING_KNOWN);
        // A client-side apply keeps the annotations that git does not know.
        let mut applied = git.clone();
        applied["metadata"]["annotations"] = live["metadata"]["annotations"].clone();
        for reapplied in [git, applied] {
            let result = mutated(builtin(), &review::of_change(Some(&live), Some(&reapplied)), NOTHING_KNOWN);
            let template = |set: &Value| set["spec"]["template"].to_string();
            assert_eq!(template(&result), template(&live), "{name}");
        }
    }
}

#[test]
fn rqlited_would_see_the_injected_flag_in_every_set_of_three_voters_or_more() {
    let mut injected = 0;
    for (name, git) in upstream_sets() {
        let live = mutated(builtin(), &review::of_change(None, Some(&git)), NOTHING_KNOWN);
        let (before, after) = (detected(&git), detected(&live));
        if before.role() == Role::ReadOnly || before.replicas < 3 {
            assert_eq!(live["spec"], git["spec"], "{name}");
            continue;
        }
        assert!(after.removes_itself(), "{name}");
        assert!(after.nodes[0].shutdown.grace_seconds >= 30, "{name}");
        injected += usize::from(!before.removes_itself());
    }
    assert!(injected > 5 || upstream().is_none(), "injected into {injected} sets only");
}

/// Node TLS may start with one voter, and not at a creation beside running pods: the launch that takes no flag is old in both.
#[test]
fn a_defect_that_was_there_is_old_whatever_pods_run() {
    let set = |annotations: Value, version: &str| {
        let mut set = rqlite_set(1);
        set["metadata"]["annotations"] = annotations;
        let template = &mut set["spec"]["template"];
        template["metadata"]["labels"]["version"] = json!(version);
        template["spec"]["containers"][0]["command"] = json!(["/start.sh"]);
        set
    };
    let asking = json!({ "quorate.dev/node-tls-secret": "rqlite-node-tls" });
    for facts in [NOTHING_KNOWN, r#"{"version": 1, "pods": [{"name": "rqlite-0", "ready": true}]}"#] {
        let level = |before: Value| {
            let bytes = review::of_change(Some(&set(before, "1")), Some(&set(asking.clone(), "2"))).to_string();
            let request = Request::decode(bytes.as_bytes()).unwrap();
            let review = block_on(builtin().review(Phase::Validate, &request, &knowing(&request, facts)));
            review.findings.iter().find(|finding| finding.rule == "secret-mounts/not-mounted").unwrap().level
        };
        assert_eq!(level(json!({})), Level::Deny, "{facts}");
        assert_eq!(level(asking.clone()), Level::Warn, "{facts}");
    }
}

fn detected(set: &Value) -> RqliteSet {
    let set: StatefulSet = serde_json::from_value(set.clone()).unwrap();
    RqliteSet::detect(&set).unwrap()
}

/// The object after the mutating phase of an AdmissionReview; null where there is none.
fn mutated(set: &quorate_engine::PolicySet, review: &Value, facts: &str) -> Value {
    let bytes = review.to_string();
    let request = Request::decode(bytes.as_bytes()).unwrap();
    let patch = block_on(set.review(Phase::Mutate, &request, &knowing(&request, facts))).patch;
    let mut object = review["request"]["object"].clone();
    let patch: json_patch::Patch = serde_json::from_str(&patch.to_string()).unwrap();
    json_patch::patch(&mut object, &patch).unwrap();
    object
}
