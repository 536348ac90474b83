//! `quorate policy` and `quorate explain`: what is loaded, and the pages of the rules.
//! What the rules decide is tested elsewhere.

use serde_json::{Value, json};

use crate::common::{Folder, in_repository, only};

#[test]
fn lists_every_built_in_policy_and_explains_every_rule() {
    let run = in_repository(&["policy", "list", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let list = run.json();
    let policies = list.as_array().unwrap();
    let names =
        |of: fn(&&Value) -> bool| policies.iter().filter(of).map(|policy| policy["name"].as_str().unwrap()).collect();
    let (all, mutating): (Vec<&str>, Vec<&str>) = (names(|_| true), names(|policy| policy["mutating"] == true));
    assert_eq!(all, quorate_cases::built_in().collect::<Vec<_>>());
    assert_eq!(mutating, ["secret-mounts", "remove-on-shutdown"]);
    for policy in policies {
        let keys: Vec<&String> = policy.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["mutating", "name", "rules", "version"]);
        let prefix = format!("{}/", policy["name"].as_str().unwrap());
        let rules = policy["rules"].as_array().unwrap();
        assert!(!rules.is_empty());
        for rule in rules {
            assert!(rule["id"].as_str().unwrap().starts_with(&prefix), "{rule}");
            assert!(!rule["summary"].as_str().unwrap().is_empty(), "{rule}");
            assert_explained(rule["id"].as_str().unwrap());
        }
    }
}

#[track_caller]
fn assert_explained(id: &str) {
    let run = in_repository(&["explain", id]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with(&format!("# {id}\n")), "{id}: {}", run.stdout);
}

#[test]
fn lists_what_the_configuration_leaves() {
    let config = only(&["quorum-guard", "remove-on-shutdown"]) + "  quorum-guard: {mode: warn}\n";
    let run = Folder::new(&[("quorate.yaml", &config)]).quorate(&["policy", "list", "--config", "quorate.yaml"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let headings: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).collect();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        headings,
        [
            format!("quorum-guard {version}, validating, mode warn"),
            format!("remove-on-shutdown {version}, mutating and validating, mode enforce"),
        ]
    );
}

#[test]
fn shows_settings_and_their_schema() {
    let config = "policies:\n  quorum-guard:\n    onError: allow\n    settings: {deletion: warn}\n";
    let folder = Folder::new(&[("quorate.yaml", config)]);
    let show = ["policy", "show", "quorum-guard", "--config", "quorate.yaml"];
    let run = folder.quorate(&[&show[..], &["--format", "json"]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    let shown = run.json();
    assert_eq!(
        (&shown["name"], &shown["mode"], &shown["onError"]),
        (&json!("quorum-guard"), &json!("enforce"), &json!("allow"))
    );
    assert_eq!(shown["settings"], json!({"deletion": "warn"}));
    assert!(shown["settingsSchema"]["properties"]["deletion"].is_object(), "{shown}");
    let text = folder.quorate(&show).stdout;
    for part in [
        "quorum-guard/scale-below-quorum",
        "UPDATE of apps statefulsets/scale",
        "\"deletion\": \"warn\"",
        "onError: allow",
    ] {
        assert!(text.contains(part), "{part} not in {text}");
    }
}

#[test]
fn names_the_nearest_policy() {
    in_repository(&["policy", "show", "quorum-gard"]).assert_unusable(&[
        "quorate: defaults: no policy `quorum-gard` is loaded, the nearest known one is `quorum-guard`",
    ]);
}

#[test]
fn lists_the_rules_of_a_policy() {
    let run = in_repository(&["explain", "bootstrap-expect-lock"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.stdout,
        "bootstrap-expect-lock/bootstrap-expect-changed\nbootstrap-expect-lock/bootstrap-expect-mismatch\nbootstrap-expect-lock/bootstrap-expect-removed\n"
    );
}

#[test]
fn explains_what_check_says_by_itself() {
    let own = ["check/immutable-change", "check/not-applied", "check/replicas-not-known", "check/way-not-known"];
    own.into_iter().for_each(assert_explained);
    assert_eq!(in_repository(&["explain", "check"]).stdout, format!("{}\n", own.join("\n")));
}

#[test]
fn names_the_nearest_rule() {
    in_repository(&["explain", "quorum-guard/scale-below-quorums"])
        .assert_unusable(&["quorate: no rule `quorum-guard/scale-below-quorums`, the nearest known one is `quorum-guard/scale-below-quorum`"]);
    in_repository(&["explain", "zebra"])
        .assert_unusable(&["quorate: no rule `zebra`; `quorate policy list` shows all"]);
}
