//! The six outputs of one check, and that several can be had at once.

use serde_json::Value;

use super::support::{States, set};

fn states() -> States {
    let head: &[(&str, &str)] =
        &[("a b/db.yaml", &set(1)), ("x.yaml", "apiVersion: [\n"), ("t.yaml", "apiVersion: {{ x }}\n{{ y }}")];
    States::new(&[("a b/db.yaml", &set(3))], head)
}

#[test]
fn several_outputs_at_once_each_to_its_place() {
    let states = states();
    let run = states.check(&["-o", "sarif=out.sarif", "-o", "json=out.json", "-o", "text"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.starts_with("StatefulSet db/rqlite: denied"), "{}", run.stdout);
    let json: Value = serde_json::from_slice(&std::fs::read(states.path("out.json")).unwrap()).unwrap();
    assert_eq!((json["version"].as_u64(), json["exit"].as_u64()), (Some(1), Some(1)));
    let summary = &json["summary"];
    assert_eq!(
        (&summary["denied"], &summary["unreadable"], &summary["notEvaluated"]),
        (&1.into(), &1.into(), &1.into())
    );
    let sarif: Value = serde_json::from_slice(&std::fs::read(states.path("out.sarif")).unwrap()).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&sarif["version"], &result["ruleId"]), (&"2.1.0".into(), &"quorum-guard/scale-below-quorum".into()));
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "a%20b/db.yaml");
    assert_eq!(
        (physical["region"]["startLine"].as_u64(), physical["region"]["startColumn"].as_u64()),
        (Some(10), Some(3))
    );
    let notifications = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notifications.len(), 2);
}

#[test]
fn annotations_stand_at_the_line() {
    let run = states().check(&["-o", "github"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(
        lines[0].starts_with(
            "::error file=a b/db.yaml,line=10,col=3,title=quorum-guard/scale-below-quorum::StatefulSet db/rqlite: replicas 3 -> 1 leaves 1 of 3 voters"
        ),
        "{}",
        run.stdout
    );
    assert!(lines[1].starts_with("::error file=x.yaml,line="), "{}", run.stdout);
    // A template that is no rqlite's is only counted.
    assert_eq!(
        lines[2],
        "::notice title=quorate check::1 denied, 0 not judged, 0 allowed, 1 not evaluated without rqlite, 1 unreadable"
    );
    assert_eq!(lines.len(), 3);
    let kept = States::new(&[("db.yaml", &set(3))], &[]).check(&["-o", "github", "--as", "kubectl"]);
    assert!(
        kept.stdout.starts_with(
            "::warning title=kept in the cluster::StatefulSet db/rqlite: kubectl apply deletes nothing without --prune"
        ),
        "{kept:?}"
    );
}

#[test]
fn junit_counts_what_it_holds() {
    let run = states().check(&["-o", "junit"]);
    assert!(run.stdout.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), "{}", run.stdout);
    assert!(run.stdout.contains("tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{}", run.stdout);
    let opened = |tag: &str| run.stdout.matches(&format!("<{tag}")).count();
    assert_eq!((opened("testcase"), opened("failure "), opened("error "), opened("skipped ")), (3, 1, 1, 1));
}

#[test]
fn what_is_kept_is_listed() {
    let kept = |format: &str| States::new(&[("a b/db.yaml", &set(3))], &[]).check(&["--as", "kubectl", "-o", format]);
    let junit = kept("junit").stdout;
    assert!(junit.contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""), "{junit}");
    let case = "<testcase classname=\"kept\" name=\"StatefulSet db/rqlite\" file=\"a b/db.yaml\">\n      \
                <system-out>warn kept in the cluster: kubectl apply deletes nothing without --prune</system-out>";
    assert!(junit.contains(case), "{junit}");
    let sarif = kept("sarif").json();
    let notification = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["level"], "warning", "{sarif:#}");
    assert_eq!(
        notification["message"]["text"],
        "kept in the cluster: StatefulSet db/rqlite: kubectl apply deletes nothing without --prune"
    );
    let place = &notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "a%20b/db.yaml");
}

#[test]
fn markdown_is_a_table() {
    let run = states().check(&["-o", "markdown"]);
    assert!(run.stdout.starts_with("### quorate check: 1 denied"), "{}", run.stdout);
    assert!(
        run.stdout.contains("| denied | StatefulSet db/rqlite | **deny** `quorum-guard/scale-below-quorum`: "),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains('\u{1b}'));
}

/// Against the schema of OASIS, which is not ours to ship: name a copy of sarif-schema-2.1.0.json.
#[test]
fn sarif_is_what_its_schema_says() {
    let Some(schema) = super::support::named_by("QUORATE_SARIF_SCHEMA", "SARIF schema") else { return };
    // Its pattern of a language has a bracket too many, which is no regular expression to a strict reader.
    let schema = std::fs::read_to_string(schema).unwrap().replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let run = states().check(&["-o", "sarif"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&run.json()).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}
